import os
import sys
from pathlib import Path

import pytest
from support.project import run as command

from vidpipe.reproduction import worktree
from vidpipe.utils.errors import UserError


def test_the_projects_own_code_and_this_pythons_commands_come_first(tmp_path, monkeypatch):
    foreign = ["DVC_ROOT", "DVC_EXP_NAME", "MLFLOW_TRACKING_URI", "KEDRO_ENV", "GIT_DIR"]
    for name in (*foreign, "PYTHONPATH"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("OWN", "kept")
    found = worktree.environment(tmp_path)
    assert not set(foreign) & set(found)
    assert found["PYTHONPATH"] == str(tmp_path / "src")
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found["OWN"] == "kept"


def test_what_git_does_not_hold_is_lent_and_nothing_else(tmp_path):
    source, project = tmp_path / "source", tmp_path / "clone"
    theirs = ["footage/cat.mp4", "videos/a/v.mp4", "glyphs/0.png", "unnamed.txt", "mine/b.mp4"]
    for name in [*theirs, "of/it/all.txt", "of/it/one.txt", "of/other.txt"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("theirs")
    for name in ["glyphs/1.png", "mine/.gitkeep"]:
        (project / name).parent.mkdir(parents=True)
        (project / name).touch()
    (project / "params.yaml").write_text(
        "a: {path: footage/cat.mp4, more: {deep: glyphs, a: videos, b: mine}}\n"
        "made: {a: of, b: of/it, c: of/it/all.txt, d: of/it/one.txt, e: of/other.txt}\n"
        f"b: {{a: ../none, b: {source / 'unnamed.txt'}, c: none/such, d: '', e: 3, f: null}}\n"
        f"c: {'x' * 300}\n"
    )
    worktree.lend(source, project, ["of/it", "of/it/all.txt"])
    links = [path for path in project.rglob("*") if path.is_symlink()]
    lent = {path.relative_to(project).as_posix() for path in links}
    assert lent == {"footage/cat.mp4", "videos", "of/other.txt", "mine/b.mp4"}
    assert (project / "videos/a/v.mp4").read_text() == "theirs"


def test_a_path_that_leads_out_of_the_project_is_named(tmp_path):
    source, project = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    project.mkdir()
    (tmp_path / "cat.mp4").touch()
    (project / "params.yaml").write_text("path: ../cat.mp4\n")
    with pytest.raises(UserError, match=rf"names \.\./cat\.mp4.*absolute path, {tmp_path}/cat"):
        worktree.lend(source, project, [])


def test_outputs_that_git_holds_are_cleared_and_nothing_outside(tmp_path):
    project = tmp_path / "clone"
    (project / "b/c").mkdir(parents=True)
    for name in ("a.json", "b/c/d \u00e4.txt", "../kept.txt", "e.txt"):
        (project / name).touch()
    (project / "link").symlink_to(tmp_path)
    command(project, "git", "init", "--quiet")
    command(project, "git", "add", "--all")
    worktree.clear(project, [])
    worktree.clear(project, ["a.json", "b", "link/kept.txt", "none"])
    left = {path.name for path in tmp_path.rglob("*") if ".git" not in path.parts}
    assert left == {"clone", "b", "c", "e.txt", "kept.txt", "link"}
    for outside in ("../kept.txt", str(tmp_path / "kept.txt")):
        with pytest.raises(UserError, match="outside repository"):
            worktree.clear(project, [outside])


@pytest.fixture
def temp(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_goes_when_all_is_over_unless_it_is_kept(temp):
    with worktree.scratch(keep=False) as gone:
        gone.mkdir()
        (gone / "file").touch()
    assert not gone.exists()
    with worktree.scratch(keep=True) as kept:
        assert kept.is_relative_to(temp)
    with worktree.scratch(keep=False):
        assert kept.is_dir()


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(temp):
    with worktree.scratch(keep=False) as used:
        used.mkdir()
        left = used.parent.parent / "left/clone/data"
        left.mkdir(parents=True)
        with worktree.scratch(keep=False) as other:
            assert used.is_dir()
            assert not left.exists()
            assert other.parent != used.parent


def test_any_commit_can_be_had_and_the_repository_is_not_written_to(tmp_path):
    source = tmp_path / "of all"
    project = source / "a project"  # not at the repository's root
    project.mkdir(parents=True)
    (project / "file").touch()
    command(source, "git", "init", "--quiet")
    command(source, "git", "add", "--all")
    command(source, "git", "commit", "--quiet", "--message", "one")
    lost = command(source, "git", "rev-parse", "HEAD").strip()
    command(source, "git", "commit", "--quiet", "--amend", "--message", "two")  # on no branch now
    before = sorted(source.rglob("*"))
    target = tmp_path / "clone"
    target.mkdir()
    found = worktree.clone(project, worktree.commit_of(project, lost[:10]), target)
    assert found == target / "a project"
    assert command(found, "git", "rev-parse", "HEAD").strip() == lost
    assert sorted(source.rglob("*")) == before
    assert command(found, "git", "status", "--porcelain", "--untracked-files=no") == ""


def test_a_users_hooks_do_not_run(tmp_path, monkeypatch):
    hook = tmp_path / "hooks/post-checkout"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(f"[core]\nhooksPath = {hook.parent}\n")
    source, target = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    target.mkdir()
    command(source, "git", "init", "--quiet")
    command(source, "git", "commit", "--quiet", "--allow-empty", "--message", "one")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    worktree.clone(source, command(source, "git", "rev-parse", "HEAD").strip(), target)


def test_without_a_repository_git_says_how_to_have_one(tmp_path, monkeypatch):
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    for ask in (worktree.git, worktree.commit_of):
        with pytest.raises(UserError, match=r"expected a git repository.*`git init"):
            ask(tmp_path, "log")


def test_a_command_that_fails_is_named(tmp_path):
    with pytest.raises(UserError, match="`sh -c exit 3` ended with 3"):
        worktree.run(tmp_path, "sh", "-c", "exit 3")


def commit(project, message, **files):
    for name, text in files.items():
        (project / name).write_text(text)
    command(project, "git", "add", "--all")
    command(project, "git", "commit", "--quiet", "--allow-empty", "--message", message)
    return command(project, "git", "rev-parse", "HEAD").strip()


def test_results_are_found_on_top_of_the_commit_that_made_them(tmp_path):
    command(tmp_path, "git", "init", "--quiet")
    made = commit(tmp_path, "code", **{"params.yaml": "a: 1"})
    assert worktree.results_commit(tmp_path, made) == made
    results = commit(tmp_path, "results", **{"dvc.lock": "x"})
    commit(tmp_path, "other parameters", **{"params.yaml": "a: 2"})
    commit(tmp_path, "other results", **{"dvc.lock": "y"})
    assert worktree.results_commit(tmp_path, made) == results
    with pytest.raises(UserError, match="expected a tag, branch or commit"):
        worktree.results_commit(tmp_path, "0" * 40)


def test_an_experiment_is_found_by_its_name(tmp_path):
    command(tmp_path, "git", "init", "--quiet")
    made = commit(tmp_path, "code")
    command(tmp_path, "git", "update-ref", f"refs/exps/ab/{made}/soggy-dodo", made)
    command(tmp_path, "git", "update-ref", "refs/exps/exec/EXEC_HEAD", made)  # DVC's own
    assert worktree.experiments(tmp_path) == {"soggy-dodo": made}


def test_what_is_not_committed_is_named_once(tmp_path):
    command(tmp_path, "git", "init", "--quiet")
    for name in ("params.yaml", "metrics/a.json", "metrics/b.json", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    with pytest.raises(UserError, match=r"HEAD: .* there is no commit yet: git add --all && git"):
        worktree.commit_of(tmp_path, "HEAD")
    command(tmp_path, "git", "add", "--all")
    command(tmp_path, "git", "commit", "--quiet", "--message", "one")
    commit = worktree.commit_of(tmp_path, "HEAD")
    os.utime(tmp_path / "params.yaml", (0, 0))  # touched, and the same
    index = (tmp_path / ".git/index").read_bytes()
    assert worktree.uncommitted(tmp_path, commit) == []
    assert (tmp_path / ".git/index").read_bytes() == index
    for name in ("params.yaml", "metrics/a.json", "metrics/b.json", "README.md"):
        (tmp_path / name).write_text("2")
    assert sorted(worktree.uncommitted(tmp_path, commit)) == ["metrics", "params.yaml"]
