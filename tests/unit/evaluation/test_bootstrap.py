import numpy as np
import pytest

from vidpipe.evaluation.bootstrap import interval

OPTIONS = {"resamples": 400, "seed": 0}


def test_under_ten_windows_there_is_no_interval():
    assert interval(lambda drawn: drawn.mean(axis=-1), 9, block=1, **OPTIONS) is None
    assert interval(lambda drawn: drawn.mean(axis=-1), 10, block=1, **OPTIONS) is not None


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        values = rng.normal(size=60)
        low, high = interval(lambda drawn, v=values: v[drawn].mean(axis=-1), 60, block=1, **OPTIONS)
        hits += low < 0 < high
    assert hits / 200 == pytest.approx(0.95, abs=0.05)


def test_blocks_widen_the_interval_of_windows_that_depend_on_each_other():
    values = np.repeat(np.random.default_rng(2).normal(size=12), 5)

    def width(block):
        low, high = interval(lambda drawn: values[drawn].mean(axis=-1), 60, block=block, **OPTIONS)
        return high - low

    assert width(10) > 1.4 * width(1)
