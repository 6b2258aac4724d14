from dataclasses import replace

import numpy as np
import pytest
import torch
from support.moving_pictures import drifting

from vidpipe.evaluation import prediction_metrics
from vidpipe.evaluation.fidelity import mse
from vidpipe.evaluation.prediction import Scores
from vidpipe.evaluation.prediction_baselines import baselines, blur_copies, copy_last
from vidpipe.evaluation.prediction_metrics import ROLLOUT_SCORES, curve, evaluate_split

NOISE = torch.rand(14, 3, 32, 32, generator=torch.Generator().manual_seed(0))
OPTIONS = {"split": "seen", "starts": 4, "horizons": 3, "resamples": 5, "seed": 0, "history": 1}
NEWEST = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
RIVALS = ("blurred_copy", "mean_mix", "constant_flow", "fitted_flow")


DISTANCES = ("st_lpips", "lpips")


def errors(frames, reference):
    """Squared errors of several sets of frames, as a distance."""
    return torch.stack([mse(one, reference) for one in frames])


def evaluated(runs=None, model=copy_last, frames=NOISE, distances=None, **changes):
    def footage(index):
        return frames[torch.from_numpy(index)]

    runs = np.arange(len(frames), 0, -1) if runs is None else runs
    rivals = baselines(frames.mean(0), NEWEST)
    options = {**OPTIONS, "distances": distances or {}, **changes}
    return evaluate_split(model, rivals, footage, runs, **options)


@pytest.fixture
def _without_perception(monkeypatch):
    """ST-RRED starts a process of its own."""
    monkeypatch.setattr(
        prediction_metrics.perceptual, "strred", lambda real, clips: [0.0] * len(clips)
    )


def test_a_split_has_metrics_curves_and_clips_of_both_methods():
    result = evaluated()
    assert result.metrics["starts.seen"] == 4
    assert result.metrics["rollout.seen.h1.skill"] == 0
    assert {name: len(curve) for name, curve in result.curves.items()} == {
        "one_step": 3,
        "rollout": 3,
    }
    assert list(result.clips) == ["real", "one-step", "rollout", "flow", "copy last"]
    assert all(clip.shape == (3, 32, 32, 3) for clip in result.clips.values())
    assert "rollout.seen.strred" in result.metrics


@pytest.mark.parametrize("frames", [0, 1])
def test_a_split_without_a_window_has_no_starts_and_no_clips(frames):
    result = evaluated((np.arange(14) == frames - 1).astype(int))
    assert result.metrics == {"starts.seen": 0}
    assert not result.clips
    assert not result.curves


@pytest.mark.usefixtures("_without_perception")
def test_the_best_of_several_futures_stands_beside_their_mean():
    def ahead(steps):
        return lambda window, count: copy_last(window, count) + 0.1 * steps

    frames = NOISE / 2 + 0.1 * torch.arange(14)[:, None, None, None]
    options = {"frames": frames, "distances": {"st_lpips": errors}, "starts": 14}
    alone = evaluated(**options).metrics
    result = evaluated(**options, futures=[ahead(1), ahead(2)])
    added = {name for name in set(result.metrics) - set(alone) if "h1." in name}
    kinds = [
        f"{kind}_{score}"
        for kind in ("best_of_2", "mean_future")
        for score in ("skill", "st_lpips")
    ]
    assert added == {f"rollout.seen.h1.{kind}" for kind in kinds}
    assert {name: result.metrics[name] for name in alone} == alone
    best, mean = (
        result.metrics[f"rollout.seen.h2.{kind}_skill"] for kind in ("best_of_2", "mean_future")
    )
    assert best > mean > alone["rollout.seen.h2.skill"]
    assert "best_of_2_skill" in result.curves["rollout"]


