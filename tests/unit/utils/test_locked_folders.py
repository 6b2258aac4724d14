import os
import signal
import subprocess
import sys

from vidpipe.utils.locked_folders import LockedFolders

LOCK_A = """
import sys, time
from pathlib import Path
from vidpipe.utils.locked_folders import LockedFolders
folder = LockedFolders(Path(sys.argv[1])).lock("a")
(folder.path / "work").write_text("half")
print("locked", flush=True)
time.sleep(60)
"""


def test_one_process_locks_a_folder(tmp_path):
    one, other = LockedFolders(tmp_path / "new"), LockedFolders(tmp_path / "new")
    folder = one.lock("a")
    assert folder.path.is_dir()
    assert other.lock("a") is None
    assert other.lock("b") is not None
    one.remove(folder)
    assert not folder.path.exists()
    assert other.lock("a") is not None


def test_locked_folders_are_not_cleared(tmp_path):
    one, other = LockedFolders(tmp_path), LockedFolders(tmp_path)
    folder = one.lock("a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "left").touch()
    other.clear(["a", "b"])
    assert one.names("*") == ["a"]
    assert folder.path.is_dir()


def test_names_come_by_the_time_of_their_last_change(tmp_path):
    folders = LockedFolders(tmp_path)
    for n, name in enumerate("bca"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (n, n))
    assert folders.names("*") == ["a", "c", "b"]


def test_a_killed_process_leaves_its_folder_to_the_next(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LOCK_A, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "locked\n"
        assert LockedFolders(tmp_path).lock("a") is None
        os.kill(process.pid, signal.SIGKILL)
    folder = LockedFolders(tmp_path).lock("a")
    assert (folder.path / "work").read_text() == "half"
