import json

import pytest
from support.project import run


@pytest.fixture
def repository(project):
    """A repository with the metrics of gan3d, changed since."""
    run(project, "git", "init", "--quiet")
    (project / "metrics").mkdir()
    file = project / "metrics/gan3d.json"
    file.write_text(json.dumps({"motion_ratio": 0.5}))
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
