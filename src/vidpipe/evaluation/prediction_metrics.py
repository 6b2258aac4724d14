"""Curves and metrics of next-frame prediction on one split of the footage."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int, UInt8

from vidpipe.evaluation import perceptual
from vidpipe.evaluation.bootstrap import interval
from vidpipe.evaluation.fidelity import psnr
from vidpipe.evaluation.prediction import (
    Footage,
    Scores,
    Step,
    predicted_clips,
    reach,
    score_one_steps,
    score_rollouts,
    starts_in,
)
from vidpipe.models.pixels import to_uint8

REPORTED = (1, 2, 4, 8, 16)  # horizons that go into metrics; the curves have all

PredictedClips = dict[str, UInt8[np.ndarray, "_ h w c"]]  # see `predicted_clips`


@dataclass(frozen=True)
class Point:
    """One horizon of a curve: means over the starts that reach it.

    Attributes:
        skill: 1 - MSE / MSE(copy last), both summed over the starts: 1 perfect, 0 no better.
        skill_low: Lower end of its 95 % interval; None under ten starts.
        skill_high: Upper end.
    """

    horizon: int
    starts: int
    psnr: float
    copy_last_psnr: float
    ssim: float
    copy_last_ssim: float
    skill: float
    skill_low: float | None
    skill_high: float | None


@dataclass(frozen=True)
class SplitEvaluation:
    """Result on one split.

    Attributes:
        metrics: Metrics by name.
        curves: Tables by method, a row for each horizon; none if the split has no starts.
        clips: Longest rollout and its baselines; none if the split has no starts.
    """

    metrics: dict[str, float | int]
    curves: dict[str, pd.DataFrame]
    clips: PredictedClips


def evaluate_split(
    step: Step,
    footage: Footage,
    usable: Bool[np.ndarray, "n"],
    shot: Int[np.ndarray, "n"],
    *,
    split: str,
    starts: int,
    horizons: int,
    resamples: int,
    seed: int,
    history: int = 1,
) -> SplitEvaluation:
    """Score one-step predictions and rollouts on one split.

    Args:
        step: Predicts the next frame of each window.
        footage: Returns frames by index.
        usable: Frames of the split.
        shot: Number of each frame's shot.
        split: Name of the split, for the metrics.
        starts: Largest number of starts.
        horizons: Largest number of frames that are predicted from a start.
        resamples: Resamples of the intervals.
        seed: Seed of these.
        history: Frames of a window.
    """
    origins = starts_in(usable, shot, most=starts, history=history)
    metrics: dict[str, float | int] = {f"starts.{split}": len(origins)}
    if not origins:
        return SplitEvaluation(metrics, {}, {})
    ahead = reach(origins, usable, shot, horizons)
    curves = {}
    for method, score, metrics_of in (
        ("one_step", score_one_steps, one_step_metrics),
        ("rollout", score_rollouts, rollout_metrics),
    ):
        scores = score(step, footage, origins, ahead, horizons, history=history)
        points = curve(scores, resamples=resamples, seed=seed)
        metrics |= metrics_of(points, split)
        curves[method] = pd.DataFrame([asdict(point) for point in points]).round(5)

    # Show the start that the footage follows longest.
    longest = int(np.argmax(ahead))
    frames = predicted_clips(step, footage, origins[longest], int(ahead[longest]), history=history)
    clips = {
        name: to_uint8(clip).permute(0, 2, 3, 1).cpu().numpy() for name, clip in frames.items()
    }
    return SplitEvaluation(metrics | perceptual_metrics(clips, split), curves, clips)


def curve(scores: Scores, *, resamples: int, seed: int) -> list[Point]:
    """Return means and skill, horizon by horizon; horizons that no start reaches are left out."""
    points = []
    for k in range(scores.error.shape[1]):
        # Starts near the end of their shot do not reach all horizons.
        reached = ~np.isnan(scores.error[:, k])
        if not reached.any():
            break
        points.append(_point(scores, k, reached, resamples=resamples, seed=seed))
    return points


def _point(scores: Scores, k: int, reached: np.ndarray, *, resamples: int, seed: int) -> Point:
    """Average the scores of the starts that reach a horizon."""
    error = scores.error[reached, k]
    copy_error = scores.copy_error[reached, k]

    def skill(starts: np.ndarray) -> np.ndarray:
        return np.asarray(1 - error[starts].sum(axis=-1) / copy_error[starts].sum(axis=-1))

    # Neighbouring starts share all frames but one, up to the horizon: they form a block.
    bounds = interval(skill, len(error), block=k + 1, resamples=resamples, seed=seed)
    low, high = bounds or (None, None)
    return Point(
        horizon=k + 1,
        starts=len(error),
        psnr=float(psnr(torch.from_numpy(error)).mean()),
        copy_last_psnr=float(psnr(torch.from_numpy(copy_error)).mean()),
        ssim=float(scores.ssim[reached, k].mean()),
        copy_last_ssim=float(scores.copy_ssim[reached, k].mean()),
        skill=float(skill(np.arange(len(error)))),
        skill_low=low,
        skill_high=high,
    )


def one_step_metrics(points: Sequence[Point], split: str) -> dict[str, float | int]:
    """Metrics of one-step prediction: further horizons only move along the footage."""
    first = points[0]
    return {
        f"one_step.{split}.psnr": first.psnr,
        f"one_step.{split}.copy_last_psnr": first.copy_last_psnr,
        f"one_step.{split}.ssim": first.ssim,
        f"one_step.{split}.copy_last_ssim": first.copy_last_ssim,
        f"one_step.{split}.pairs": first.starts,
    }


def rollout_metrics(points: Sequence[Point], split: str) -> dict[str, float | int]:
    """Metrics of rollouts at the reported horizons."""
    metrics: dict[str, float | int] = {}
    # A few horizons suffice for a table; the curves show them all.
    for point in points:
        if point.horizon not in REPORTED:
            continue
        prefix = f"rollout.{split}.h{point.horizon}"
        metrics |= {
            f"{prefix}.psnr": point.psnr,
            f"{prefix}.copy_last_psnr": point.copy_last_psnr,
            f"{prefix}.ssim": point.ssim,
            f"{prefix}.copy_last_ssim": point.copy_last_ssim,
            f"{prefix}.skill": point.skill,
            f"{prefix}.starts": point.starts,
        }
        if point.skill_low is not None and point.skill_high is not None:
            metrics |= {
                f"{prefix}.skill_low": point.skill_low,
                f"{prefix}.skill_high": point.skill_high,
            }
    return metrics


def perceptual_metrics(clips: PredictedClips, split: str) -> dict[str, float | int]:
    """ST-RRED, and MS-SSIM where the size allows, of the longest rollout and of copy-last.

    Args:
        clips: Clips by name, with `real`, `rollout` and `copy last`.
        split: `seen` or `held_out`.
    """
    real = clips["real"]
    metrics: dict[str, float | int] = {f"rollout.{split}.film_frames": len(real)}
    for name, prefix in (("rollout", ""), ("copy last", "copy_last_")):
        # ST-RRED compares differences between frames, and MS-SSIM needs large ones.
        if len(real) > 1:
            metrics[f"rollout.{split}.{prefix}strred"] = perceptual.strred(real, clips[name])
        similarity = perceptual.ms_ssim(real, clips[name])
        if similarity is not None:
            metrics[f"rollout.{split}.{prefix}ms_ssim"] = similarity
    return metrics
