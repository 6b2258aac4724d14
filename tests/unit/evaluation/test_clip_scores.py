import logging
import math

import numpy as np
import pytest
import torch
from support import moving_clips as moving

from vidpipe.data.clip_arrays import ReferenceClips, stretches
from vidpipe.evaluation.clip_measures import clip_statistics
from vidpipe.evaluation.clip_scores import (
    COPY_FIRST,
    GENERATED,
    HELD_OUT,
    NOISE,
    check_halves,
    clip_metrics,
    metrics_table,
    with_baselines,
)
from vidpipe.utils.errors import UserError


@pytest.fixture(scope="module")
def arrays():
    return moving.packed(videos=16, groups=4)


@pytest.fixture(scope="module")
def numbers(arrays):
    train_clips, held_out = (stretches(arrays, split, frames=8) for split in ("train", "test"))
    generated, _ = moving.clips(40, seed=9)
    sets = with_baselines(generated, generated[:, 0], held_out, torch.Generator().manual_seed(0))
    statistics = {suffix: clip_statistics(clips) for suffix, clips in sets.items()}
    of_train = clip_statistics(torch.from_numpy(train_clips.pixels))
    return clip_metrics(statistics, of_train, train_clips.video, seed=0)


def test_every_score_stands_beside_those_of_real_clips_of_stills_and_of_noise(numbers):
    for name in ("frechet_frames", "frechet_diff", "frechet_diff_gated"):
        assert {f"{name}{suffix}" for suffix in (GENERATED, HELD_OUT, COPY_FIRST, NOISE)} <= set(
            numbers
        )
        assert 0 < numbers[f"{name}_floor"] < numbers[f"{name}_noise"]
    assert {"freezing_rate_real", "flicker_real", "diversity_real", "nearest_train"} <= set(numbers)
    for name in ("motion_ratio_06", "motion_ratio_25", "background_drift", "actor_drift"):
        assert {f"{name}{suffix}" for suffix in ("", "_held_out", "_copy_first", "_noise")} <= set(
            numbers
        )
    assert {"background_drift_real", "actor_drift_real", "nearest_train_held_out"} <= set(numbers)
    assert (numbers["samples"], numbers["seen"], numbers["held_out"]) == (40, 156, 52)
    assert all(math.isfinite(number) for number in numbers.values())


def test_stills_are_frozen_and_noise_is_not(numbers):
    assert numbers["freezing_rate_copy_first"] == 1
    assert numbers["motion_ratio_copy_first"] == 0
    assert numbers["freezing_rate_noise"] == 0
    assert numbers["motion_ratio_noise"] > 5
    assert numbers["frechet_diff_copy_first"] > numbers["frechet_diff_held_out"]


def test_the_table_has_a_row_for_each_and_its_numbers(numbers):
    page = metrics_table(numbers).set_index("clips")
    titles = ["made", "seen", "held out", "floor", "copy of the first frame", "noise"]
    assert page.index.tolist() == titles
    assert page.loc["noise", "motion_ratio"] == round(numbers["motion_ratio_noise"], 5)
    assert page.loc["floor", "frechet_diff"] == round(numbers["frechet_diff_floor"], 5)
    assert np.isnan(page.loc["floor", "flicker"])


def test_without_clips_for_testing_their_row_is_left_out(arrays, caplog):
    generated, _ = moving.clips(4)
    none = stretches(arrays | {"split": np.full(len(arrays["split"]), "train")}, "test", frames=8)
    with caplog.at_level(logging.WARNING):
        sets = with_baselines(generated, generated[:, 0], none, torch.Generator())
    assert set(sets) == {GENERATED, COPY_FIRST, NOISE}
    assert "no clips are for testing" in caplog.text


def real_of(*videos):
    return ReferenceClips(
        np.zeros((len(videos), 2, 4, 4, 3), np.uint8), *2 * [np.array(videos, int)]
    )


@pytest.mark.parametrize("videos", [[], [0] * 9, [0, 1], [0, 1, 2]])
def test_clips_that_cannot_be_halved_by_video_are_refused(videos):
    with pytest.raises(UserError, match=r"clips\.npz: expected clips.*lower sources\.clips\.test"):
        check_halves(real_of(*videos), 2)


def test_fewer_real_clips_than_samples_are_told(caplog):
    with caplog.at_level(logging.WARNING):
        real = real_of(*[0] * 100, *[1] * 100)
        check_halves(real, 100)
        check_halves(real_of(0, 0, 0, 1, 1, 1), 99)  # too few for any score
        assert not caplog.text
        check_halves(real, 101)
    assert "those of 100 samples, not of 101" in caplog.text
