"""Stage `footage_frames`: the video as square frames, shot by shot."""

import logging
from pathlib import Path

import pandas as pd

from vidpipe.config.schema import Frames
from vidpipe.data.files import inside
from vidpipe.data.frames import extract, write_shots

log = logging.getLogger(__name__)


def extract_footage(videos: Path, manifest: pd.DataFrame, frames: Frames, scratch: Path) -> Path:
    """Decode each video of the manifest into one packed file, and list the shots in `shots.csv`."""
    if frames.fps and frames.fps > manifest["fps"].max():
        log.warning(
            "frames.footage.fps: %g is above the video's own %g: frames will stand more than once",
            frames.fps,
            manifest["fps"].max(),
        )
    folder = scratch / "frames"
    folder.mkdir()
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
        sum(s.stop - s.start for s in shots),
        frames.size,
        len(shots),
    )
    write_shots(folder, shots)
    return folder
