"""Write beside, then rename: a reader sees the old file or the new one, never half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to; renamed to `path` when all went well, removed when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def move_folder(source: Path, target: Path) -> None:
    """Put a finished folder in its place; what was there stays until that is done."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new, old = (target.with_name(f".{target.name}.{state}") for state in ("partial", "old"))
    for left in (new, old):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    if os.stat(source).st_dev != os.stat(target.parent).st_dev:
        try:
            shutil.copytree(source, new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        source = new
    if target.exists():
        target.replace(old)
    try:
        source.replace(target)
    except BaseException:
        if old.exists():
            old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
