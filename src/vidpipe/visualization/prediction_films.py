"""Films and the sheet of next-frame prediction: real frames beside one-step, rollout, copy-last."""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.data.video import encode
from vidpipe.evaluation.prediction_metrics import REPORTED
from vidpipe.visualization.sheets import gif, grid, png

Clips = Mapping[str, UInt8[np.ndarray, "t h w c"]]  # of one split, by the titles of the columns
Page = UInt8[np.ndarray, "height width 3"]

COLUMNS = ["real", "one-step", "rollout", "copy last"]
TITLES = {SEEN: "seen", HELD_OUT: "held out"}
TILE = 256  # pixels of a side, in the MP4
GIF_TILE = 128
SHEET_TILE = 112


def draw_films(clips: Mapping[str, Clips], *, fps: int) -> dict[str, bytes]:
    """Return `samples.mp4`, `samples.gif` and `samples.png` as files by name.

    Args:
        clips: Clips by split.
        fps: Frames per second.
    """
    return {
        "samples.mp4": encode(list(_pages(clips, tile=TILE)), fps=fps),
        "samples.gif": gif(list(_pages(clips, tile=GIF_TILE)), fps=fps),
        "samples.png": png(horizon_sheet(clips)),
    }


def horizon_sheet(clips: Mapping[str, Clips]) -> Page:
    """Return a page with the frames at the reported horizons, a row for each split and method."""
    rows = []
    names = []
    for split, of_split in clips.items():
        # A short split does not reach all horizons.
        horizons = [h for h in REPORTED if h <= len(of_split["real"])]
        for method in COLUMNS:
            rows.append([of_split[method][h - 1] for h in horizons])
            names.append(f"{TITLES[split]}: {method}")
    columns = [f"+{h}" for h in REPORTED][: max(map(len, rows))]
    return grid(rows, columns=columns, names=names, tile=SHEET_TILE)


def _pages(clips: Mapping[str, Clips], *, tile: int) -> Iterator[Page]:
    """Yield a page for each frame; clips that end first stand still on their last."""
    names = [TITLES[split] for split in clips]
    for t in range(max(len(of_split["real"]) for of_split in clips.values())):
        rows = [
            [of_split[method][min(t, len(of_split["real"]) - 1)] for method in COLUMNS]
            for of_split in clips.values()
        ]
        yield grid(rows, columns=COLUMNS, names=names, tile=tile)
