"""The pages are for this machine alone."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.project import environment

from vidpipe.commands.ui import STORE
from vidpipe.utils import children

LISTENS = "0A"


def listening(port):
    """The addresses that some process listens on at a port, as the kernel writes them."""
    tables = (Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table]
    places = [row[1].split(":") for row in rows if row[3] == LISTENS]
    return {address for address, number in places if int(number, 16) == port}


def test_the_server_is_told_to_listen_on_localhost(vidpipe, project, monkeypatch):
    started, given = [], {}

    def note(words, env):
        started.extend(words)
        given.update(env)

    monkeypatch.setattr(children, "run", note)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    vidpipe("ui", "--port", "5123")
    assert started[started.index("--host") + 1] == "127.0.0.1"
    assert started[started.index("--port") + 1] == "5123"
    assert given[STORE] == f"sqlite:///{project}/mlflow/mlflow.db"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("https://me:secret@runs.example:8080/a", "open https://runs.example:8080/a"),
        ("postgresql://me:secret@host/db", "runs of postgresql://host/db at http://127.0.0.1:"),
    ],
)
def test_a_server_that_keeps_the_runs_is_named_without_the_password(
    vidpipe, project, monkeypatch, uri, message
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    started = []
    monkeypatch.setattr(children, "run", lambda words, **_: started.append(words))
    output = vidpipe("ui").output
    assert message in output
    assert "secret" not in output + str(started)
    assert bool(started) == uri.startswith("postgresql")


def test_a_folder_that_is_no_project_gets_no_database(vidpipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "run this at its root" in vidpipe("ui", code=1).output
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_server_listens_on_localhost_alone_and_ends_with_its_command(project):
    (project / "mlflow").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidpipe", "ui", "--port", str(port)],
        cwd=project,
        env=environment(),
    )
    deadline = time.monotonic() + 300
    try:
        while not listening(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert listening(port) == {"0100007F"}  # 127.0.0.1, byte by byte from its end
    finally:
        process.kill()
        process.wait()
    while listening(port):
        assert time.monotonic() < deadline
        time.sleep(0.5)
