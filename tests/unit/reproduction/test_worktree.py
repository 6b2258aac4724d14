import os
import signal
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
        "a: {path: footage/cat.mp4, list: [videos, {deep: glyphs}, mine]}\n"
        "made: [of, of/it, of/it/all.txt, of/it/one.txt, of/other.txt]\n"
        f"b: [../none, {source / 'unnamed.txt'}, none/such, '', 3, null, '{'x' * 300}']\n"
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
    outs = ["a.json", "b", "../kept.txt", str(tmp_path / "kept.txt"), "link/kept.txt", "none"]
    (project / "b/c").mkdir(parents=True)
    (project / "link").symlink_to(tmp_path)
    for name in ("a.json", "b/c/d.txt", "../kept.txt", "e.txt"):
        (project / name).touch()
    worktree.clear(project, outs)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "clone", "e.txt", "kept.txt", "link"
    ]  # fmt: skip


def test_a_folder_goes_when_all_is_over_unless_it_is_kept():
    with worktree.scratch(keep=False) as gone:
        (Path(gone) / "file").touch()
    assert not Path(gone).exists()
    with worktree.scratch(keep=True) as kept:
        pass
    Path(kept).rmdir()


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


ENDS = "exec sleep 1000"
SLOW = "trap 'sleep 1; echo it ended > told; exit' TERM; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; while :; do sleep 0.1; done"


@pytest.mark.parametrize(("what", "told"), [(ENDS, False), (SLOW, True), (DEAF, False)])
def test_an_interruption_ends_what_the_command_started(tmp_path, monkeypatch, what, told):
    monkeypatch.setattr(worktree, "GRACE", 3.0)
    (tmp_path / "stage.sh").write_text("echo $$ > started; " + what)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        with pytest.raises(KeyboardInterrupt):
            worktree.run(tmp_path, "sh", "-c", "sh stage.sh & wait")  # which ends at once
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    started = int((tmp_path / "started").read_text())
    assert state(started) == "Z"
    assert (tmp_path / "told").exists() == told


def state(process):
    """What the kernel says that it does; Z if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
