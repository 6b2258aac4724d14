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
    """Put a finished folder in its place, and what was there away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    if os.stat(source).st_dev == os.stat(target.parent).st_dev:
        source.replace(target)
    else:
        shutil.copytree(source, old.with_suffix(".new"), dirs_exist_ok=True)
        old.with_suffix(".new").replace(target)
    shutil.rmtree(old, ignore_errors=True)
