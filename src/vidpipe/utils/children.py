"""Commands that end with this process, however it ends, as do all processes that they start.

Each runs in a session of its own, under a small process that holds one end of a pipe. The system
closes the other end when this process ends, even by SIGKILL; then the small one ends the session.
Windows has no sessions: there, Ctrl-C reaches all processes of the window by itself.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil

GRACE = 30.0  # seconds that processes have to end by themselves, before they are killed
PAUSE = 0.05  # seconds between two looks at what still runs
# That ask a process to end; Windows has no SIGHUP.
SIGNALS = {signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)}


def run(command: Sequence[str], **options: Any) -> int:
    """Run a command to its end; what it has left running is ended too.

    Ctrl-C reaches the command as SIGTERM, and is raised here once all of the command has ended.

    Args:
        command: Program and arguments.
        options: Of `subprocess.Popen`, such as `cwd`, `env` and `stdout`.

    Returns:
        Its exit code; 128 and the number of the signal that ended it.
    """
    if not hasattr(os, "getsid"):
        return subprocess.run(command, check=False, **options).returncode
    read_end, write_end = os.pipe()
    watcher_command = [sys.executable, "-P", __file__, str(read_end), *command]
    with open(write_end, "wb") as parent, open(read_end, "rb") as inherited:
        watcher = subprocess.Popen(
            watcher_command, pass_fds=[read_end], start_new_session=True, **options
        )
        inherited.close()
        try:
            return watcher.wait()
        except BaseException:
            parent.close()
            watcher.wait()
            raise


def _watch(lifeline: int, command: Sequence[str]) -> int:
    """Run a command in this session; end all of it with the command, or when the pipe is closed."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    os.set_inheritable(lifeline, False)
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
    try:
        while process.poll() is None and not select.select([lifeline], [], [], PAUSE)[0]:
            pass
    finally:
        _end_session()
    code = process.wait()
    return code if code >= 0 else 128 - code


def _stop(number: int, _: object) -> None:
    """Leave by an exception, so that the session is ended."""
    sys.exit(128 + number)


def _end_session() -> None:
    """End all other processes of this session, and wait for them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signals = iter([signal.SIGTERM, signal.SIGKILL])
    deadline = 0.0
    # Listed anew each time: one may have started another meanwhile.
    while processes := [p for p in psutil.process_iter() if _is_in_session(p)]:
        if time.monotonic() > deadline:
            number = next(signals, signal.SIGKILL)
            for process in processes:
                with suppress(psutil.Error):
                    process.send_signal(number)
            deadline = time.monotonic() + GRACE
        time.sleep(PAUSE)


def _is_in_session(process: psutil.Process) -> bool:
    """Return True for another process here; a zombie has ended, and waits for its parent."""
    with suppress(psutil.Error, ProcessLookupError, PermissionError):
        here = os.getsid(process.pid) == os.getsid(0) and process.pid != os.getpid()
        return here and process.status() != psutil.STATUS_ZOMBIE
    return False


if __name__ == "__main__":
    sys.exit(_watch(int(sys.argv[1]), sys.argv[2:]))
