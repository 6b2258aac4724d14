import os
import signal
import sys
import time
from pathlib import Path

import pytest
from project import run as command

from vidpipe.errors import UserError
from vidpipe.reproduction import workplace


def test_the_projects_own_code_and_this_pythons_commands_come_first(tmp_path, monkeypatch):
    foreign = ["DVC_ROOT", "DVC_EXP_NAME", "MLFLOW_TRACKING_URI", "KEDRO_ENV", "GIT_DIR"]
    for name in (*foreign, "PYTHONPATH"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("OWN", "kept")
    found = workplace.environment(tmp_path)
    assert not set(foreign) & set(found)
    assert found["PYTHONPATH"] == str(tmp_path / "src")
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found["OWN"] == "kept"


def test_what_git_does_not_hold_is_lent_and_nothing_else(tmp_path):
    source, project = tmp_path / "source", tmp_path / "clone"
    theirs = ["footage/cat.mp4", "videos/a/v.mp4", "glyphs/0.png", "unnamed.txt", "../out.txt"]
    for name in [*theirs, "of/it/all.txt", "of/it/one.txt", "of/other.txt"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("theirs")
    (project / "glyphs").mkdir(parents=True)
    (project / "params.yaml").write_text(
        "a: {path: footage/cat.mp4, list: [videos, {deep: glyphs}]}\n"
        "made: [of, of/it, of/it/all.txt, of/it/one.txt, of/other.txt]\n"
        f"b: [../out.txt, {source / 'unnamed.txt'}, none/such, '', 3, null, '{'x' * 300}']\n"
    )
    workplace.lend(source, project, ["of/it", "of/it/all.txt"])
    links = [path for path in project.rglob("*") if path.is_symlink()]
    lent = {path.relative_to(project).as_posix() for path in links}
    assert lent == {"footage/cat.mp4", "videos", "of/other.txt"}
    assert (project / "videos/a/v.mp4").read_text() == "theirs"


def test_a_folder_goes_when_all_is_over_unless_it_is_kept():
    with workplace.folder(keep=False) as gone:
        (gone / "file").touch()
    assert not gone.exists()
    with workplace.folder(keep=True) as kept:
        pass
    kept.rmdir()


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
    found = workplace.clone(project, workplace.commit_of(project, lost[:10]), target)
    assert found == target / "a project"
    assert command(found, "git", "rev-parse", "HEAD").strip() == lost
    assert sorted(source.rglob("*")) == before
    assert command(found, "git", "status", "--porcelain", "--untracked-files=no") == ""


def test_a_command_that_fails_is_named(tmp_path):
    with pytest.raises(UserError, match="`sh -c exit 3` ended with 3"):
        workplace.run(tmp_path, "sh", "-c", "exit 3")


def test_an_interruption_ends_what_the_command_started(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        with pytest.raises(KeyboardInterrupt):
            workplace.run(tmp_path, "sh", "-c", "sleep 1000 & echo $! > started; wait")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    started = int((tmp_path / "started").read_text())
    for _ in range(100):
        if state(started) == "Z":
            return
        time.sleep(0.1)
    pytest.fail("what it started goes on")


def state(process):
    """What the kernel says that it does; Z if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
