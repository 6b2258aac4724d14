import json

import pytest
from support.logged_runs import log_run
from support.project import run
from support.results import write_films


@pytest.fixture
def repository(project):
    """A repository with the metrics of gan3d, changed since."""
    run(project, "git", "init", "--quiet")
    (project / "metrics").mkdir()
    file = project / "metrics/gan3d.json"
    file.write_text(json.dumps({"motion_ratio": 0.5}))
    tolerance = "gan3d: {motion_ratio: {absolute: 0.33, source: here}}\n"
    (project / "conf/tolerances.yaml").write_text(tolerance)
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "one")
    file.write_text(json.dumps({"motion_ratio": 0.6}))
    return project


def test_a_revision_and_the_work_tree_stand_side_by_side(repository, vidpipe):
    said = vidpipe("compare", "HEAD", "workspace").output.splitlines()
    assert said[1] == "workspace: the files of the work tree"
    (line,) = [line for line in said if line.startswith("  Motion")]
    words = "Motion, × real 0.50 0.60 +0.10 0.33 within tolerance"
    assert line.split() == words.split()
    assert len(said) < 20


def test_a_page_is_written_too(repository, vidpipe):
    said = vidpipe("compare", "HEAD", "workspace", "--html", "films.html").output
    assert said.endswith("films.html: open it in a browser\n")
    assert "+0.10 within tolerance" in (repository / "films.html").read_text(encoding="utf-8")


def test_a_model_alone(repository, vidpipe):
    said = vidpipe("compare", "HEAD", "workspace", "--model", "vgan").output
    assert "there is nothing to compare" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["HEAD"], "expected two runs or more, got HEAD"),
        (["HEAD", "nothing"], "nothing: expected `workspace`, a revision of git"),
        (["HEAD", "workspace", "--model", "gan"], "--model gan: expected one that has scores"),
        (["HEAD", "workspace", "--html", "a.pdf"], "--html a.pdf: expected a name that ends in"),
    ],
)
def test_a_mistake_is_told_in_a_line(repository, vidpipe, words, message):
    said = vidpipe("compare", *words, code=1).output
    assert message in said
    assert len(said.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_runs_of_mlflow_stand_side_by_side(repository, vidpipe, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_films(repository, "gan3d")
    films = repository / "data/07_model_output/gan3d"
    long, short = (
        log_run(repository, "gan3d", steps=steps, seed=seed, samples=films)
        for steps, seed in ((500, 2), (300, 4))
    )
    said = vidpipe("compare", long, short[:8], "--html", "films.html").output.splitlines()
    assert said[0] == f"{long}: run {long[:8]} of MLflow, gan3d · actions · steps 500"
    (steps,) = [line.split() for line in said if "gan3d.train.steps" in line]
    assert steps == ["gan3d.train.steps", "500", "300"]
    # Both were made up from the same scores, but for one.
    verdicts = {line.split("  ")[1]: line for line in said if "× floor" in line or " %" in line}
    assert verdicts["Distance of motion, × floor"].endswith("worse")
    assert verdicts["Accepted"].endswith("equal")
    assert not any("not comparable" in line for line in said)
    page = (repository / "films.html").read_text(encoding="utf-8")
    assert page.count("data:video/mp4") == 2
