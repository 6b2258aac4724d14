"""Stage `clips_frames`: many videos as square frames, shot by shot, on all processors."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from vidpipe.config.schema import ClipFrames
from vidpipe.data.extraction import NAMED, extract_all
from vidpipe.data.frames import extract
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
HALF_DONE = "clips_frames"  # beside the scratch folders of processes


def extract_clips(videos: Path, manifest: pd.DataFrame, frames: ClipFrames, scratch: Path) -> Path:
    """Decode each video of the manifest that is not broken, and list the shots in `shots.csv`.

    Raises:
        UserError: If no video can be read.
    """
    broken = manifest[manifest["status"] == "broken"]
    for row in broken.itertuples():
        log.warning("%s is left out, for it is broken: %s", row.path, row.reason)
    readable = manifest[manifest["status"] != "broken"]
    if readable.empty:
        some = "; ".join(f"{row.path} ({row.reason})" for row in broken.head(NAMED).itertuples())
        raise UserError(
            f"{videos}: all of its {len(broken)} videos are broken: {some}. The manifest beside it "
            "says why of each; choose others in sources.clips"
        )
    folder = scratch / "clips_frames"
    make = partial(
        extract,
        size=frames.size,
        stride=frames.stride,
        fps=frames.fps,
        cut_threshold=frames.cut_threshold,
        quick=True,
    )
    home = scratch.parent / HALF_DONE
    shots = extract_all(videos, readable, home, folder, make)
    log.info(
        "%d videos: %d frames of %d pixels in %d shots",
        len({shot.video for shot in shots}),
        sum(shot.stop - shot.start for shot in shots),
        frames.size,
        len(shots),
    )
    return folder
