"""Find frames that are woven of two fields, of two moments, though no flag says so.

Where something moves, every other row is of another moment: a comb. Only NumPy is used, in whole
numbers, so that the answer is the same on every processor.
"""

from collections import deque

import numpy as np
from jaxtyping import Int16, UInt8

COLUMNS = 32  # that are looked at, at most, of each frame
ACROSS = 4  # pixels of a row that are averaged: a comb is wider, a pattern of dots is not
CONTRAST = 16  # of a tooth against the rows above and below, of 255
DISTINCT = 4  # times that contrast against that of rows of the same field
MARGIN = 4  # rows that have too few beside them
SHARE = 0.002  # of the pixels that are in combs, in a woven frame
FEWEST = 16  # such pixels
AHEAD = 12  # frames that are looked at before one is judged
SHORTEST, TALLEST = 240, 1088  # rows of woven footage
ENOUGH = 4  # woven frames among these
LASTS = 50  # frames that footage stays woven after that, for combs show only where there is motion

TOP_FIRST, BOTTOM_FIRST = "tff", "bff"  # as FFmpeg calls the order of fields


class CombDetector:
    """Judge a film, frame by frame, from the luma of each."""

    def __init__(self) -> None:
        self.previous: np.ndarray | None = None
        self.woven = deque[bool](maxlen=AHEAD)
        self.errors = np.zeros(2)  # of the even and of the odd rows, in all woven frames
        self.left = 0

    def __call__(self, luma: UInt8[np.ndarray, "h w"]) -> str:
        """Return the order of fields if the film is woven around here, else nothing.

        Args:
            luma: Of the frame that comes next.
        """
        thin = _thin(luma)
        previous = self.previous
        self.previous = thin
        even = odd = 0
        if previous is not None and previous.shape == thin.shape and len(thin) > MARGIN:
            even, odd = _errors(thin, previous)
        self.woven.append(2 * min(even, odd) < max(even, odd))
        if self.woven[-1]:
            self.errors += np.array([even, odd])
        self.left = LASTS if sum(self.woven) >= ENOUGH else max(self.left - 1, 0)
        if not self.left:
            return ""
        return TOP_FIRST if self.errors[0] < self.errors[1] else BOTTOM_FIRST


def _errors(
    thin: Int16[np.ndarray, "h columns"], previous: Int16[np.ndarray, "h columns"]
) -> tuple[int, int]:
    """Return by how much the even and the odd rows of combs differ from the frame before.

    The field that comes first is half a frame later than the other of the frame before, the second
    one a frame and a half. In combs that are none, both differ alike.

    Returns:
        Both sums; zeros where there are too few combs.
    """
    combs = _combs(thin, previous)
    if int(combs.sum()) <= max(SHARE * combs.size, FEWEST):
        return 0, 0
    error = np.abs(2 * thin[2:-2] - previous[1:-3] - previous[3:-1]) * combs
    return int(error[::2].sum()), int(error[1::2].sum())


def _thin(luma: UInt8[np.ndarray, "h w"]) -> Int16[np.ndarray, "h columns"]:
    """Average a few pixels of each row, at even distances."""
    width = luma.shape[1] // ACROSS * ACROSS
    step = ACROSS * max(1, -(-width // (ACROSS * COLUMNS)))
    total = luma[:, 0:width:step].astype(np.int16)
    for offset in range(1, ACROSS):
        total += luma[:, offset:width:step]
    return total // ACROSS


def _combs(
    thin: Int16[np.ndarray, "h columns"], previous: Int16[np.ndarray, "h columns"]
) -> np.ndarray:
    """Mark pixels that differ from the rows beside them, not from those of their field, and move.

    A line, or the edge of a thing, differs from the rows of its field as well; and a fine pattern
    stands still.
    """
    row = 2 * thin[2:-2]
    beside = np.abs(row - thin[1:-3] - thin[3:-1])
    same_field = np.abs(row - thin[:-4] - thin[4:])
    moved = np.abs(thin - previous) > CONTRAST
    moves = moved[1:-3] | moved[2:-2] | moved[3:-1]
    return (beside > 2 * CONTRAST) & (beside > DISTINCT * same_field) & moves
