import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.utils.atomic import move_folder, whole_file

WRITE = """
import sys
from pathlib import Path
from vidpipe.utils.atomic import whole_file
with whole_file(Path(sys.argv[1])) as partial:
    partial.write_text("killed")
    print("writing", flush=True)
    sys.stdin.read()
"""
MOVE = """
import sys
from pathlib import Path
from vidpipe.utils.atomic import move_folder
home, own = Path(sys.argv[1]), sys.argv[2]
for n in range(150):
    made = home / f"{own}{n}"
    made.mkdir()
    for name in ("a", "b"):
        (made / name).write_text(f"{own}{n}")
    move_folder(made, home / "it")
"""


def writing(path: Path) -> subprocess.Popen:
    """A process that has begun to write a file, and waits."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", WRITE, str(path)], text=True, **pipes)
    assert process.stdout.readline() == "writing\n"
    return process


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_two_processes_that_write_one_file_do_each_other_no_harm(tmp_path):
    path = tmp_path / "a [1].txt"
    with writing(path) as other:
        with whole_file(path) as partial:
            partial.write_text("ours")
        assert path.read_text() == "ours"
        other.communicate()
        assert other.returncode == 0
    assert path.read_text() == "killed"
    assert names(tmp_path) == ["a [1].txt"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "a [1].txt"
    with writing(path) as other:
        os.kill(other.pid, signal.SIGKILL)
    assert len(names(tmp_path)) == 1
    (tmp_path / ".a [1].txt.other-host-7.partial").touch()
    with whole_file(path) as partial:
        partial.write_text("ours")
    assert names(tmp_path) == [".a [1].txt.other-host-7.partial", "a [1].txt"]


def test_two_processes_that_move_folders_to_one_place_do_each_other_no_harm(tmp_path):
    words = [sys.executable, "-c", MOVE, str(tmp_path)]
    both = [subprocess.Popen([*words, own], stderr=subprocess.PIPE) for own in ("x", "y")]
    said = [process.communicate()[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert names(tmp_path) == ["it"]
    last = {(tmp_path / "it" / name).read_text() for name in ("a", "b")}
    assert len(last) == 1
    assert last <= {"x149", "y149"}


def test_a_folder_that_another_process_has_just_removed_is_no_loss(tmp_path, monkeypatch):
    source, target = tmp_path / "new", tmp_path / "it"
    for folder in (source, target):
        folder.mkdir()
    replace = Path.replace

    def late(self, to):
        if self == target and target.exists():
            target.rmdir()
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", late)
    move_folder(source, target)
    assert names(tmp_path) == ["it"]


def test_a_place_that_another_process_takes_while_it_is_empty_is_taken_over(tmp_path, monkeypatch):
    source, target = tmp_path / "new", tmp_path / "it"
    for folder in (source, tmp_path / "theirs"):
        folder.mkdir()
        (folder / folder.name).touch()
    replace = Path.replace

    def raced(self, to):
        if self == source and (tmp_path / "theirs").exists():
            replace(tmp_path / "theirs", target)
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", raced)
    move_folder(source, target)
    assert names(tmp_path) == ["it"]
    assert names(target) == ["new"]


@pytest.mark.parametrize("odd", ["a", "12b", "-3", ""])
def test_a_name_that_is_not_ours_is_left_alone(tmp_path, odd):
    left = tmp_path / f".f.{platform.node()}-{odd}.partial"
    left.touch()
    with whole_file(tmp_path / "f") as partial:
        partial.touch()
    assert left.exists()
