"""The pages are for this machine alone."""

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from support.project import environment

from vidpipe.commands import ui
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
    assert given[ui.STORE] == f"sqlite:///{project}/mlflow/mlflow.db"
    assert started[started.index("--workers") + 1] == "1"


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


def test_a_port_that_is_taken_is_told_before_anything_starts(vidpipe, project, monkeypatch):
    monkeypatch.setattr(children, "run", lambda *_, **__: pytest.fail("started"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = vidpipe("ui", "--port", str(port), code=1).output
    assert f"--port {port}: expected a free port, got: {os.strerror(errno.EADDRINUSE)}" in said
    assert f"try --port {port % 65535 + 1}" in said
    assert not (project / "mlflow").exists()


def test_ctrl_c_ends_in_a_word(vidpipe, project, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(children, "run", stop)
    assert vidpipe("ui", "--port", "5124").output.splitlines()[-1] == "stopped"


class Runs(BaseHTTPRequestHandler):
    """A server that has three experiments: one without a run, and one that is not of models."""

    runs: ClassVar = {"1": [], "2": [10, 30], "3": [40], "4": [50]}
    tags: ClassVar = {}
    names: ClassVar = {"1": "digits", "2": "clips", "3": "prediction", "4": "Default"}

    def answer(self, content):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def do_GET(self):
        self.answer("OK")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "set-experiment-tag" in self.path:
            self.tags[asked["experiment_id"], asked["key"]] = json.loads(asked["value"])
            self.answer({})
        elif "experiments" in self.path:
            rows = [{"name": name, "experiment_id": n} for n, name in self.names.items()]
            self.answer({"experiments": rows})
        else:
            starts = self.runs[asked["experiment_ids"][0]]
            self.answer({"runs": [{"info": {"start_time": start}} for start in starts]})

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Runs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_pages_of_the_training_runs_are_named_and_the_newest_is_opened(
    server, monkeypatch, capsys
):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    ui._announce(server, True, threading.Event())
    newest = (
        f"http://127.0.0.1:{server}/#/experiments/3/runs?workflowType=machine_learning"
        "&viewStateShareKey=by-repro"
    )
    assert capsys.readouterr().out.splitlines() == [
        f"ready: prediction, 1 run: {newest}",
        f"ready: clips, 2 runs: {newest.replace('/3/', '/2/')}",
    ]
    assert opened == [newest]


def test_runs_stand_below_their_repro_with_all_scores_of_their_models(server):
    Runs.tags.clear()
    ui._pages(f"http://127.0.0.1:{server}")
    views = {number: view for (number, _), view in Runs.tags.items()}
    assert views.keys() == {"2", "3"}, "those that have runs of models"
    for view in views.values():
        (key,) = view["groupBy"]["groupByKeys"]
        assert key == {"mode": "tag", "groupByData": "dvc.repro"}
        assert view["groupsExpanded"] == {"tag.dvc.repro": True}
    columns = views["2"]["selectedColumns"]
    assert {"metrics.`score/motion_distance`", "metrics.`score/ceiling_motion`"} <= set(columns)
    assert len(set(columns)) == len(columns) == 13


@pytest.mark.parametrize(("browser", "display"), [(False, ":0"), (True, "")])
def test_no_browser_is_opened_where_none_is_wanted_or_can_be_seen(
    server, monkeypatch, browser, display
):
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("opened"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    ui._announce(server, browser, threading.Event())


def test_without_a_run_the_next_step_is_told(server, monkeypatch, capsys):
    monkeypatch.setattr(Runs, "runs", {number: [] for number in Runs.names})
    ui._announce(server, True, threading.Event())
    assert "no run yet; `dvc repro` makes some" in capsys.readouterr().out


@pytest.mark.slow
def test_the_server_listens_on_localhost_alone_and_ends_with_its_command(project):
    (project / "mlflow").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidpipe", "ui", "--no-open", "--port", str(port)],
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
