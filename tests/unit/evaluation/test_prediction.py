from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.evaluation import prediction
from vidpipe.evaluation.fidelity import mse
from vidpipe.evaluation.prediction import (
    best_of,
    mean_of,
    predicted_clips,
    prediction_starts,
    score_one_steps,
    score_rollouts,
    windows_of,
)
from vidpipe.evaluation.prediction_metrics import curve

N = 14
DRIFT = torch.linspace(-0.9, 0.9, N).reshape(N, 1, 1, 1).expand(N, 3, 16, 16).clone()
DRIFT += 0.05 * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
STEP = float(DRIFT[1, 0, 0, 0] - DRIFT[0, 0, 0, 0])
ONE_SHOT = np.arange(N, 0, -1)  # the frames that follow each other from each on


def rolling(step):
    """A predictor that feeds back what a function of a window returns."""

    def predictor(window, steps):
        frames = []
        for _ in range(steps):
            frames.append(step(window))
            window = torch.cat([window[:, 1:], frames[-1].unsqueeze(1)], dim=1)
        return torch.stack(frames, dim=1)

    return predictor


def rollout_scores(predictor, *arguments, similarity=("it",), **options):
    """Scores of one predictor alone."""
    return score_rollouts({"it": predictor}, *arguments, similarity=similarity, **options)["it"]


def scored(step, score=rollout_scores, frames=DRIFT, horizons=4, history=1, **options):
    starts = prediction_starts(ONE_SHOT, most=100, history=history)
    ahead = np.minimum(ONE_SHOT[starts] - 1, horizons)
    footage = frames.__getitem__
    return score(rolling(step), footage, starts, ahead, horizons, history=history, **options)


def points(step, *args, **options):
    copies = scored(last, *args, **options)
    return curve(scored(step, *args, **options), copies, resamples=50, seed=0)


def last(window):
    return window[:, -1]


def linear(window):
    """Continue the motion of the last two frames."""
    return 2 * window[:, -1] - window[:, -2]


def errors(frames, reference):
    """Squared errors of several sets of frames, as a distance."""
    return torch.stack([mse(one, reference) for one in frames])


def test_copying_has_no_skill_at_any_horizon():
    for point in points(last):
        assert point.skill == 0
        assert point.psnr == point.copy_last_psnr
        assert (point.skill_low, point.skill_high) == (0, 0)


def test_a_perfect_predictor_has_all_the_skill_there_is():
    for point in points(lambda window: last(window) + STEP):
        assert point.skill > 0.99
        assert point.psnr > point.copy_last_psnr


def test_a_predictor_that_goes_the_wrong_way_has_less_than_none():
    assert all(point.skill < 0 for point in points(lambda window: last(window) - STEP))


def test_starts_thin_out_with_the_horizon_and_the_first_frame_is_never_scored():
    assert [(p.horizon, p.starts) for p in points(last)] == [
        (1, 13),
        (2, 12),
        (3, 11),
        (4, 10),
    ]


def test_a_rollout_feeds_predictions_back_and_one_step_never_does():
    half = lambda window: last(window) + STEP / 2  # noqa: E731
    rolled, stepped = points(half), points(half, score_one_steps)
    assert rolled[0].psnr == pytest.approx(stepped[0].psnr)
    assert rolled[3].psnr < rolled[0].psnr - 6
    assert stepped[3].psnr == pytest.approx(stepped[0].psnr, abs=0.1)
    assert stepped[3].copy_last_psnr == pytest.approx(stepped[0].copy_last_psnr, abs=0.1)


def test_the_best_of_several_futures_is_the_best_from_each_start():
    turning = DRIFT.clone()
    turning[7:] = DRIFT[7:].flip(0) - DRIFT[7:].flip(0)[0] + DRIFT[6]
    futures = [
        scored(lambda window, sign=sign: last(window) + sign * STEP, frames=turning, horizons=2)
        for sign in (1, -1)
    ]
    best = best_of(futures)
    errors = np.stack([each.error for each in futures])
    sums = np.nansum(errors, axis=2)
    assert sums.argmin(0)[0] != sums.argmin(0)[-1]
    np.testing.assert_array_equal(np.nansum(best.error, axis=1), sums.min(0))
    chosen = futures[sums.argmin(0)[-1]]
    np.testing.assert_array_equal(best.motion[-1], chosen.motion[-1])
    np.testing.assert_array_equal(best_of(futures[:1]).error, futures[0].error)
    np.testing.assert_array_equal(mean_of(futures).error, errors.mean(0))


def test_a_future_that_has_diverged_is_never_the_best():
    good = scored(last)
    diverged = scored(lambda window: last(window) * float("nan"))
    for futures in ([diverged, good], [good, diverged]):
        np.testing.assert_array_equal(best_of(futures).error, good.error)


def test_one_step_asks_for_each_frame_once():
    asked = []

    def step(window):
        asked.extend(window[:, -1, 0, 0, 0].tolist())
        return last(window)

    points(step, score_one_steps)
    assert len(asked) == len(set(asked)) == N - 1


