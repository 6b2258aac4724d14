"""Files of any origin: names that any disk, table and stage can hold."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vidpipe.utils.errors import UserError

LONGEST = 120  # bytes of a name; a file system takes 255, and stages add suffixes
MARK = 8  # hex digits that tell names apart which are alike
UNFIT = re.compile(
    r"[\x00-\x1f\x7f/\\\ud800-\udfff]"
)  # what a name, or a CSV in UTF-8, cannot hold


def inside(folder: Path, path: str) -> Path:
    """A file that a manifest names, below its folder.

    Raises:
        UserError: If the name leads out of the folder.
    """
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        raise UserError(f"{folder}: expected a path below this folder, its manifest has {path!r}")
    return folder / path


def distinct(paths: Sequence[str]) -> list[str]:
    """A file name for each path, the last part of it where that will do.

    No two share a stem, whatever the case of its letters. A name depends on its own path and those
    it would collide with, so it stays when other videos are added.

    Args:
        paths: In any form, with `/` between parts.
    """
    plain = [_fit(PurePosixPath(path).name) for path in paths]
    alike = Counter(_stem(name) for name in plain)
    names, taken = [], set[str]()
    for path, name in zip(paths, plain, strict=True):
        mark = _mark(path)
        chosen = name if alike[_stem(name)] == 1 and name not in ("", ".", "..") else ""
        again = 0
        while not chosen or _stem(chosen) in taken:
            chosen = _fit(name, f"-{mark}" + (f"-{again}" if again else ""))
            again += 1
        taken.add(_stem(chosen))
        names.append(chosen)
    return names


class UnwritableError(UserError):
    """The disk is at fault, not what was to be written."""


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file that cannot be written, on a full disk most of all: the system does not.

    Raises:
        UnwritableError: For any error of the system.
    """
    try:
        yield
    except OSError as error:
        raise UnwritableError(f"{path}: cannot be written: {error.strerror or error}") from error


def _fit(name: str, mark: str = "") -> str:
    """The name with `mark` before its suffix; what is too long is cut, and marked by its hash."""
    clean = UNFIT.sub("_", name)
    stem, suffix = os.path.splitext(clean)
    if len(suffix.encode()) > 16:  # a dot in a sentence
        stem, suffix = clean, ""
    if len(stem.encode()) + len(mark.encode()) + len(suffix.encode()) > LONGEST:
        mark = mark or f"-{_mark(name)}"
        room = LONGEST - len(mark.encode()) - len(suffix.encode())
        stem = stem.encode()[:room].decode(errors="ignore")
    return f"{stem}{mark}{suffix}"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].casefold()


def _mark(path: str) -> str:
    return hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()[:MARK]
