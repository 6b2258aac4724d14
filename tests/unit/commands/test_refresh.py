"""`vidpipe refresh` on a toy: real git, real DVC, stages that take no time."""

import shutil

import pytest
from ruamel.yaml import YAML
from support import toy_gan as toy
from support.project import run

CODE = "src/numbers_made.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return toy.make(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of the toy, in the current folder."""
    project = tmp_path / made.name
    shutil.copytree(made, project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return project


def edit(project, old, new, file=CODE):
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))


def deps(project, stage, change):
    """Change a stage's dependencies in dvc.yaml."""
    file, yaml = project / "dvc.yaml", YAML()
    whole = yaml.load(file)
    change(whole["stages"][stage]["deps"])
    yaml.dump(whole, file)


def lock(project):
    return YAML(typ="safe").load((project / "dvc.lock").read_text())["stages"]


def is_fresh(project):
    return "up to date" in run(project, "dvc", "status")


def test_a_project_that_is_fresh_is_left_alone(project, vidpipe):
    before = toy.state(project)
    assert "0 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    assert toy.state(project) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import json", '"""Make numbers."""\n\nimport json'),
        ("params = ", "# Of the toy.\nparams = "),
        ("params = ", "params: dict = "),
        ('if sys.argv[1] == "make":', 'if (\n    sys.argv[1] == "make"\n):'),
    ],
)
def test_words_and_layout_are_recorded_without_a_run(project, vidpipe, old, new):
    before = lock(project)
    edit(project, old, new)
    assert not is_fresh(project)
    assert "2 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    assert is_fresh(project)
    for name, stage in lock(project).items():
        assert stage["outs"] == before[name]["outs"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("first = int(start.read_text())\n", "first = int(start.read_text()) + 1\n", 12),
        ("    first = int", "    n = int", 12),
        ("import json, os", "import os, json", 1),
    ],
)
def test_what_can_change_a_result_needs_a_run(project, vidpipe, old, new, line):
    before = (project / "dvc.lock").read_bytes()
    edit(project, old, new)
    done = vidpipe("refresh", code=1)
    assert f"numbers: needs a run, {CODE}:{line} differs" in done.stdout
    assert "0 recorded anew, 2 still stale" in done.stdout
    assert (project / "dvc.lock").read_bytes() == before


def test_stages_are_judged_one_by_one(project, vidpipe):
    edit(project, "import json", "# Words.\nimport json")
    edit(project, "count: 3", "count: 4", "params.yaml")
    done = vidpipe("refresh", code=1)
    assert "numbers: needs a run, numbers.count: recorded 3, is 4" in done.stdout
    assert "1 recorded anew, 1 still stale" in done.stdout
    status = run(project, "dvc", "status")
    assert "numbers_fetch" not in status
    assert lock(project)["numbers"]["params"]["params.yaml"]["numbers.count"] == 3


def test_a_file_that_moved_needs_a_run(project, vidpipe):
    (project / CODE).rename(project / "src/other.py")
    for stage in ("numbers_fetch", "numbers"):
        deps(project, stage, lambda paths: paths.__setitem__(paths.index(CODE), "src/other.py"))
    done = vidpipe("refresh", code=1)
    assert f"numbers: needs a run, {CODE} is gone" in done.stdout


def test_a_folder_in_place_of_its_files_is_recorded(project, vidpipe):
    (project / "src/__pycache__").mkdir(exist_ok=True)
    (project / "src/__pycache__/numbers_made.pyc").write_bytes(b"1")
    (project / ".dvcignore").write_text("__pycache__\n")
    edit(project, "import json", "# Words.\nimport json")
    deps(project, "numbers", lambda paths: paths.__setitem__(paths.index(CODE), "src"))
    assert "2 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    assert lock(project)["numbers"]["deps"][1]["md5"].endswith(".dir")
    (project / "src/__pycache__/numbers_made.pyc").write_bytes(b"2")
    assert is_fresh(project)
    assert "0 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    # A folder is held to what the commit of the lock has.
    toy.commit(project, "v2")
    edit(project, "# Words.", "# Other words.")
    assert "2 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    edit(project, "# Other words.", "# More words.")  # the lock of the last edit is in no commit
    assert "2 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    (project / "src/new.py").touch()
    assert "numbers: needs a run, src/new.py is new" in vidpipe("refresh", code=1).stdout


def test_a_parameter_of_a_block_that_is_listed_too_is_recorded(project, vidpipe):
    edit(project, "params: [numbers.count]", "params: [numbers]", "dvc.yaml")
    run(project, "dvc", "repro", "numbers", PYTHONPATH="src")
    run(project, "git", "commit", "--quiet", "--all", "--message", "A block")
    edit(project, "params: [numbers]", "params: [numbers, numbers.count]", "dvc.yaml")
    assert not is_fresh(project)
    assert "1 recorded anew, 0 still stale" in vidpipe("refresh").stdout
    assert is_fresh(project)
    edit(project, "count: 3", "count: 4", "params.yaml")
    assert "needs a run, numbers.count: recorded 3, is 4" in vidpipe("refresh", code=1).stdout


def test_outputs_that_are_not_the_recorded_ones_are_not_recorded(project, vidpipe):
    edit(project, "import json", "# Words.\nimport json")
    target = project / "data/start.txt"
    target.unlink()
    target.write_text("6")
    done = vidpipe("refresh", code=1)
    assert "numbers_fetch: needs a run, data/start.txt: recorded " in done.stdout
    assert "numbers: needs a run, data/start.txt is not the recorded one" in done.stdout
    target.unlink()
    done = vidpipe("refresh", code=1)
    assert "numbers_fetch: data/start.txt is not there; bring it by `dvc checkout`" in done.stdout
    run(project, "dvc", "checkout", "--quiet")
    vidpipe("refresh")
    assert is_fresh(project)


def test_a_lock_of_code_that_was_never_committed_needs_a_run(project, vidpipe):
    value = {"md5": "0" * 32}
    toy.relock(project, "numbers", lambda stage: stage["deps"][1].update(value))
    toy.commit(project, "v2")
    done = vidpipe("refresh", code=1)
    assert f"numbers: needs a run, {CODE} was recorded of a version" in done.stdout


def test_a_stage_that_was_never_run_is_named(project, vidpipe):
    file, yaml = project / "dvc.yaml", YAML()
    whole = yaml.load(file)
    whole["stages"]["new"] = {"cmd": "true"}
    yaml.dump(whole, file)
    assert "new: needs a run, it was never run" in vidpipe("refresh", code=1).stdout


def test_a_lock_that_is_in_no_commit_is_named(tmp_path, vidpipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "commit", "--quiet", "--allow-empty", "--message", "1")
    (tmp_path / "params.yaml").write_text("a: 1\n")
    assert "dvc.lock: expected it in a commit, found none" in vidpipe("refresh", code=1).stderr
