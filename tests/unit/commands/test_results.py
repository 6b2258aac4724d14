import json
import shutil

import pytest
from click.testing import CliRunner
from support.project import run

from vidpipe.cli import cli


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with the metrics of one model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "params.yaml").write_text("{}")
    (tmp_path / "metrics/dcgan.json").write_text(json.dumps({"modes": 10, "recall": 0.5}))
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "1"]):
        run(tmp_path, "git", *words)
    return tmp_path


def said(code=0):
    done = CliRunner().invoke(cli, ["results"])
    assert done.exit_code == code
    return done.output.splitlines()


def test_what_was_rebuilt_stands_beside_what_was_committed(project):
    assert said()[-1] == "2 numbers compared: all equal"
    (project / "metrics/dcgan.json").write_text(json.dumps({"modes": 9, "frechet": 1.5}))
    lines = said()
    assert [line.split() for line in lines if "modes" in line] == [
        ["dcgan", "modes", "10", "9", "differs"]
    ]
    assert lines[-1] == "3 numbers compared: 3 differ"


@pytest.mark.parametrize("text", ["", '{"modes": 1'])
def test_a_torn_file_is_named(project, text):
    (project / "metrics/dcgan.json").write_text(text)
    line = said(1)[-1]
    assert "metrics/dcgan.json: expected JSON of numbers by name" in line
    assert "`dvc repro` makes it anew" in line


def test_nothing_to_compare_says_what_to_do(project):
    (project / "metrics/dcgan.json").unlink()
    assert "run `dvc repro`" in said(1)[-1]


def test_metrics_that_no_commit_has_differ(project):
    (project / "metrics/gan3d.json").write_text(json.dumps({"motion_ratio": 1}))
    assert said()[-1] == "3 numbers compared: 1 differ"


def test_without_a_repository_nothing_is_compared(project):
    shutil.rmtree(project / ".git")
    (line,) = said(1)
    assert f"{project}: expected a git repository" in line
    assert "`git init" in line


LOCK = """\
stages:
  digit_classifier:
    outs:
    - path: data/06_models/digit_classifier
      md5: {md5}.dir
"""


def test_scores_of_another_classifier_are_marked(project):
    (project / "dvc.lock").write_text(LOCK.format(md5="1"))
    run(project, "git", "add", ".")
    run(project, "git", "commit", "--quiet", "--message", "2")
    assert not [line for line in said() if "classifier" in line]
    (project / "dvc.lock").write_text(LOCK.format(md5="2"))
    lines = said()
    assert next(line for line in lines if "dcgan modes" in line).endswith("by another classifier")
    assert (
        "! digit_classifier is not the committed one: its scores are on another scale, and not to "
        "be compared"
    ) in lines


def test_a_model_scored_on_few_samples_is_named(project):
    (project / "metrics/dcgan.json").write_text(json.dumps({"modes": 10, "samples": 60}))
    assert "! dcgan: scored on 60 samples, fewer than 256: too few to compare by" in said()
