"""Kedro-Viz shows the pipelines with their data; skipped where it is not installed."""

import importlib.util
import json
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from support.browser import PATIENCE
from support.logged_runs import draw_samples
from support.project import copy, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("kedro_viz") is None,
        reason="kedro-viz is not installed: pip install kedro-viz",
    ),
]
PLAYS = """async () => {
  const film = document.querySelector('video');
  while (film.readyState < 2) await new Promise(r => setTimeout(r, 50));
  const before = film.currentTime;
  while (film.currentTime === before) await new Promise(r => setTimeout(r, 50));
  return film.videoWidth;
}"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page of a project that has samples of one model, and scores."""
    project = copy(tmp_path_factory.mktemp("viz"))
    samples = draw_samples(tmp_path_factory.mktemp("made") / "samples", seed=1)
    target = project / "data/07_model_output/gan3d"
    target.parent.mkdir(parents=True)
    shutil.move(samples, target)
    (project / "metrics").mkdir(exist_ok=True)
    (project / "metrics/gan3d.json").write_text(json.dumps({"actions_covered": 7}))
    run(project, "kedro", "viz", "build", "--include-previews", DO_NOT_TRACK="1")
    assert "build" not in run(project, "git", "status", "--porcelain")
    return project / "build"


def details(built):
    """What is shown of each dataset that has a preview, by name."""
    graph = json.loads((built / "api/main").read_text())
    names = {node["id"]: node["name"] for node in graph["nodes"] if node["type"] == "data"}
    shown = {n: json.loads((built / f"api/nodes/{key}").read_text()) for key, n in names.items()}
    return graph, {name: entry for name, entry in shown.items() if entry.get("preview")}


def test_the_page_has_layers_tables_and_samples(built):
    graph, shown = details(built)
    assert graph["layers"] == ["raw", "intermediate", "model input", "models", "samples", "scores"]
    assert "data:video/mp4;base64," in shown["gan3d_samples"]["preview"]
    assert shown["gan3d_samples"]["preview_type"] == "HTMLPreview"
    assert shown["gan3d_metrics"]["preview"]["data"] == [["actions_covered", 7]]


def test_a_sample_plays_beside_the_graph(built, chromium):
    handler = partial(SimpleHTTPRequestHandler, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(PATIENCE)
        address = f"http://127.0.0.1:{server.server_port}/?pid=__default__&sn=gan3d_samples"
        page.goto(address, wait_until="commit")
        page.locator("video").first.wait_for()
        assert page.evaluate(PLAYS) > 0
        server.shutdown()
