"""Contact sheet of a data set: a row of frames for each label."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.ingest import BROKEN, Entry
from vidpipe.data.video import Square, decode
from vidpipe.visualization.sheets import grid

COLUMNS = 8  # frames in a row
MAX_ROWS = 120
LARGE = 112  # side of a frame on a page of few rows
SMALL = 64  # the same on a page of many rows
FEW = 30  # rows at most with large frames
FIRST_SECONDS = 4.0  # of a video, from which frames are taken, so that no long one is decoded whole


def contact_sheet(
    entries: Sequence[Entry], folder: Path
) -> UInt8[np.ndarray, "page_height page_width 3"]:
    """Draw frames of as many videos of each label as fit, spread over groups and time.

    Args:
        entries: Rows of the manifest, not all of them broken.
        folder: Folder of the videos.
    """
    videos = defaultdict(list)
    for entry in entries:
        if entry.status != BROKEN:
            videos[entry.label].append(entry)
    labels = sorted(videos)[:MAX_ROWS]
    tile = LARGE if len(labels) <= FEW else SMALL
    rows = [_row(videos[label], folder, tile) for label in labels]
    return grid(rows, names=[label[:32] for label in labels])


def _row(videos: Sequence[Entry], folder: Path, tile: int) -> list[UInt8[np.ndarray, "h w c"]]:
    square = Square(tile)
    row = []
    # Frame n comes from a later video and a later moment than frame n - 1.
    for n in range(COLUMNS):
        video = videos[n * len(videos) // COLUMNS]
        share = (n + 1) / (COLUMNS + 1)
        number = int(share * min(video.frames, FIRST_SECONDS * video.fps))
        row.append(square(next(islice(decode(folder / video.path), number, None))))
    return row
