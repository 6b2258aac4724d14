"""Confidence intervals for scores of overlapping windows."""

from collections.abc import Callable

import numpy as np

FEWEST = 10  # under ten windows an interval says nothing


def interval(
    statistic: Callable[[np.ndarray], np.ndarray],
    count: int,
    *,
    block: int,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float] | None:
    """Percentile interval by moving-block bootstrap (Künsch 1989): neighbours stay together.

    Args:
        statistic: Takes indices (resamples, count), gives a score per resample.
        count: Windows there are.
        block: Neighbours drawn together, as many as depend on each other; at most a third of all.
        resamples: Draws.
        seed: Of the draws.
        level: Share of draws inside the interval.

    Returns:
        Low and high end, or None under ten windows.
    """
    if count < FEWEST:
        return None
    block = max(1, min(block, count // 3))
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, count - block + 1, size=(resamples, -(-count // block)))
    drawn = (starts[..., None] + np.arange(block)).reshape(resamples, -1)[:, :count]
    scores = np.sort(statistic(drawn))
    tail = (1 - level) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
