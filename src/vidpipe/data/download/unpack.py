"""Take the files that are wanted out of an archive; a hostile one is refused.

Names, links and declared sizes are looked at before anything is written, bytes as they come.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from vidpipe.data.download.archives import CHUNK, Member, Source, opened
from vidpipe.data.files import distinct, named
from vidpipe.utils.errors import UserError

MOST_TIMES, AT_LEAST = 50, 2**30  # an archive may grow to so many times its size, or so many bytes


def listed(archive: Path) -> list[str]:
    """Paths of the files in an archive, or in a folder in place of one, in its order.

    Raises:
        UserError: If the archive is damaged.
    """
    with opened(archive) as inside:
        return [member.path for member in inside.members if member.kind == "file"]


def unpack(
    archive: Path, folder: Path, wanted: Callable[[str], bool], *, limit: int | None = None
) -> list[tuple[str, Path]]:
    """Write the files that are wanted into a folder, under distinct names.

    Args:
        archive: A zip, tar or rar, or a folder in place of one.
        folder: Where the files go, flat.
        wanted: Says of a member's path whether it is.
        limit: Bytes they may be in all; None: 50 times the archive, but a GiB at least, and as
            many as there are where it is a folder.

    Returns:
        Path in the archive and file, one pair for each, in the archive's order.

    Raises:
        UserError: If the archive is damaged, or not to be trusted: a member's path is absolute
            or climbs out with `..`, a link leads out, a member is no file, or they are too large.
    """
    limit = _most(archive) if limit is None else limit
    with opened(archive) as inside:
        for member in inside.members:
            _refuse_hostile(archive, member)
        chosen = [n for n, m in enumerate(inside.members) if m.kind == "file" and wanted(m.path)]
        _hold(archive, sum(inside.members[n].size for n in chosen), limit)
        names = dict(zip(chosen, distinct([inside.members[n].path for n in chosen]), strict=True))
        written, files = 0, []
        shown = tqdm(inside.read(chosen), archive.name, len(chosen), unit="file", disable=None)
        for number, source in shown:
            target = folder / names[number]
            for some in _copied(source, target):
                written += some
                _hold(archive, written, limit)
            files.append((inside.members[number].path, target))
    return files


def _most(archive: Path) -> int:
    if archive.is_dir():
        return sys.maxsize
    return max(MOST_TIMES * archive.stat().st_size, AT_LEAST)


def _copied(source: Source, target: Path) -> Iterator[int]:
    """Copy, and say after each piece how long it was."""
    with named(target), target.open("xb") as file:
        while data := _piece(source):
            file.write(data)
            yield len(data)


def _piece(source: Source) -> bytes:
    """The next bytes; what fails in reading is no fault of the file that is written."""
    try:
        return source.read(CHUNK)
    except OSError as error:
        raise EOFError(str(error)) from error


def _hold(archive: Path, size: int, limit: int) -> None:
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
