"""Confidence intervals for scores of overlapping windows."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

MIN_WINDOWS = 10  # below that an interval has no meaning

Resamples = Int[np.ndarray, "resamples n"]
Statistic = Callable[[Resamples], Float[np.ndarray, "resamples"]]


def interval(
    statistic: Statistic,
    count: int,
    *,
    block: int,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float] | None:
    """Percentile interval of a moving-block bootstrap (Künsch 1989).

    Neighbouring windows share frames and depend on each other, so whole blocks are resampled.

    Args:
        statistic: Takes indices of windows, a row per resample, and returns a score per resample.
        count: Number of windows.
        block: Length of a block, the number of windows that depend on each other; at most a third
            of `count` is used.
        resamples: Number of resamples.
        seed: Seed of the resamples.
        level: Coverage of the interval.

    Returns:
        Lower and upper end, or None for fewer than ten windows.
    """
    if count < MIN_WINDOWS:
        return None

    # Draw enough blocks for `count` windows, and cut off what the last one has too many.
    block = max(1, min(block, count // 3))
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, count - block + 1, size=(resamples, -(-count // block)))
    indices = (starts[..., None] + np.arange(block)).reshape(resamples, -1)[:, :count]

    scores = np.sort(statistic(indices))
    tail = (1 - level) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