@pytest.mark.usefixtures("_without_perception")
def test_every_score_is_named_and_every_rival_stands_beside_it():
    result = evaluated(distances=dict.fromkeys(DISTANCES, errors), starts=14)
    always = set(ROLLOUT_SCORES) - {"motion", "skill_low", "skill_high"}
    for horizon in (1, 2):
        prefix = f"rollout.seen.h{horizon}."
        names = {name.removeprefix(prefix) for name in result.metrics if name.startswith(prefix)}
        wanted = always | {f"{name}_skill" for name in RIVALS}
        for distance in DISTANCES:
            wanted |= {f"{name}_{distance}" for name in ("copy_last", *RIVALS)}
        assert names >= wanted
    assert not any(name.startswith("rollout.seen.h3") for name in result.metrics)
    one_step = {"psnr", "copy_last_psnr", "ssim", "copy_last_ssim", "sharpness", "pairs"}
    assert {f"one_step.seen.{name}" for name in one_step} <= set(result.metrics)
    assert {f"{name}_skill" for name in RIVALS} <= set(result.curves["rollout"].columns)
    assert "copy_last_skill" not in result.curves["rollout"].columns


@pytest.mark.usefixtures("_without_perception")
def test_without_a_perceptual_distance_nothing_is_said_of_it():
    result = evaluated()
    assert not [name for name in result.metrics if "lpips" in name]
    assert all("lpips" not in curve.columns for curve in result.curves.values())


@pytest.mark.usefixtures("_without_perception")
def test_one_distance_has_its_own_scores_and_its_own_column():
    result = evaluated(distances={"lpips": errors})
    assert result.metrics["rollout.seen.h1.lpips"] > 0
    assert not [name for name in result.metrics if name.endswith(".st_lpips")]
    assert result.curves["rollout"]["lpips"].notna().tolist() == [True, True, False]


@pytest.mark.usefixtures("_without_perception")
def test_a_blurred_copy_is_less_sharp_than_what_is_real():
    moving = drifting(14, (1.0, 0.5), size=32)
    exact, blurred = evaluated(frames=moving), evaluated(frames=moving, model=blur_copies)
    assert exact.metrics["rollout.seen.h1.sharpness"] == pytest.approx(1, abs=0.15)
    ratio = blurred.metrics["rollout.seen.h1.sharpness"]
    assert ratio < 0.99 * exact.metrics["rollout.seen.h1.sharpness"]
    assert exact.metrics["rollout.seen.h1.constant_flow_skill"] > 0


@pytest.mark.usefixtures("_without_perception")
@pytest.mark.parametrize("frame", [NOISE[0], torch.zeros(3, 32, 32)])
def test_what_stands_still_has_no_ratio_of_motion_and_nothing_to_be_better_at(frame):
    still = frame.expand(14, -1, -1, -1)
    result = evaluated(frames=still)
    names = set(result.metrics)
    assert "rollout.seen.h1.motion" not in names
    assert ("rollout.seen.h1.sharpness" in names) == bool(frame.any())
    assert all(np.isfinite(number) for number in result.metrics.values())
    for name in ("skill", "constant_flow_skill", "fitted_flow_skill"):
        assert result.metrics[f"rollout.seen.h1.{name}"] == pytest.approx(0, abs=1e-3)


def test_ratios_are_of_sums_and_skill_is_against_the_copies():
    whole = Scores(
        error=np.array([[1.0], [3.0]]), ssim=np.array([[0.5], [0.7]]),
        sharpness=np.array([[1.0], [2.0]]), real_sharpness=np.array([[2.0], [4.0]]),
        motion=np.array([[0.0], [0.3]]), real_motion=np.array([[0.0], [0.4]]), perceptual={},
    )  # fmt: skip
    copies = replace(whole, error=np.array([[2.0], [6.0]]), ssim=np.array([[0.1], [0.3]]))
    (point,) = curve(whole, copies, resamples=5, seed=0)
    assert (point.sharpness, point.skill, point.st_lpips) == (0.5, 0.5, None)
    assert point.motion == pytest.approx(0.75)
    assert (point.ssim, point.copy_last_ssim) == (pytest.approx(0.6), pytest.approx(0.2))
    distances = np.array([[np.nan], [0.25]])  # measured from one of the starts alone
    (point,) = curve(
        replace(whole, perceptual={"st_lpips": distances}), copies, resamples=5, seed=0
    )
    assert point.st_lpips == 0.25
    still = replace(whole, real_motion=np.zeros((2, 1)), real_sharpness=np.zeros((2, 1)))
    (point,) = curve(still, copies, resamples=5, seed=0)
    assert (point.motion, point.sharpness) == (None, None)
