"""Collect the videos of a source in one folder, and make a manifest of what each file holds."""

import errno
import itertools
import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidpipe.data import colours
from vidpipe.data.datasets.record import Video
from vidpipe.data.files import UnwritableError
from vidpipe.data.sequences import as_film
from vidpipe.data.splits import TEST, TRAIN, by_group
from vidpipe.data.video import Decoded, decode, probe
from vidpipe.data.workers import Failure, PoolFactory, map_ordered, processors
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256
from vidpipe.utils.names import amount
from vidpipe.utils.progress import progress

log = logging.getLogger(__name__)
OK, DAMAGED, BROKEN = "ok", "damaged", "broken"
COPY = "duplicate of "  # begins a note
JOINED = "joined from pictures"
NAMED = 3  # videos named in a message, of many
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
UNREADABLE = (OSError, ValueError, ArithmeticError, MemoryError)  # UserError is a ValueError
LEAST = 120.0  # seconds that any video may take to decode; a slower decoder hangs
SLOWEST = 50_000  # bytes per second that a decoder manages at least


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the manifest.

    Attributes:
        path: Name of the file in its folder.
        bytes: Size of the file.
        sha256: Hash of the file, in hex.
        codec: Name of the codec, as FFmpeg calls it.
        width: Pixels across, as a player shows them.
        height: Pixels down, as a player shows them.
        fps: Frames per second while the picture moves.
        frames: Frames that decode.
        seconds: Length of those frames, with pauses.
        label: Class of the video.
        group: Videos of one group are never split apart.
        split: `train`, `test`, or empty: in neither.
        status: `ok`, `damaged` (fewer frames decode than the file announces) or `broken`.
        reason: The fault, if the status is not `ok`.
        notes: What was done to the video, joined by "; "; plain ones have none.
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
    notes: str = ""


def collect(
    videos: Iterable[Video],
    folder: Path,
    *,
    name: str = "videos",
    pool: PoolFactory,
    workers: int | None = None,
) -> list[Entry]:
    """Copy videos into a folder, decode each once, and make a row of the manifest for each.

    Args:
        videos: Videos to collect; those that are in the folder already are not copied.
        folder: Folder for the copies.
        name: Label of the progress bar.
        pool: Starts the workers that decode.
        workers: Number of workers; None: one per processor.

    Returns:
        One row per video, sorted by name, whatever is wrong with the file.

    Raises:
        UserError: If a file is not the one whose hash was written down, two have one name, or the
            disk is full.
    """
    # Copy and hash in this process.
    copies = dict[str, Entry]()
    for video in videos:
        if video.name in copies:
            raise UserError(f"{video.path}: a second video called {video.name}; rename one")
        copies[video.name] = _copy(video, folder / video.name)
    entries = [copies[name] for name in sorted(copies)]

    # Decode in the workers. The time limit grows with the largest file.
    paths = [folder / entry.path for entry in entries if entry.status == OK]
    limit = LEAST + max((entry.bytes for entry in entries), default=0) / SLOWEST
    workers = min(workers or processors(), max(len(paths), 1))
    results = map_ordered(_inspect, paths, pool=pool, workers=workers, seconds=limit)
    results = progress(results, total=len(paths), name=name, unit="video")
    by_name = dict(zip((path.name for path in paths), results, strict=True))
    return [_merge(e, by_name[e.path]) if e.path in by_name else e for e in entries]


def assign_splits(entries: Sequence[Entry], test: float) -> list[Entry]:
    """Assign each video without an official split to `train` or `test`, by its group.

    One whose group has an official split elsewhere gets that. No bytes are in both: groups that
    share a file go together, and of files that official splits tear apart, those of `train` are
    taken out, of every split. A file that equals an earlier one has a note of it.

    Args:
        entries: Rows of the manifest.
        test: Share of the groups that is for testing.
    """
    official = {entry.group: entry.split for entry in reversed(entries) if entry.split}
    entries = [e if e.split else replace(e, split=official.get(e.group, "")) for e in entries]
    torn = [e.path for e in entries if e.split != official.get(e.group, e.split)]
    if torn:
        log.warning("groups that the official split tears apart, as of %s", _named(torn))

    groups = _joined_by_copies(entries)
    splits = by_group({groups[entry.group] for entry in entries if not entry.split}, test)
    entries = [e if e.split else replace(e, split=splits[groups[e.group]]) for e in entries]

    # A copy is of the first file that has its bytes, and of one that is tested on, if there is one.
    originals = dict[str, Entry]()
    for entry in sorted(entries, key=lambda entry: entry.split != TEST):
        if _is_read(entry):
            originals.setdefault(entry.sha256, entry)
    return [_mark_copy(entry, originals.get(entry.sha256, entry)) for entry in entries]


def warn_of_copies(entries: Sequence[Entry]) -> None:
    """Log how many files equal others, and name those that were taken out or have another label."""
    labels = {entry.path: entry.label for entry in entries}
    copies = {e.path: e.notes.partition(COPY)[2] for e in entries if COPY in e.notes}
    out = [entry.path for entry in entries if not entry.split]
    other = [path for path, original in copies.items() if labels[path] != labels[original]]
    if copies:
        log.info(
            "%s with the bytes of another; the notes in the manifest say which",
            amount(len(copies), "video"),
        )
    if out:
        log.warning(
            "left out of training, for the test set has the same bytes (%s): %s",
            amount(len(out), "video"),
            _named(f"{path} is {copies[path]}" for path in out),
        )
    if other:
        log.warning(
            "the same bytes under two labels (%s); remove one of each, or label them alike: %s",
            amount(len(other), "video"),
            _named(
                f"{path} ({labels[path]}) is {copies[path]} ({labels[copies[path]]})"
                for path in other
            ),
        )


