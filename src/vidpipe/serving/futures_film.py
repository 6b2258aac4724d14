"""Film of several futures that were predicted from one start."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from vidpipe.visualization.prediction_films import Frame, Page, enlargement
from vidpipe.visualization.sheets import BACKGROUND, grid


def futures_film(
    start: Frame, futures: Sequence[Sequence[Frame]], real: Sequence[Frame]
) -> Iterator[Page]:
    """Yield a page for the start and for each step: all futures side by side, and the real frame.

    Args:
        start: The real frame that predictions start from.
        futures: The frames that were predicted after it, equally many of each.
        real: The real frames after it; there may be fewer or none.
    """
    tile = enlargement(len(start)) * len(start)
    names = [str(number) for number in range(1, len(futures) + 1)]
    yield grid([[start] * (len(futures) + bool(real))], columns=["real: the start"], tile=tile)

    steps = list(zip(*futures, strict=True))
    for step, (tiles, truth) in enumerate(zip_longest(steps, real[: len(steps)]), start=1):
        titles = [f"{name}: predicted +{step}" for name in names]
        shown = list(tiles)
        if real:
            shown.append(np.full_like(start, BACKGROUND) if truth is None else truth)
            titles.append("the video has ended" if truth is None else f"real +{step}")
        yield grid([shown], columns=titles, tile=tile)
