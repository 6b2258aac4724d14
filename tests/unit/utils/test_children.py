import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from vidpipe.utils import children

PATIENCE = 60  # seconds for what takes a moment
# A command that starts another, and leaves the numbers of both.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".partial", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(file.name, sys.argv[1])
"""
BOSS = """
import signal, sys
from vidpipe.utils import children
# `nohup pytest` has the first ignored, `pytest &` the second.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
children.run(sys.argv[1:])
"""


def until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_and_what_it_started_end_with_their_parent(tmp_path, number):
    pids = tmp_path / "pids"
    family = [sys.executable, "-c", f"{FAMILY}\ntime.sleep(600)", str(pids)]
    path = os.pathsep.join(sys.path)
    boss = subprocess.Popen(
        [sys.executable, "-c", BOSS, *family],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(pids.exists)
    family = [int(pid) for pid in pids.read_text().split()]
    assert all(map(runs, family))
    os.killpg(boss.pid, number)
    boss.wait()
    until(lambda: not any(map(runs, family)))


def test_what_a_command_leaves_running_ends_with_it(tmp_path):
    assert children.run([sys.executable, "-c", FAMILY, str(tmp_path / "pids")]) == 0
    assert not any(runs(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize(("program", "code"), [("exit 7", 7), ("kill -KILL $$", 128 + 9)])
def test_the_exit_code_is_that_of_the_command(program, code):
    assert children.run(["sh", "-c", program]) == code


def test_a_command_gets_its_folder_variables_and_streams(tmp_path):
    with (tmp_path / "output").open("wb") as output:
        command = ["sh", "-c", "echo $COLOUR in $(pwd)"]
        children.run(command, cwd=tmp_path, env=os.environ | {"COLOUR": "red"}, stdout=output)
    assert (tmp_path / "output").read_text() == f"red in {tmp_path}\n"


def test_a_command_that_is_not_there_is_named(capfd):
    assert children.run(["no-such-command"]) == 1
    assert capfd.readouterr().err == "no-such-command: No such file or directory\n"
