"""Stage `footage_frames`: the video as square frames, shot by shot."""

import logging
from pathlib import Path

import pandas as pd

from vidpipe.config.schema import Frames
from vidpipe.data.files import inside
from vidpipe.data.frames import extract, write_shots

log = logging.getLogger(__name__)


def extract_footage(videos: Path, manifest: pd.DataFrame, frames: Frames, scratch: Path) -> Path:
    """Decode each video of the manifest into one packed file, and list the shots in `shots.csv`.

    Args:
        videos: Folder that the manifest's paths start from.
        manifest: Rows of `ingest.Entry`.
        frames: Size, rate and shot detection.
        scratch: Folder of this process.

    Returns:
        The folder with the frames.
    """
    video_fps = manifest["fps"].max()
    if frames.fps and frames.fps > video_fps:
        log.warning(
            "frames.footage.fps: %g is above the video's own %g: frames will stand more than once",
            frames.fps,
            video_fps,
        )
    folder = scratch / "frames"
    folder.mkdir()
    # One video after the other: the slot has one.
    shots = [
        shot
        for name in manifest["path"]
        for shot in extract(
            inside(videos, name),
            folder,
            size=frames.size,
            stride=frames.stride,
            fps=frames.fps,
            cut_threshold=frames.cut_threshold,
        )
    ]
    log.info(
        "%d frames of %d pixels in %d shots",
        sum(shot.stop - shot.start for shot in shots),
        frames.size,
        len(shots),
    )
    write_shots(folder, shots)
    return folder
