"""Stage `footage_fetch`: one video for prediction, and its manifest."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from vidpipe.config.datasets import FootageSource
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.datasets.registry import SOURCES
from vidpipe.data.ingest import BROKEN, DAMAGED, collect
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
NAMED = 5  # videos named in a message, of many


def fetch_footage(
    source: FootageSource, project: Path, scratch: Path, *, pool: PoolFactory = processes
) -> tuple[Path, pd.DataFrame]:
    """Copy the one video of the slot `footage` and probe it.

    Args:
        source: The data set, its block of parameters, and the video's name.
        project: Folder that relative paths start from.
        scratch: Folder of this process.
        pool: Starts the worker that decodes.

    Returns:
        The folder with the video, and its manifest.

    Raises:
        UserError: If the video is missing, changed, or nothing of it can be read.
    """
    # The source may draw or unpack many videos; only the chosen one is copied.
    offered = scratch / "footage_offered"
    offered.mkdir()
    folder = scratch / "footage"
    folder.mkdir()
    place = Place(key=f"sources.footage.{source.dataset}", project=project, folder=offered)
    videos = list(SOURCES[source.dataset](**source.block, place=place))
    video = _choose(videos, source.video)
    (entry,) = collect([video], folder, name="footage_fetch", pool=pool)
    if entry.status == BROKEN:
        raise UserError(entry.reason)
    if entry.status == DAMAGED:
        log.warning("%s is damaged: %s; going on with those", entry.path, entry.reason)
    if entry.notes:
        log.info("%s: %s", entry.path, entry.notes)
    log.info(
        "%s: %dx%d, %d frames at %.3g fps",
        entry.path,
        entry.width,
        entry.height,
        entry.frames,
        entry.fps,
    )
    return folder, pd.DataFrame([asdict(entry)])


def _choose(videos: Sequence[Video], name: str | None) -> Video:
    """Return the video of that name, with or without its suffix, else the first."""
    by_name = {video.name: video for video in sorted(videos, key=lambda video: video.name)}
    # Without a name, take the first of the sorted names.
    if name is None and by_name:
        if len(by_name) > 1:
            log.info("the first of %d videos; sources.footage.video names another", len(by_name))
        return next(iter(by_name.values()))
    for video in by_name.values():
        if name in (video.name, Path(video.name).stem):
            return video
    first_names = ", ".join(list(by_name)[:NAMED]) or "none"
    raise UserError(
        f"sources.footage.video: expected a video of the data set, got {name}; it has "
        f"{len(by_name)}: {first_names}"
    )
