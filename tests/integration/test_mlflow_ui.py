"""MLflow's pages in a browser: two runs are found, their notes read, and a film played."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.browser import PATIENCE
from support.logged_runs import log_run
from support.project import copy, environment

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, of MLflow
# Of the first film of the page: it is there, and its time moves.
PLAYS = """async () => {
  const film = document.querySelector('video');
  film.muted = true;
  await film.play();
  while (film.readyState < 2) await new Promise(r => setTimeout(r, 50));
  const before = film.currentTime;
  while (film.currentTime === before) await new Promise(r => setTimeout(r, 50));
  return film.videoWidth;
}"""
NAMES = ("gan3d · actions · steps 500", "⚠ gan3d · actions · steps 300")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Two runs, and the page of them as `vidpipe ui` says it."""
    project = copy(tmp_path_factory.mktemp("pages"))
    # A folder of real samples, for the picture of the documentation.
    shown = Path(os.environ["SAMPLES"]) if "SAMPLES" in os.environ else None
    runs = [log_run(project, "gan3d", steps=500, seed=2, samples=shown)]
    runs.append(log_run(project, "gan3d", steps=300, seed=3, samples=shown))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "vidpipe", "ui", "--no-open", "--port", port]
    # Tests that run in the background have SIGINT ignored, and children inherit that.
    command = ["env", "--default-signal=INT", *command]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    variables = environment(PYTHONUNBUFFERED="1")
    process = subprocess.Popen(command, cwd=project, env=variables, **streams)
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("ready: "):
                break
        assert said[-1].startswith("ready: clips, 2 runs: http://127.0.0.1:"), said
        yield said[-1].rsplit(" ", 1)[1].strip(), runs
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=300)[0].splitlines()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert said[-1] == "stopped", said
    assert not [line for line in said if "Traceback" in line]


@pytest.fixture
def page(chromium):
    """A page that must ask nobody but this machine."""
    page = chromium.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(PATIENCE)
    asked = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    yield page
    page.close()
    assert asked <= {"127.0.0.1", None}, asked


def of_run(served, number, part=""):
    """The address of a page of one of the runs."""
    address, _, options = served[0].partition("?")
    return f"{address}/{served[1][number]}{part}?{options}"


def keep(page, name):
    """A picture of the page, if `PICTURES` names a folder for them."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_both_runs_are_found_by_names_that_tell_them_apart(page, served):
    page.goto(served[0])
    for name in NAMES:
        page.get_by_text(name, exact=True).first.wait_for()
    keep(page, "runs")
    assert "usage data" not in page.inner_text("body")


def test_a_run_says_what_was_tried_and_what_its_numbers_mean(page, served):
    page.goto(of_run(served, 1))
    page.get_by_text("samples hardly move").first.wait_for()
    page.get_by_text("× floor").first.wait_for()
    keep(page, "run")


def test_a_film_plays(page, served):
    page.goto(of_run(served, 0, "/artifacts/samples.mp4"))
    page.locator("video").first.wait_for()
    assert page.evaluate(PLAYS) > 0
    keep(page, "film")
