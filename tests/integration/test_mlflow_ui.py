"""MLflow's pages in a browser: two runs are found, their notes read, and a film played."""

import json
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
from support.project import copy, environment, run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, of MLflow
# Of the films of the page: they are there, and their time moves. Returns their widths.
PLAY = """async () => {
  const films = [...document.querySelectorAll('video')];
  for (const film of films) {
    film.muted = true;
    await film.play();
    while (film.readyState < 2) await new Promise(r => setTimeout(r, 50));
    const before = film.currentTime;
    while (film.currentTime === before) await new Promise(r => setTimeout(r, 50));
  }
  return films.map(film => film.videoWidth);
}"""
# Two pictures or films of the comparison are loaded, and stand beside each other. MLflow has a
# hidden copy of each picture.
BESIDE = """(kind) => {
  const all = [...document.querySelectorAll(`.CompareRunView ${kind}`)];
  const seen = all.filter(element => element.getBoundingClientRect().width > 0);
  const shown = [...new Map(seen.map(element => [element.src, element])).values()];
  const [one, two] = shown.map(element => element.getBoundingClientRect());
  if (shown.length !== 2) return false;
  shown[0].scrollIntoView({block: 'center'});
  return shown.every(e => (e.naturalWidth || e.videoWidth) > 0)
    && Math.abs(one.top - two.top) < 2 && one.right <= two.left;
}"""
# MLflow's Assistant opens by itself once, over a third of the page.
CLOSED = """
  localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
  localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
"""
NAMES = ("gan3d · actions · steps 500", "⚠ gan3d · actions · steps 300")


@pytest.fixture(scope="module")
def project_of_runs(tmp_path_factory):
    return copy(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def served(project_of_runs):
    """Two runs, and the page of them as `vidpipe ui` says it."""
    project = project_of_runs
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
    page.add_init_script(CLOSED)
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
    (width,) = page.evaluate(PLAY)
    assert width > 0
    keep(page, "film")


def test_pictures_and_films_of_two_runs_stand_beside_each_other(page, served):
    here, _, options = served[0].partition("/#/experiments/")
    number = options.partition("/")[0]
    page.goto(
        f"{here}/#/compare-runs?runs={json.dumps(served[1])}&experiments={json.dumps([number])}"
    )
    page.get_by_text("Comparing 2 Runs from 1 Experiment").first.wait_for()
    for name in NAMES:
        page.get_by_text(name).first.wait_for()
    for file, kind in (("samples.png", "img"), ("samples.mp4", "video")):
        # A pane of MLflow's may lie over the end of a long name.
        page.get_by_text(file, exact=True).first.dispatch_event("click")
        page.wait_for_function(BESIDE, arg=kind)
        keep(page, f"compared-{kind}")
    assert all(width > 0 for width in page.evaluate(PLAY))


def test_runs_of_the_server_are_compared_in_the_terminal(served, project_of_runs):
    uri = f"http://127.0.0.1:{urlsplit(served[0]).port}"
    command = [sys.executable, "-m", "vidpipe", "compare", *served[1]]
    said = run(project_of_runs, *command, MLFLOW_TRACKING_URI=uri).splitlines()
    assert said[1] == f"{served[1][1]}: run {served[1][1][:8]} of MLflow, {NAMES[1]}"
    (steps,) = [line.split() for line in said if "gan3d.train.steps" in line]
    assert steps == ["gan3d.train.steps", "500", "300"]
