"""Folders that belong to one process at a time, and what killed ones left in them."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

LOCK = "lock"


@dataclass(frozen=True)
class Held:
    """A folder that this process holds until it drops it, or ends."""

    folder: Path
    lock: FileLock

    def drop(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.release()


class Shelf:
    """Where such folders stand. Who takes or removes one does so alone.

    Args:
        home: Made if it is not there.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.alone = home, FileLock(home / LOCK)

    def hold(self, name: str) -> Held | None:
        """A folder of that name, with what is in it; None if another process holds it."""
        with self.alone:
            return _hold(self.home / name)

    def new(self, prefix: str) -> Held:
        """A new folder, empty."""
        with self.alone:
            held = _hold(Path(mkdtemp(prefix=prefix, dir=self.home)))
        assert held is not None
        return held

    def clear(self, names: Iterable[str]) -> None:
        """Remove folders, but for those that a process holds."""
        with self.alone:
            for name in names:
                if held := _hold(self.home / name):
                    held.drop()

    def drop(self, held: Held) -> None:
        """Remove a folder that this process holds."""
        with self.alone:
            held.drop()

    def names(self, pattern: str) -> list[str]:
        """Of the folders that are there, those first that were held or written to last."""
        with self.alone:
            folders = [path for path in self.home.glob(pattern) if path.is_dir()]
            folders.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
            return [path.name for path in folders]


def _hold(folder: Path) -> Held | None:
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    os.utime(folder)
    return Held(folder, lock)
