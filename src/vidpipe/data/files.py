"""Files of any origin: names that any disk, table and stage can hold."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vidpipe.utils.errors import UserError

LONGEST = 120  # bytes of a name; file systems allow 255, and stages add suffixes
LONGEST_SUFFIX = 16  # bytes, the dot among them
DIGITS = 8  # of the hash that makes similar names distinct
# Characters that a file name, or a CSV in UTF-8, cannot hold.
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]")


def inside(folder: Path, path: str) -> Path:
    """Join a folder and a path of its manifest.

    Raises:
        UserError: If the path leads out of the folder.
    """
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        raise UserError(f"{folder}: expected a path below this folder, its manifest has {path!r}")
    return folder / path


def distinct(paths: Sequence[str]) -> list[str]:
    """Make a distinct file name of each path: its last part, with a hash if that is not unique.

    No two names share a stem, ignoring case. A name depends only on its own path and those it would
    collide with, so it stays when other videos are added.

    Args:
        paths: Paths in any form, with `/` between parts.
    """
    last_parts = [_shorten(PurePosixPath(path).name) for path in paths]
    stem_counts = Counter(_stem(name) for name in last_parts)
    names = list[str]()
    stems = set[str]()
    for path, last_part in zip(paths, last_parts, strict=True):
        unique = stem_counts[_stem(last_part)] == 1 and last_part not in ("", ".", "..")
        name = last_part if unique else ""
        attempt = 0
        # Add the hash of the path, and a number if even that is taken.
        while not name or _stem(name) in stems:
            number = f"-{attempt}" if attempt else ""
            name = _shorten(last_part, f"-{_path_hash(path)}{number}")
            attempt += 1
        stems.add(_stem(name))
        names.append(name)
    return names


class UnwritableError(UserError):
    """A file cannot be written, whatever its content."""


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Add a file's name to errors of writing it, which a full disk's lacks.

    Raises:
        UnwritableError: For any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise UnwritableError(f"{path}: cannot be written: {error.strerror or error}") from error


def _shorten(name: str, mark: str = "") -> str:
    """Put `mark` before the suffix; cut a name that is too long and mark it by its hash."""
    clean = FORBIDDEN.sub("_", name)
    if not mark:
        if len(clean.encode()) <= LONGEST:
            return clean
        mark = f"-{_path_hash(name)}"
    stem, suffix = os.path.splitext(clean)
    if len(suffix.encode()) > LONGEST_SUFFIX:
        # No suffix, but a dot in a sentence. A mark behind it would not be part of the stem.
        stem = clean.replace(".", "_")
        suffix = ""
    room = LONGEST - len(mark.encode()) - len(suffix.encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{mark}{suffix}"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].casefold()


def _path_hash(path: str) -> str:
    return hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
