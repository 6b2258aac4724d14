import os
import signal
import subprocess
import sys

from vidpipe.utils.locked_folders import Shelf

HOLD = """
import sys, time
from pathlib import Path
from vidpipe.utils.locked_folders import Shelf
held = Shelf(Path(sys.argv[1])).hold("a")
(held.folder / "work").write_text("half")
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_is_held_by_one(tmp_path):
    one, other = Shelf(tmp_path / "new"), Shelf(tmp_path / "new")
    held = one.hold("a")
    assert held.folder.is_dir()
    assert other.hold("a") is None
    assert other.hold("b") is not None
    one.drop(held)
    assert not held.folder.exists()
    assert other.hold("a") is not None


def test_what_is_held_is_not_cleared(tmp_path):
    one, other = Shelf(tmp_path), Shelf(tmp_path)
    held = one.hold("a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "left").touch()
    other.clear(["a", "b"])
    assert one.names("*") == ["a"]
    assert held.folder.is_dir()


def test_names_come_by_the_time_of_their_last_change(tmp_path):
    shelf = Shelf(tmp_path)
    for n, name in enumerate("bca"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (n, n))
    assert shelf.names("*") == ["a", "c", "b"]


def test_a_killed_process_leaves_its_folder_to_the_next(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        assert Shelf(tmp_path).hold("a") is None
        os.kill(process.pid, signal.SIGKILL)
    held = Shelf(tmp_path).hold("a")
    assert (held.folder / "work").read_text() == "half"
