"""Unpack chosen files of an archive; refuse a hostile one.

Names, links and declared sizes are checked before anything is written, actual sizes on the way.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from vidpipe.data.download.archives import CHUNK, Member, Source, opened
from vidpipe.data.files import distinct, named
from vidpipe.utils.errors import UserError

# Limits of the unpacked size: so many times the archive's, or so many bytes if that is more.
RATIO = 50
ALWAYS_ALLOWED = 2**30


def member_names(archive: Path) -> list[str]:
    """List the paths of the files in an archive, in its order.

    Args:
        archive: A zip, tar or rar, or a folder in place of one.

    Raises:
        UserError: If the archive is damaged.
    """
    with opened(archive) as inside:
        return [member.path for member in inside.members if member.kind == "file"]


def unpack(
    archive: Path, folder: Path, select: Callable[[str], bool], *, limit: int | None = None
) -> list[tuple[str, Path]]:
    """Write the selected files of an archive into a folder, under distinct names.

    Args:
        archive: A zip, tar or rar, or a folder in place of one.
        folder: Folder for the files, without subfolders.
        select: Predicate of a member's path.
        limit: Largest total size in bytes; None: 50 times the archive or 1 GiB, whichever is more,
            and no limit for a folder.

    Returns:
        Pairs of path in the archive and file, in the archive's order.

    Raises:
        UserError: If the archive is damaged or hostile: a member's path is absolute or leads out by
            `..`, a link leads out, a member is a device, or the files are too large.
    """
    limit = _default_limit(archive) if limit is None else limit
    with opened(archive) as inside:
        # Check all that the archive declares.
        for member in inside.members:
            _refuse_hostile(archive, member)
        numbers = [n for n, m in enumerate(inside.members) if m.kind == "file" and select(m.path)]
        _check_size(archive, sum(inside.members[n].size for n in numbers), limit)
        names = dict(zip(numbers, distinct([inside.members[n].path for n in numbers]), strict=True))

        # Copy the files, and count the actual bytes.
        written = 0
        files = []
        contents = tqdm(inside.read(numbers), archive.name, len(numbers), unit="file", disable=None)
        for number, source in contents:
            target = folder / names[number]
            for count in _copy(source, target):
                written += count
                _check_size(archive, written, limit)
            files.append((inside.members[number].path, target))
    return files


def _default_limit(archive: Path) -> int:
    if archive.is_dir():
        return sys.maxsize
    return max(RATIO * archive.stat().st_size, ALWAYS_ALLOWED)


def _copy(source: Source, target: Path) -> Iterator[int]:
    """Copy a file in chunks, and yield the length of each."""
    # "x": names are distinct, so no file may exist.
    with named(target), target.open("xb") as file:
        while data := _read_chunk(source):
            file.write(data)
            yield len(data)


def _read_chunk(source: Source) -> bytes:
    """Read the next bytes; an error counts as the archive's, not the written file's."""
    try:
        return source.read(CHUNK)
    except OSError as error:
        raise EOFError(str(error)) from error


def _check_size(archive: Path, size: int, limit: int) -> None:
    if size > limit:
        raise UserError(
            f"{archive}: expected at most {limit:,} bytes out of {archive.stat().st_size:,}, got "
            "more: it may be made to fill the disk. If it is right, unpack it yourself and name "
            "the folder"
        )


def _refuse_hostile(archive: Path, member: Member) -> None:
    reason = ""
    if _outside(member.path):
        reason = "its path leads out of the archive's folder"
    elif member.kind == "link" and _outside(member.target):
        reason = f"it is a link that leads out of the archive's folder, to {member.target!r}"
    elif member.kind == "special":
        reason = "it is neither a file nor a folder"
    if reason:
        raise UserError(f"{archive}: {member.path!r} is refused: {reason}; nothing was unpacked")


def _outside(path: str) -> bool:
    return bool(re.match(r"[/\\]|[A-Za-z]:[/\\]", path)) or ".." in re.split(r"[/\\]", path)
