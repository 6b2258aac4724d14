"""What is killed goes on: training from its last checkpoint, and its run in MLflow with it."""

import os
import signal
import subprocess
import time

import pytest
from support.project import copy, environment, mlflow_runs, run, work_off

from vidpipe.config.editing import apply_patch

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
STAGE = "mlp_gan_train"
STEPS, EVERY = 1000, 50
LONG = {"mlp_gan": {"train": {"steps": STEPS, "report_every": EVERY, "sample_every": 500}}}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A project in which the model was trained at one go."""
    project = copy(tmp_path_factory.mktemp("unbroken"))
    apply_patch(project, LONG)
    run(project, "dvc", "repro", STAGE)
    return project


@pytest.fixture
def stopped(unbroken, tmp_path):
    """Another, in which training was killed after its first checkpoint."""
    project = copy(tmp_path)
    apply_patch(project, LONG)
    run(project, "dvc", "repro", "digits")
    process = subprocess.Popen(
        ["dvc", "repro", STAGE],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not checkpoints(project):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return project


def checkpoints(project):
    return sorted((project / ".vidpipe/checkpoints").glob(f"{STAGE}-*/*.safetensors"))


def model(project):
    folder = project / "data/06_models/mlp_gan"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_was_killed_goes_on_to_the_same_bytes_and_the_same_run(stopped, unbroken):
    said = run(stopped, "dvc", "repro", STAGE)
    assert said.count("mlp_gan was stopped: going on from step") == 1
    assert model(stopped) == model(unbroken)
    assert (stopped / "dvc.lock").read_bytes() == (unbroken / "dvc.lock").read_bytes()
    client, (row,) = mlflow_runs(stopped, "digits")
    assert row.info.status == "FINISHED"
    for key in ("loss/generator", "loss/discriminator", "loss/r1"):
        history = client.get_metric_history(row.info.run_id, key)
        assert [point.step for point in history] == list(range(EVERY, STEPS + 1, EVERY))
    drawn = [file.path for file in client.list_artifacts(row.info.run_id, "images")]
    assert len([path for path in drawn if path.endswith(".png")]) == STEPS / 500
    assert not checkpoints(stopped)
    assert not list((stopped / ".vidpipe").glob("work-*"))


def test_an_experiment_of_the_queue_resumes_from_the_checkpoint(stopped):
    run(stopped, "dvc", "exp", "run", "--queue", "--name", "waiting", STAGE)
    state = work_off(stopped, jobs=1)
    assert state.count("Success") == 1, state
    assert "going on from step" in run(stopped, "dvc", "queue", "logs", "waiting")
