"""Films and the sheet of next-frame prediction: real frames beside predictors'."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.splits import HELD_OUT, SEEN, UNSEEN
from vidpipe.data.video import encode
from vidpipe.evaluation.prediction_metrics import REPORTED
from vidpipe.visualization.animation import gif, with_pause
from vidpipe.visualization.sheets import BACKGROUND, grid, png

Clips = Mapping[str, UInt8[np.ndarray, "t h w c"]]  # of one split, by the titles of the columns
Frame = UInt8[np.ndarray, "h w c"]
Page = UInt8[np.ndarray, "height width 3"]

COLUMNS = ["real", "one-step", "rollout", "flow", "copy last"]
TITLES = {SEEN: "seen", HELD_OUT: "held out", UNSEEN: "unseen video"}
TILE = 256  # pixels of a side, in the MP4
GIF_TILE = 128
SHEET_TILE = 112
MAX_ENLARGED = 3  # times, of a continuation
MAX_SIDE = 512  # pixels of a side that is enlarged, at most


def draw_films(clips: Mapping[str, Clips], *, fps: int) -> dict[str, bytes]:
    """Return `samples.mp4`, `samples.gif` and `samples.png` as files by name.

    Args:
        clips: Clips by split.
        fps: Frames per second.
    """
    return {
        "samples.mp4": encode(with_pause(list(_pages(clips, tile=TILE)), fps), fps=fps),
        "samples.gif": gif(with_pause(list(_pages(clips, tile=GIF_TILE)), fps), fps=fps),
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


def enlargement(size: int) -> int:
    """Return how many times as large frames of a size are shown, so that small ones are seen."""
    return max(1, min(MAX_ENLARGED, MAX_SIDE // size))


def continuation_film(
    start: Frame, predicted: Sequence[Frame], real: Sequence[Frame]
) -> Iterator[Page]:
    """Yield a page for the start and for each predicted frame, which say what is real.

    Args:
        start: The real frame that predictions start from.
        predicted: The frames that were predicted after it.
        real: The real frames after it, shown beside the predicted ones; there may be fewer or none.
    """
    tile = enlargement(len(start)) * len(start)
    over = np.full_like(start, BACKGROUND)
    for step, frame in enumerate([start, *predicted]):
        tiles = [frame]
        titles = [f"predicted +{step}" if step else "real: the start"]
        if real:
            truth = [start, *real][step : step + 1]
            tiles += truth or [over]
            titles.append(f"real +{step}" if truth else "the video has ended")
        yield grid([tiles], columns=titles, tile=tile)


def _pages(clips: Mapping[str, Clips], *, tile: int) -> Iterator[Page]:
    """Yield a page for each frame; clips that end first stand still on their last."""
    names = [TITLES[split] for split in clips]
    for t in range(max(len(of_split["real"]) for of_split in clips.values())):
        rows = [
            [of_split[method][min(t, len(of_split["real"]) - 1)] for method in COLUMNS]
            for of_split in clips.values()
        ]
        yield grid(rows, columns=COLUMNS, names=names, tile=tile)
