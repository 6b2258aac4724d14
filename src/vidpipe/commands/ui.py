"""`vidpipe ui`: compare runs in a browser."""

import json
import os
import socket
import sqlite3
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import click

from vidpipe.config.loader import FILE, read
from vidpipe.tracking.descriptions import SCORE
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.tracking.mlflow_tracker import (
    REPRO_TAG,
    relocate_artifacts,
    tracking_uri,
    without_secrets,
)
from vidpipe.utils import children, screen
from vidpipe.utils.errors import UserError

HOST = "127.0.0.1"
RESERVED = 1023  # and below: ports of the system
PAUSE = 0.5  # seconds between two looks whether the server answers
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # of pages that are not of training
    "PYTHONWARNINGS": "ignore",
}
# MLflow's page for the runs of an experiment, on its side for training: the other is about prompts.
RUNS = "/#/experiments/{}/runs?workflowType=machine_learning&viewStateShareKey=by-repro"
# Tag of an experiment with what its page shows by that key.
VIEW_TAG = "mlflow.sharedViewState.by-repro"
STORE = "MLFLOW_BACKEND_STORE_URI"  # MLflow's name for --backend-store-uri


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--open/--no-open", "browser", default=True, help="Open a browser once it is ready.")
def ui(port: int, browser: bool) -> None:
    """Open MLflow's pages on this project's runs, on this machine alone.

    In the experiments digits, prediction and clips every row is one trained model, below the `dvc
    repro` that made it: choose some and press Compare. In sources every row is the data of one run.
    Where MLFLOW_TRACKING_URI names a server, its address is printed, and nothing is started.
    """
    read(Path(FILE))  # fail before a database is made where there is no project
    uri = tracking_uri(Path.cwd())
    address = without_secrets(uri)
    if uri.startswith(("http://", "https://")):
        click.echo(f"these runs are kept by a server of MLflow: open {address}")
        return
    with suppress(sqlite3.Error):  # a database that MLflow has yet to set up
        relocate_artifacts(uri)
    _check_free(port)
    click.echo(f"runs of {address} at http://{HOST}:{port}: starting (Ctrl-C stops)")
    command = [sys.executable, "-m", "mlflow", "server"]
    command += ["--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning"]
    stopped = threading.Event()
    announcer = threading.Thread(target=_announce, args=(port, browser, stopped), daemon=True)
    announcer.start()
    try:
        # The store is no argument: all users of the machine see those, and it may hold a password.
        sys.exit(children.run(command, env=os.environ | QUIET | {STORE: uri}))
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        stopped.set()


def _check_free(port: int) -> None:
    """Fail if something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = max(port, RESERVED) % 65535 + 1
            raise UserError(
                f"--port {port}: expected a free port, got: {error.strerror}; another `vidpipe ui` "
                f"may have it; try --port {other}"
            ) from error


def _announce(port: int, browser: bool, stopped: threading.Event) -> None:
    """Wait until the server answers, say where the runs are, and open the newest's page."""
    here = f"http://{HOST}:{port}"
    while not _answers(here):
        if stopped.wait(PAUSE):
            return
    pages = _pages(here)
    if not pages:
        click.echo(f"ready: {here}, but there is no run yet; `dvc repro` makes some")
        return
    for name, count, page in pages:
        click.echo(f"ready: {name}, {count} {'run' if count == 1 else 'runs'}: {page}")
    if browser and screen.has_screen():
        webbrowser.open(pages[0][2])


def _answers(here: str) -> bool:
    try:
        with urlopen(f"{here}/health", timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _pages(here: str) -> list[tuple[str, int, str]]:
    """Return name, number of runs and page of each experiment of models, the newest run's first.

    What a page shows is saved beforehand.
    """
    names = {runs.experiment for runs in EXPERIMENTS.values()}
    pages = []
    for experiment in _call_mlflow(here, "experiments/search", max_results=1000).get(
        "experiments", []
    ):
        if experiment["name"] not in names:
            continue
        number = experiment["experiment_id"]
        runs = _call_mlflow(here, "runs/search", experiment_ids=[number], max_results=1000).get(
            "runs", []
        )
        if runs:
            newest = max(int(run["info"]["start_time"]) for run in runs)
            _save_view(here, number, experiment["name"])
            pages.append((newest, experiment["name"], len(runs), here + RUNS.format(number)))
    return [(name, count, page) for _, name, count, page in sorted(pages, reverse=True)]


def _save_view(here: str, number: str, experiment: str) -> None:
    """Save what the page of an experiment shows where MLflow looks for it."""
    view = json.dumps(_view(experiment))
    tag = {"experiment_id": number, "key": VIEW_TAG, "value": view}
    _call_mlflow(here, "experiments/set-experiment-tag", **tag)


def _view(experiment: str) -> dict[str, Any]:
    """Return the page of an experiment: runs below their `dvc repro`, with the headline scores."""
    models = [name for name, runs in EXPERIMENTS.items() if runs.experiment == experiment]
    scores = dict.fromkeys(score.name for model in models for score in HEADLINES[model])
    return {
        "groupBy": {
            "aggregateFunction": "average",
            "groupByKeys": [{"mode": "tag", "groupByData": REPRO_TAG}],
        },
        "groupsExpanded": {f"tag.{REPRO_TAG}": True},  # runs of no repro, which MLflow folds away
        "selectedColumns": ["attributes.`Created`", *(f"metrics.`{SCORE}{s}`" for s in scores)],
    }


def _call_mlflow(here: str, call: str, **words: Any) -> dict[str, Any]:
    request = Request(
        f"{here}/api/2.0/mlflow/{call}",
        data=json.dumps(words).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=60) as answer:
            content: dict[str, Any] = json.load(answer)
            return content
    except (URLError, OSError):
        return {}
