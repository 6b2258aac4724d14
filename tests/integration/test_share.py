"""Data versions that travel, through a folder and through S3: push, wipe, clone at a tag, pull."""

import shutil
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from support import toy_gan as toy
from support.project import run

needs_s3 = pytest.mark.skipif(
    not (find_spec("moto") and find_spec("dvc_s3")), reason="needs dvc-s3 and moto[s3]"
)
KEYS = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
KEYS |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def bucket():
    """A bucket on this machine, and the address of its server."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="shelf")
        yield address
    finally:
        server.stop()


def travels(project, folder):
    """Push, wipe, clone at the tag, pull: the same data, and nothing left to do."""
    run(project, "dvc", "push", "--quiet")
    for wiped in ("data", ".dvc/cache"):
        shutil.rmtree(project / wiped)
    theirs = folder / "theirs, cloned"
    run(folder, "git", "clone", "--quiet", "--branch", toy.TAG, str(project), str(theirs))
    run(theirs, "dvc", "pull", "--quiet")
    assert "Data and pipelines are up to date." in run(theirs, "dvc", "status")
    assert (theirs / "data/numbers/one by one/5.txt").read_text() == "5"
    said = run(theirs, "vidpipe", "reproduce", toy.TAG, "--pull")
    assert "v1 is reproduced at the level bits" in said
    assert "4 of 4 outputs are the same bytes" in said


def shared(folder, *settings):
    """A toy whose remote is committed, as one who shares would."""
    project = toy.make(folder)
    run(project, "git", "tag", "--delete", toy.TAG)
    run(project, "dvc", "remote", "remove", "--local", "shelf")
    for words in settings:
        run(project, "dvc", "remote", *words)
    toy.commit(project)
    return project


@pytest.mark.slow
def test_through_a_folder(tmp_path):
    project = shared(tmp_path, ["add", "--default", "shelf", str(tmp_path / "a shelf")])
    travels(project, tmp_path)


@pytest.mark.long
@needs_s3
@pytest.mark.filterwarnings("ignore")  # other people's, from moto
def test_through_s3(tmp_path, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with bucket() as address:
        remote = ["add", "--default", "shelf", "s3://shelf/vidpipe"]
        project = shared(tmp_path, remote, ["modify", "shelf", "endpointurl", address])
        travels(project, tmp_path)