def test_under_ten_starts_a_score_comes_without_an_interval():
    point = points(lambda window: last(window) + STEP, horizons=6)[-1]
    assert point.starts == 8
    assert point.skill_low is None


def test_no_more_starts_than_asked_for_are_taken_evenly():
    starts = prediction_starts(np.arange(101, 0, -1), most=5)
    assert starts.tolist() == [0, 25, 50, 74, 99]


def test_windows_end_with_their_frames_the_oldest_first():
    windows = windows_of(DRIFT.__getitem__, np.array([4, 9]), 3)
    assert torch.equal(windows, torch.stack([DRIFT[2:5], DRIFT[7:10]]))


def test_two_frames_show_the_motion_that_one_does_not():
    for score in (rollout_scores, score_one_steps):
        for point in points(linear, score, history=2):
            assert point.skill > 0.99
    assert points(linear, history=2)[0].starts == N - 2


@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=6), history=st.integers(1, 5))
def test_a_start_ends_a_window_and_a_frame_follows_it(lengths, history):
    # A run of no frames is a frame of another split.
    runs = np.concatenate([np.arange(length, 0, -1) if length else [0] for length in lengths])
    starts = prediction_starts(runs, most=100, history=history)
    spans = (runs[start - history + 1 : start + 2] for start in starts)
    assert all(len(span) == history + 1 and (np.diff(span) == -1).all() for span in spans)
    assert len(starts) == sum(max(length - history, 0) for length in lengths)


def test_clips_of_a_start_are_as_long_and_only_rollouts_feed_back():
    half = rolling(lambda window: last(window) + STEP / 2)
    shown = {"rollout": half, "copy last": rolling(last)}
    clips = predicted_clips(shown, DRIFT.__getitem__, 3, 4, history=1)
    assert list(clips) == ["real", "one-step", "rollout", "copy last"]
    assert torch.equal(clips["real"], DRIFT[4:8])
    assert torch.equal(clips["copy last"], DRIFT[3:4].expand(4, -1, -1, -1))
    torch.testing.assert_close(clips["one-step"], DRIFT[3:7] + STEP / 2)
    torch.testing.assert_close(clips["rollout"][-1], DRIFT[3] + 2 * STEP)


def test_sharpness_and_motion_stand_beside_those_of_the_real_frames():
    same = scored(lambda window: last(window) + STEP)
    reached = ~np.isnan(same.error)
    np.testing.assert_allclose(same.sharpness[reached], same.real_sharpness[reached], rtol=1e-4)
    blurred = scored(lambda window: window[:, -1].mean((2, 3), keepdim=True).expand(-1, -1, 16, 16))
    assert not blurred.sharpness[reached].any()
    np.testing.assert_array_equal(blurred.real_sharpness, same.real_sharpness)


@pytest.mark.parametrize(("step", "share"), [(0.0, 0.0), (0.29, 0.0), (0.31, 1.0)])
def test_motion_is_counted_from_one_predicted_frame_to_the_next(step, share):
    scores = scored(lambda window: last(window) + step)
    assert np.nanmax(scores.motion) == np.nanmin(scores.motion) == share
    assert not np.nanmax(scores.real_motion)


def test_what_takes_long_is_measured_only_where_it_is_asked_for(monkeypatch):
    plain = scored(last)
    assert not plain.perceptual
    assert plain.ssim is not None
    assert scored(last, similarity=()).ssim is None

    # Of thirteen starts, every third is measured, where the footage goes on so far.
    monkeypatch.setattr(prediction, "DISTANCE_STARTS", 5)
    found = scored(last, distances={"mse": errors}, distance_at=(1, 3))
    measured = ~np.isnan(found.perceptual["mse"])
    rows = np.arange(13) % 3 == 0
    np.testing.assert_array_equal(
        measured[:, [0, 2]], rows[:, None] & ~np.isnan(found.error[:, [0, 2]])
    )
    assert not measured[:, [1, 3]].any()
    np.testing.assert_array_equal(found.perceptual["mse"][measured], found.error[measured])


def test_predictors_scored_together_have_the_bits_of_each_alone():
    steps = {"last": last, "linear": linear, "half": lambda window: window[:, -1] / 2}
    predictors = {name: rolling(step) for name, step in steps.items()}
    starts = prediction_starts(ONE_SHOT, most=100, history=2)
    ahead = np.minimum(ONE_SHOT[starts] - 1, 4)
    real_seen = []

    def distance(frames, reference):
        real_seen.append(len(reference))
        return errors(frames, reference)

    options = {"history": 2, "distance_at": (1, 4), "similarity": ("linear",)}
    arguments = (DRIFT.__getitem__, starts, ahead, 4)
    together = score_rollouts(predictors, *arguments, distances={"mse": distance}, **options)
    assert len(real_seen) == 2, "the real frames of a horizon are handed over once"
    for name, predictor in predictors.items():
        own = {name: predictor}
        alone = score_rollouts(own, *arguments, distances={"mse": distance}, **options)[name]
        for field in fields(alone):
            left, right = (getattr(scores, field.name) for scores in (together[name], alone))
            np.testing.assert_equal(left, right)
    assert together["linear"].ssim is not None
    assert together["last"].ssim is None
