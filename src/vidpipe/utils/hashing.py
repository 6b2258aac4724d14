"""Hashes of files."""

import functools
import hashlib
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path: Path) -> str:
    """Return the MD5 of a file's bytes in hex, as DVC records it.

    The hash is cached for as long as inode, time of change and size stay, as DVC does.
    """
    stat = path.stat()
    return _md5(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)


@functools.cache
def _md5(path: Path, *_stat: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
