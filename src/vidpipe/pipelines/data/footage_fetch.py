"""Stage `footage_fetch`: one video or more for prediction, and their manifest."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd

from vidpipe.config.datasets import FootageSource
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.datasets.registry import videos_of
from vidpipe.data.ingest import (
    BROKEN,
    DAMAGED,
    Entry,
    assign_splits,
    collect,
    refuse_broken,
    refuse_untrainable,
    warn_of_copies,
)
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount

log = logging.getLogger(__name__)
NAMED = 5  # videos named in a message, of many
ENOUGH = 5  # groups of which some are held out whole


def fetch_footage(
    source: FootageSource,
    project: Path,
    scratch: Path,
    pool: PoolFactory = processes,
    workers: int | None = None,
) -> tuple[Path, pd.DataFrame]:
    """Copy the videos of the slot `footage`, probe each, and hold some out if there are enough.

    Args:
        source: The data set, its block of parameters, and the name of the video to take, if one.
        project: Folder that relative paths start from.
        scratch: Folder of this process.
        pool: Starts the workers that decode.
        workers: Number of workers; None: one per processor.

    Returns:
        The folder with the videos, and their manifest. A video on its own has no split there.

    Raises:
        UserError: If a video is missing or changed, or too many cannot be read.
    """
    folder = scratch / "footage"
    folder.mkdir()
    offered = folder
    if source.video is not None:
        # The source may draw or unpack many videos; only the chosen one is copied.
        offered = scratch / "footage_offered"
        offered.mkdir()
    place = Place(key=f"sources.footage.{source.dataset}", project=project, folder=offered)
    videos = list(videos_of(source, place))
    if source.video is not None:
        videos = [_choose(videos, source.video)]
    if not videos:
        raise UserError(
            f"{place.key}: expected videos, it has none; put some there, or choose others with "
            "`vidpipe use`"
        )
    entries = collect(videos, folder, name="footage_fetch", pool=pool, workers=workers)
    refuse_broken(entries, source.broken, "sources.footage.broken")
    entries = _split(entries, source.test, place.key)
    _report(entries)
    return folder, pd.DataFrame(map(asdict, entries))


def _choose(videos: Sequence[Video], name: str) -> Video:
    """Return the video of that name, with or without its suffix."""
    by_name = {video.name: video for video in sorted(videos, key=lambda video: video.name)}
    for video in by_name.values():
        if name in (video.name, Path(video.name).stem):
            return video
    first_names = ", ".join(list(by_name)[:NAMED]) or "none"
    raise UserError(
        f"sources.footage.video: expected a video of the data set, got {name}; it has "
        f"{len(by_name)}: {first_names}"
    )


def _split(entries: Sequence[Entry], test: float, key: str) -> list[Entry]:
    """Assign videos to `train` and `test`: by official lists, else by a share of enough groups."""
    if len(entries) == 1:
        return [replace(entry, split="") for entry in entries]
    groups = {entry.group for entry in entries if entry.status != BROKEN}
    divided = assign_splits(entries, test if len(groups) >= ENOUGH else 0.0)
    refuse_untrainable(divided, key)
    # Labels are of no matter here.
    warn_of_copies([replace(entry, label="") for entry in divided])
    return divided


def _report(entries: Sequence[Entry]) -> None:
    """Log what the videos are, and the faults of some."""
    faulty = [entry for entry in entries if entry.status in (DAMAGED, BROKEN)]
    for entry in faulty[:NAMED]:
        rest = "; going on with those" if entry.status == DAMAGED else "; going on without it"
        log.warning("%s is %s: %s%s", entry.path, entry.status, entry.reason, rest)
    if len(faulty) > NAMED:
        log.warning("and %d more: all are in the manifest", len(faulty) - NAMED)
    readable = [entry for entry in entries if entry.status != BROKEN]
    for entry in readable[:NAMED]:
        if entry.notes:
            log.info("%s: %s", entry.path, entry.notes)
        log.info(
            "%s: %dx%d, %s at %.3g fps",
            entry.path,
            entry.width,
            entry.height,
            amount(entry.frames, "frame"),
            entry.fps,
        )
    if len(entries) > 1:
        counts = Counter(entry.split for entry in readable)
        log.info(
            "%s to learn from, %d held out whole (that takes %d groups)",
            amount(counts[TRAIN], "video"),
            counts[TEST],
            ENOUGH,
        )
