"""Atomic replacement of files and folders: readers see the old one or the new one, never a part.

Processes may write to one path at the same time: the last to finish wins.
"""

import errno
import glob
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

OCCUPIED = {errno.ENOTEMPTY, errno.EEXIST}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to: renamed to `path` at the end, removed on an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(path, "partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def move_folder(source: Path, target: Path) -> None:
    """Move a complete folder to `target`, and then remove the folder that was there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = _beside(target, "partial")
    old = _beside(target, "old")

    # A folder on another disk cannot be renamed: copy it next to the target first.
    if os.stat(source).st_dev != os.stat(target.parent).st_dev:
        try:
            shutil.copytree(source, new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        source = new

    # Try again for as long as other processes put their folders there.
    while not _swap(source, target, old):
        shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _swap(source: Path, target: Path, old: Path) -> bool:
    """Replace `target`, moved to `old`; return False if another process was first to refill it."""
    with suppress(FileNotFoundError):
        target.replace(old)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno in OCCUPIED:
            return False
        if old.exists():
            old.replace(target)
        raise
    return True


def _beside(path: Path, state: str) -> Path:
    """Return a path of this process beside `path`; remove those of processes that have ended."""
    prefix = f".{path.name}.{platform.node()}-"
    own_pid = str(os.getpid())
    for leftover in path.parent.glob(f"{glob.escape(prefix)}*.{state}"):
        pid = leftover.name[len(prefix) : -len(f".{state}")]
        if pid.isdigit() and (pid == own_pid or not psutil.pid_exists(int(pid))):
            _remove(leftover)
    return path.with_name(f"{prefix}{own_pid}.{state}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
