"""Stage `clips_frames`: many videos as square frames, shot by shot, on all processors."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from vidpipe.config.schema import ClipFrames
from vidpipe.data.extraction import NAMED, extract_all
from vidpipe.data.frames import extract, warn_of_rates
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount

log = logging.getLogger(__name__)
NAME = "clips_frames"  # of the result in `scratch`, and of the finished videos beside `scratch`


def extract_clips(
    videos: Path,
    manifest: pd.DataFrame,
    frames: ClipFrames,
    scratch: Path,
    pool: PoolFactory = processes,
    workers: int | None = None,
) -> Path:
    """Decode each video of the manifest that is not broken, and list the shots in `shots.csv`.

    Args:
        videos: Folder that the manifest's paths start from.
        manifest: Rows of `ingest.Entry`.
        frames: Size, rate and shot detection.
        scratch: Folder of this process.
        pool: Starts the workers that decode.
        workers: Number of workers; None: one per processor.

    Returns:
        The folder with the frames.

    Raises:
        UserError: If no video can be read.
    """
    readable = _drop_broken(videos, manifest)
    warn_of_rates(readable["fps"].astype(float).tolist(), frames.fps, "frames.clips.fps")
    # `quick`: there are many videos, and their frames are small.
    extract_one = partial(
        extract,
        size=frames.size,
        stride=frames.stride,
        fps=frames.fps,
        cut_threshold=frames.cut_threshold,
        quick=True,
    )
    folder = scratch / NAME
    home = scratch.parent / NAME
    shots = extract_all(videos, readable, home, folder, extract_one, pool=pool, workers=workers)
    log.info(
        "%s: %s of %d pixels in %s",
        amount(len({shot.video for shot in shots}), "video"),
        amount(sum(shot.stop - shot.start for shot in shots), "frame"),
        frames.size,
        amount(len(shots), "shot"),
    )
    return folder


def _drop_broken(videos: Path, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are not broken; name the others in the log."""
    is_broken = manifest["status"] == "broken"
    for row in manifest[is_broken].itertuples():
        log.warning("%s is left out, for it is broken: %s", row.path, row.reason)
    if is_broken.all():
        first = manifest.head(NAMED).itertuples()
        reasons = "; ".join(f"{row.path} ({row.reason})" for row in first)
        raise UserError(
            f"{videos}: no video can be read, of {len(manifest)}: {reasons}. The manifest "
            "beside it says why of each; choose others in sources.clips"
        )
    return manifest[~is_broken]
