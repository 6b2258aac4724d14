"""Stage `footage_frames`: videos as square frames, shot by shot."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from vidpipe.config.schema import Frames
from vidpipe.data.files import inside
from vidpipe.data.frames import Shot, extract, warn_of_rates, write_shots
from vidpipe.data.workers import Failure, PoolFactory, map_ordered, processes, processors
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount
from vidpipe.utils.progress import progress

log = logging.getLogger(__name__)


def extract_footage(
    videos: Path,
    manifest: pd.DataFrame,
    frames: Frames,
    scratch: Path,
    pool: PoolFactory = processes,
    workers: int | None = None,
) -> Path:
    """Decode each video of the manifest into a packed file, and list the shots in `shots.csv`.

    Broken videos, and those that are in neither split, are left out.

    Args:
        videos: Folder that the manifest's paths start from.
        manifest: Rows of `ingest.Entry`.
        frames: Size, rate and shot detection.
        scratch: Folder of this process.
        pool: Starts the workers that decode, where there are several videos.
        workers: Number of workers; None: one per processor.

    Returns:
        The folder with the frames.

    Raises:
        UserError: If a video cannot be read.
    """
    alone = len(manifest) == 1  # and in no split
    manifest = manifest[(manifest["status"] != "broken") & (alone | (manifest["split"] != ""))]
    warn_of_rates(manifest["fps"].astype(float).tolist(), frames.fps, "frames.footage.fps")
    folder = scratch / "frames"
    folder.mkdir()
    extract_one = partial(
        extract,
        folder=folder,
        size=frames.size,
        stride=frames.stride,
        fps=frames.fps,
        cut_threshold=frames.cut_threshold,
    )
    paths = [inside(videos, name) for name in manifest["path"]]
    shots = _extract_all(paths, extract_one, pool=pool, workers=workers or processors())
    log.info(
        "%s of %d pixels in %s",
        amount(sum(shot.stop - shot.start for shot in shots), "frame"),
        frames.size,
        amount(len(shots), "shot"),
    )
    write_shots(folder, shots)
    return folder


def _extract_all(
    paths: list[Path], extract_one: partial[list[Shot]], *, pool: PoolFactory, workers: int
) -> list[Shot]:
    """Extract videos side by side, one in this process; return their shots in order."""
    if len(paths) == 1:
        return extract_one(paths[0])
    results = map_ordered(extract_one, paths, pool=pool, workers=min(workers, len(paths)))
    results = progress(results, total=len(paths), name="frames", unit="video")
    shots = list[Shot]()
    for path, result in zip(paths, results, strict=True):
        if isinstance(result, Failure):
            raise UserError(f"{path}: {result.reason}; take it out of the set")
        shots += result
    return shots
