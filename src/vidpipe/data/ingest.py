"""Bring a source's videos under `data/01_raw`, checked, with a manifest of what each file is."""

import errno
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidpipe.data.datasets.record import Video
from vidpipe.data.splits import by_group
from vidpipe.data.video import decode, probe
from vidpipe.data.workers import Died, Pool, ordered, processes, processors
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256
from vidpipe.utils.progress import progress

OK, DAMAGED, BROKEN = "ok", "damaged", "broken"
NAMED = 3  # of many, in a message
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
UNREADABLE = (OSError, ValueError, ArithmeticError, MemoryError)  # UserError is a ValueError
LEAST, SLOWEST = 120.0, 50_000  # seconds for a video, and bytes in a second; beyond, it hangs


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the manifest; numbers as a player would show them.

    Attributes:
        status: `ok`, `damaged` (fewer frames decode than the file announces) or `broken`.
        reason: Why it is not `ok`.
    """

    path: str
    bytes: int = 0
    sha256: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    seconds: float = 0.0
    label: str
    group: str
    split: str
    status: str = OK
    reason: str = ""


def collect(
    videos: Iterable[Video],
    folder: Path,
    *,
    name: str = "videos",
    pool: Pool = processes,
    workers: int | None = None,
) -> list[Entry]:
    """Bring videos into a folder and look into each; whatever a file does, it has its row.

    Args:
        videos: Those that are in the folder already stay as they are, others are copied.
        folder: Where they go.
        name: Of the bar.
        pool: Makes an executor to look into files with.
        workers: Of the pool; None: as many as there are processors.

    Returns:
        The rows, by name of the file.

    Raises:
        UserError: If a file is not the one whose hash was written down, two have one name, or the
            disk is full.
    """
    brought = dict[str, Entry]()
    for video in videos:
        if video.name in brought:
            raise UserError(f"{video.path}: a second video called {video.name}; rename one")
        brought[video.name] = _bring(video, folder / video.name)
    entries = [brought[path] for path in sorted(brought)]
    whole = [folder / entry.path for entry in entries if entry.status == OK]
    most = LEAST + max((entry.bytes for entry in entries), default=0) / SLOWEST
    workers = min(workers or processors(), max(len(whole), 1))
    looks = ordered(_look, whole, pool=pool, workers=workers, seconds=most)
    told = progress(looks, total=len(whole), name=name, unit="video")
    seen = dict(zip((path.name for path in whole), told, strict=True))
    return [_told(e, seen[e.path]) if e.path in seen else e for e in entries]


def divide(entries: Sequence[Entry], test: float) -> list[Entry]:
    """Give a part, by its group, to each that the source has not given one.

    Args:
        entries: Rows of the manifest.
        test: Share of the groups that is for testing.
    """
    parts = by_group({entry.group for entry in entries if not entry.split}, test)
    return [e if e.split else replace(e, split=parts[e.group]) for e in entries]


def tolerate(entries: Sequence[Entry], broken: float, key: str) -> None:
    """Let some videos be broken, and stop where too many are.

    Args:
        entries: Rows of the manifest.
        broken: Share that may be.
        key: Of `params.yaml` that says so, for the message.

    Raises:
        UserError: If it is more, or there is none that is not, naming some.
    """
    reasons = [f"{entry.path} ({entry.reason})" for entry in entries if entry.status == BROKEN]
    if len(reasons) > broken * len(entries) or len(reasons) == len(entries):
        raise UserError(
            f"{len(reasons)} of {len(entries)} videos are broken, {key} allows a share of "
            f"{broken:g}: {'; '.join(reasons[:NAMED])}"
        )


def _bring(video: Video, copy: Path) -> Entry:
    known = Entry(path=video.name, label=video.label, group=video.group, split=video.split)
    try:
        if video.path != copy:
            shutil.copyfile(video.path, copy)
        known = replace(known, bytes=copy.stat().st_size, sha256=sha256(copy))
    except OSError as error:
        if error.errno in FULL:
            raise UserError(f"{copy}: cannot be written: {error.strerror}") from error
        copy.unlink(missing_ok=True)
        reason = f"{video.name}: expected a video, but it cannot be read: {error.strerror or error}"
        return replace(known, status=BROKEN, reason=reason)
    if video.sha256 not in (None, known.sha256):
        raise UserError(
            f"{video.path}: expected the file with sha256 {video.sha256[:12]}..., got "
            f"{known.sha256[:12]}...: it has changed; take it up again with `vidpipe use`"
        )
    return known


def _look(path: Path) -> Entry:
    """What a file holds, all of it decoded, in a row whose other fields are empty."""
    empty = Entry(path=path.name, label="", group="", split="")
    try:
        seen = probe(path)
        decoded = sum(1 for _ in decode(path))
    except UNREADABLE as error:
        return replace(empty, status=BROKEN, reason=str(error).replace(f"{path.parent}/", ""))
    damage = seen.announced > decoded
    return replace(
        empty,
        codec=seen.codec,
        width=seen.width,
        height=seen.height,
        fps=round(seen.fps, 3),
        frames=decoded,
        seconds=round(decoded / seen.fps, 3),
        status=DAMAGED if damage else OK,
        reason=f"{decoded} of {seen.announced} frames decode" if damage else "",
    )


def _told(known: Entry, seen: Entry | Died) -> Entry:
    """A row with what is known of a file, and what was seen in it."""
    if isinstance(seen, Died):
        return replace(known, status=BROKEN, reason=f"{known.path}: {seen.reason}")
    own = {key: getattr(known, key) for key in ("bytes", "sha256", "label", "group", "split")}
    return replace(seen, **own)
