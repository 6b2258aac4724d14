"""A contact sheet of a data set: a row per label, a few frames of its videos in each."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.ingest import BROKEN, Entry
from vidpipe.data.video import Square, decode
from vidpipe.visualization.sheets import grid

ACROSS = 8  # frames in a row
MOST = 120  # rows
LARGE, SMALL, FEW = 112, 64, 30  # sides of a frame on the page: many rows have small ones
SOON = 4.0  # seconds of a video that frames are taken from: long ones are not decoded whole


def contact_sheet(
    entries: Sequence[Entry], folder: Path
) -> UInt8[np.ndarray, "page_height page_width 3"]:
    """Frames of as many videos of each label as fit, spread over their groups and their time.

    Args:
        entries: Rows of the manifest, not all of them broken.
        folder: Of the videos.
    """
    videos = defaultdict(list)
    for entry in entries:
        if entry.status != BROKEN:
            videos[entry.label].append(entry)
    labels = sorted(videos)[:MOST]
    tile = LARGE if len(labels) <= FEW else SMALL
    rows = [_row(videos[label], folder, tile) for label in labels]
    return grid(rows, names=[label[:32] for label in labels])


def _row(videos: Sequence[Entry], folder: Path, tile: int) -> list[UInt8[np.ndarray, "h w c"]]:
    square = Square(tile)
    row = []
    for n in range(ACROSS):
        video, moment = videos[n * len(videos) // ACROSS], (n + 1) / (ACROSS + 1)
        number = int(moment * min(video.frames, SOON * video.fps))
        row.append(square(next(islice(decode(folder / video.path), number, None))))
    return row