def refuse_untrainable(entries: Sequence[Entry], key: str) -> None:
    """Raise an error if no video is to train on.

    Args:
        entries: Rows of the manifest, with splits.
        key: Key of `params.yaml` for the data set, such as `sources.clips.folder`, for the message.

    Raises:
        UserError: With the number of videos that are held out.
    """
    if not any(entry.split == TRAIN and entry.status != BROKEN for entry in entries):
        raise UserError(
            f"{key}: expected videos to train on, but all {len(entries)} are for testing or "
            "broken; give some of them the split train, or give none a split: then "
            f"{key.rpartition('.')[0]}.test is the share that is held out"
        )


def refuse_broken(entries: Sequence[Entry], allowed: float, key: str) -> None:
    """Raise an error if too many videos are broken.

    Args:
        entries: Rows of the manifest.
        allowed: Share of the videos that may be broken.
        key: Key of `params.yaml` that holds the share, for the message.

    Raises:
        UserError: If more are broken, or all are; the message names the first.
    """
    reasons = [f"{entry.path} ({entry.reason})" for entry in entries if entry.status == BROKEN]
    if len(reasons) > allowed * len(entries) or len(reasons) == len(entries):
        raise UserError(
            f"{len(reasons)} of {len(entries)} videos are broken, {key} allows a share of "
            f"{allowed:g}: {'; '.join(reasons[:NAMED])}"
        )


def _joined_by_copies(entries: Sequence[Entry]) -> dict[str, str]:
    """Return a name for each group, the same for groups that share a file and have no split."""
    joined_to = {entry.group: entry.group for entry in entries}

    def name(group: str) -> str:
        while joined_to[group] != group:
            group = joined_to[group]
        return group

    first = dict[str, str]()
    for entry in entries:
        if not entry.split and _is_read(entry):
            joined_to[name(entry.group)] = name(first.setdefault(entry.sha256, entry.group))
    return {group: name(group) for group in joined_to}


def _is_read(entry: Entry) -> bool:
    return entry.status != BROKEN and bool(entry.sha256)


def _mark_copy(entry: Entry, original: Entry) -> Entry:
    """Note whose copy a file is; take it out if the other is tested on and this is not."""
    if entry.path == original.path:
        return entry
    notes = f"{entry.notes}; " if entry.notes else ""
    return replace(
        entry,
        notes=f"{notes}{COPY}{original.path}",
        split=entry.split if entry.split == original.split else "",
    )


def _named(lines: Iterable[str]) -> str:
    return "; ".join(itertools.islice(lines, NAMED))


def _copy(video: Video, copy: Path) -> Entry:
    """Copy a video, or join its pictures; return its row with size and hash, not yet decoded."""
    entry = Entry(path=video.name, label=video.label, group=video.group, split=video.split)
    try:
        if video.path != copy:
            with as_film(video.path, folder=copy.parent.parent) as film:
                shutil.copyfile(film, copy)
                entry = replace(entry, notes="" if film == video.path else JOINED)
        entry = replace(entry, bytes=copy.stat().st_size, sha256=sha256(copy))
    except UnwritableError:
        raise
    except UserError as error:  # of a sequence of pictures
        reason = str(error).replace(str(video.path), video.name)
        return replace(entry, status=BROKEN, reason=reason)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise UserError(f"{copy}: cannot be written: {error.strerror}") from error
        copy.unlink(missing_ok=True)
        reason = f"{video.name}: expected a video, but it cannot be read: {error.strerror or error}"
        return replace(entry, status=BROKEN, reason=reason)
    if video.sha256 not in (None, entry.sha256):
        raise UserError(
            f"{video.path}: expected the file with sha256 {video.sha256[:12]}..., got "
            f"{entry.sha256[:12]}...: it has changed; take it up again with `vidpipe use`"
        )
    return entry


def _inspect(path: Path) -> Entry:
    """Decode a whole file and return a row of what it holds; the other fields are empty."""
    empty = Entry(path=path.name, label="", group="", split="")
    decoded = 0
    last = 0.0  # time of the last frame
    try:
        header = probe(path)
        # Those are of the first frame; transparency, combs and HDR may begin later.
        notes = dict.fromkeys(header.notes)
        for frame in decode(path):
            decoded += 1
            last = frame.time
            notes |= dict.fromkeys(_notes(frame))
    except UNREADABLE as error:
        return replace(empty, status=BROKEN, reason=str(error).replace(f"{path.parent}/", ""))
    damaged = header.announced > decoded
    return replace(
        empty,
        codec=header.codec,
        width=header.width,
        height=header.height,
        fps=round(header.fps, 3),
        frames=decoded,
        seconds=round(last + 1 / header.fps, 3) if decoded else 0.0,
        status=DAMAGED if damaged else OK,
        reason=f"{decoded} of {header.announced} frames decode" if damaged else "",
        notes="; ".join(notes),
    )


def _notes(frame: Decoded) -> list[str]:
    """Say what is done to one frame."""
    return [*([colours.DEINTERLACED] if frame.deinterlaced else []), *colours.notes(frame.frame)]


def _merge(copy: Entry, contents: Entry | Failure) -> Entry:
    """Merge the rows of `_copy` and `_inspect` of one file."""
    if isinstance(contents, Failure):
        return replace(copy, status=BROKEN, reason=f"{copy.path}: {contents.reason}")
    return replace(
        contents,
        bytes=copy.bytes,
        sha256=copy.sha256,
        notes="; ".join(filter(None, (copy.notes, contents.notes))),
        label=copy.label,
        group=copy.group,
        split=copy.split,
    )
