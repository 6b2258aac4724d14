"""Write beside, then rename: a reader sees the old file or the new one, never half of one.

Processes that write to one path at once do each other no harm: the last to finish stays.
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

TAKEN = {errno.ENOTEMPTY, errno.EEXIST}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to; renamed to `path` when all went well, removed when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(path, "partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def move_folder(source: Path, target: Path) -> None:
    """Put a finished folder in its place; what was there stays until that is done."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new, old = _beside(target, "partial"), _beside(target, "old")
    if os.stat(source).st_dev != os.stat(target.parent).st_dev:
        try:
            shutil.copytree(source, new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        source = new
    while not _swapped(source, target, old):
        shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _swapped(source: Path, target: Path, old: Path) -> bool:
    """Whether the folder is in its place; not if another process put its own there meanwhile."""
    with suppress(FileNotFoundError):
        target.replace(old)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        if old.exists():
            old.replace(target)
        raise
    return True


def _beside(path: Path, state: str) -> Path:
    """A name of this process; what killed ones left under theirs is removed."""
    start, own = f".{path.name}.{platform.node()}-", str(os.getpid())
    for left in path.parent.glob(f"{glob.escape(start)}*.{state}"):
        process = left.name[len(start) : -len(f".{state}")]
        if process.isdigit() and (process == own or not psutil.pid_exists(int(process))):
            _remove(left)
    return path.with_name(f"{start}{own}.{state}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
