"""Folders that one process locks; those of killed processes can be taken over or removed."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

LOCK = "lock"


@dataclass(frozen=True)
class LockedFolder:
    """A folder that this process has locked; the system unlocks it when the process ends."""

    path: Path
    lock: FileLock

    def remove(self) -> None:
        """Remove the folder and its lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.lock.release()


class LockedFolders:
    """A folder of lockable folders. One process at a time locks, removes or lists them.

    Args:
        path: Created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.mutex = FileLock(path / LOCK)

    def lock(self, name: str) -> LockedFolder | None:
        """Lock a folder, created if needed, with its content; None if another process has it."""
        with self.mutex:
            return _lock(self.path / name)

    def create(self, prefix: str) -> LockedFolder:
        """Create and lock a new empty folder."""
        with self.mutex:
            folder = _lock(Path(mkdtemp(prefix=prefix, dir=self.path)))
        assert folder is not None
        return folder

    def clear(self, names: Iterable[str]) -> None:
        """Remove folders, except those that a process has locked."""
        with self.mutex:
            for name in names:
                if folder := _lock(self.path / name):
                    folder.remove()

    def remove(self, folder: LockedFolder) -> None:
        """Remove a folder that this process has locked."""
        with self.mutex:
            folder.remove()

    def names(self, pattern: str) -> list[str]:
        """Return the names of existing folders, last locked or written to first."""
        with self.mutex:
            folders = [path for path in self.path.glob(pattern) if path.is_dir()]
            folders.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
            return [path.name for path in folders]


def _lock(path: Path) -> LockedFolder | None:
    path.mkdir(exist_ok=True)
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    os.utime(path)  # the time by which `names` sorts
    return LockedFolder(path, lock)
