"""What workers do in tests: here because other processes import it by name."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidpipe.data import ingest
from vidpipe.data.frames import Shot, extract
from vidpipe.data.video import Decoded

BOARD: list[str] = []


def double(number: int) -> int:
    return 2 * number


def double_after(job: tuple[int, float]) -> int:
    """Doubles a number after so many seconds."""
    time.sleep(job[1])
    return 2 * job[0]


def refuse_seven(number: int) -> int:
    if number == 7:
        raise LookupError("seven")
    return double(number)


def die_at_multiples_of_five(number: int) -> int:
    if number % 5 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(number)


def die_once(job: tuple[int, Path]) -> int:
    """Dies the first time that it gets to number 3, which it leaves a file about."""
    number, mark = job
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return double(number)


def hang_at_two(number: int) -> int:
    """Hangs where Python handles no signal and runs no other thread, as C code may."""
    if number == 2:
        re.match(r"(a+)+b", "a" * 60)
    return double(number)


def tell_pid_and_wait(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(60)


def read_board() -> list[str]:
    return BOARD


def break_decoder() -> None:
    """Of a worker: from now on the decoder ends it at some files, and hangs at others."""
    decode = ingest.decode

    def hostile(path: Path) -> Iterator[Decoded]:
        if path.name.startswith("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if path.name.startswith("hang"):
            hang_at_two(2)
        return decode(path)

    ingest.decode = hostile


def extract_and_note(path: Path, folder: Path, **how: Any) -> list[Shot]:
    BOARD.append(path.name)
    return extract(path, folder, **how)


def extract_or_die_of_c(path: Path, folder: Path, **how: Any) -> list[Shot]:
    if path.stem == "c":
        os.kill(os.getpid(), signal.SIGSEGV)
    return extract(path, folder, **how)


def extract_or_be_killed_in_c(path: Path, folder: Path, **how: Any) -> list[Shot]:
    """Is killed after the frames of c, the first time; a file beside the videos' folder says so."""
    shots = extract(path, folder, **how)
    mark = path.parent.with_name("killed")
    if path.stem == "c" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return shots


def extract_and_stop_at_c(path: Path, folder: Path, **how: Any) -> list[Shot]:
    if path.stem == "c":
        raise KeyboardInterrupt
    return extract(path, folder, **how)


def extract_four_then_kill(path: Path, folder: Path, **how: Any) -> list[Shot]:
    """Kills the whole run in the middle of its fifth video."""
    BOARD.append(path.name)
    shots = extract(path, folder, **how)
    if len(BOARD) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return shots


def extract_or_lose_the_machine_at_c(path: Path, folder: Path, **how: Any) -> list[Shot]:
    """Loses worker and nanny after the frames of c, the first time."""
    mark = path.parent.with_name("killed")
    shots = extract(path, folder, **how)
    if path.stem == "c" and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return shots


def extract_or_kill_the_scheduler_at_c(path: Path, folder: Path, **how: Any) -> list[Shot]:
    """Kills the process that a file beside the videos' folder names, after the frames of c."""
    shots = extract(path, folder, **how)
    if path.stem == "c":
        os.kill(int(path.parent.with_name("scheduler").read_text()), signal.SIGKILL)
    return shots
