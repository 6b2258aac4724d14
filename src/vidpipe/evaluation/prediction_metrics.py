"""Curves and metrics of next-frame prediction on one split of the footage."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int, UInt8

from vidpipe.evaluation import perceptual
from vidpipe.evaluation.alexnet_distance import Distance
from vidpipe.evaluation.bootstrap import interval
from vidpipe.evaluation.fidelity import psnr
from vidpipe.evaluation.prediction import (
    Footage,
    Predictor,
    Scores,
    Table,
    best_of,
    mean_of,
    predicted_clips,
    prediction_starts,
    score_one_steps,
    score_rollouts,
)
from vidpipe.evaluation.prediction_baselines import COPY_LAST, FITTED_FLOW
from vidpipe.evaluation.prediction_baselines import HISTORY as BASELINE_HISTORY
from vidpipe.models.pixels import to_uint8

REPORTED = (1, 2, 4, 8, 16)  # horizons that go into metrics; the curves have all

MODEL = "model"  # among predictors
FRAME_DISTANCES = ("st_lpips", "lpips")  # perceptual ones, where they are measured
ONE_STEP_SCORES = ("psnr", "copy_last_psnr", "ssim", "copy_last_ssim", "sharpness")
ROLLOUT_SCORES = (
    *("psnr", "copy_last_psnr", "ssim", "copy_last_ssim", "skill", "skill_low", "skill_high"),
    *("sharpness", "motion", *FRAME_DISTANCES, "starts"),
)

PredictedClips = dict[str, UInt8[np.ndarray, "_ h w c"]]  # see `predicted_clips`


@dataclass(frozen=True)
class Point:
    """One horizon of a curve: means over the starts that reach it.

    Attributes:
        horizon: Frames ahead.
        starts: Number of starts that reach it.
        psnr: Of the predictions, in decibels.
        copy_last_psnr: Of the last frame, held still.
        ssim: Structural similarity, 1 for equal frames, where it was measured.
        copy_last_ssim: Likewise.
        skill: 1 - MSE / MSE(copy last), both summed over the starts: 1 perfect, 0 no better.
        skill_low: Lower end of its 95 % interval; None under ten starts.
        skill_high: Upper end.
        sharpness: Gradient energy of the predictions, of that of real frames; None if that is 0.
        motion: Share of pixels that move in predictions, of that in real frames; None if that is 0.
        st_lpips: Perceptual distance from at most a dozen starts, if it was measured; 0 is the same
            to the eye.
        lpips: Another one, likewise.
    """

    horizon: int
    starts: int
    psnr: float
    copy_last_psnr: float
    ssim: float | None
    copy_last_ssim: float | None
    skill: float
    skill_low: float | None
    skill_high: float | None
    sharpness: float | None
    motion: float | None
    st_lpips: float | None
    lpips: float | None


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
    model: Predictor,
    baselines: Mapping[str, Predictor],
    footage: Footage,
    runs: Int[np.ndarray, "n"],
    *,
    split: str,
    starts: int,
    horizons: int,
    resamples: int,
    seed: int,
    history: int,
    distances: Mapping[str, Distance],
    futures: Sequence[Predictor] = (),
) -> SplitEvaluation:
    """Score one-step predictions and rollouts on one split, and the baselines' rollouts.

    Args:
        model: Predictor that is evaluated.
        baselines: Predictors that it must beat, copy-last among them.
        footage: Returns frames by index.
        runs: For each frame, the length of the run of the split that starts there, itself included;
            see `run_lengths`.
        split: Name of the split, for the metrics.
        starts: Largest number of starts.
        horizons: Largest number of frames that are predicted from a start.
        resamples: Resamples of the intervals.
        seed: Seed of these.
        history: Frames of the model's window.
        distances: Perceptual distances of frames by name, of those in `FRAME_DISTANCES`.
        futures: The model with some noise each: the best of them is scored too, and their mean.
    """
    # All predictors get windows of one length: the longest that any needs, if a shot is that long.
    longest_window = max(history, BASELINE_HISTORY)
    origins = prediction_starts(runs, most=starts, history=longest_window)
    if len(origins):
        history = longest_window
    else:
        origins = prediction_starts(runs, most=starts, history=history)
    metrics: dict[str, float | int] = {f"starts.{split}": len(origins)}
    if not len(origins):
        return SplitEvaluation(metrics, {}, {})
    ahead = np.minimum(runs[origins] - 1, horizons)
    copies = score_one_steps(
        baselines[COPY_LAST], footage, origins, ahead, horizons, history=history
    )
    one_steps = score_one_steps(model, footage, origins, ahead, horizons, history=history)
    rollouts = score_rollouts(
        {MODEL: model, **baselines, **{f"future {i}": each for i, each in enumerate(futures)}},
        footage,
        origins,
        ahead,
        horizons,
        history=history,
        similarity=(MODEL, COPY_LAST),
        distances=distances,
        distance_at=REPORTED,
    )

    # Of several futures, report the best one's scores, and beside them the futures' mean.
    several = [rollouts.pop(f"future {i}") for i in range(len(futures))]
    if several:
        rollouts |= {f"best_of_{len(several)}": best_of(several), "mean_future": mean_of(several)}

    # Curves: the model's with all scores, and the skill of every baseline beside it.
    one_step = curve(one_steps, copies, resamples=resamples, seed=seed)
    curves = {
        name: curve(scores, rollouts[COPY_LAST], resamples=resamples, seed=seed)
        for name, scores in rollouts.items()
    }
    metrics |= one_step_metrics(one_step, split) | rollout_metrics(curves, split)
    table = _data_frame(curves[MODEL])
    for name, points in curves.items():
        if name not in (MODEL, COPY_LAST):
            table[f"{name}_skill"] = [point.skill for point in points]

    # Show the start that the footage follows longest.
    longest = int(np.argmax(ahead))
    predictors = {
        "rollout": model,
        "flow": baselines[FITTED_FLOW],
        "copy last": baselines[COPY_LAST],
    }
    count = int(ahead[longest])
    frames = predicted_clips(predictors, footage, int(origins[longest]), count, history=history)
    clips = {
        name: to_uint8(clip).permute(0, 2, 3, 1).cpu().numpy() for name, clip in frames.items()
    }
    tables = {"one_step": _data_frame(one_step), "rollout": table}
    return SplitEvaluation(
        metrics | film_metrics(clips, split),
        {name: rows.round(5) for name, rows in tables.items()},
        clips,
    )


def _data_frame(points: Sequence[Point]) -> pd.DataFrame:
    """Return a row for each horizon; LPIPS has a column where it was asked for."""
    table = pd.DataFrame([asdict(point) for point in points])
    return table if table["lpips"].notna().any() else table.drop(columns="lpips")


def curve(scores: Scores, copies: Scores, *, resamples: int, seed: int) -> list[Point]:
    """Return means and skill, horizon by horizon; horizons that no start reaches are left out.

    Args:
        scores: Scores of a predictor.
        copies: Those of copy-last.
        resamples: Resamples of the intervals.
        seed: Seed of these.
    """
    points = []
    for k in range(scores.error.shape[1]):
        # Starts near the end of their shot do not reach all horizons.
        reached = ~np.isnan(scores.error[:, k])
        if not reached.any():
            break
        points.append(_point(scores, copies, k, reached, resamples=resamples, seed=seed))
    return points


def _point(
    scores: Scores, copies: Scores, k: int, reached: np.ndarray, *, resamples: int, seed: int
) -> Point:
    """Average the scores of the starts that reach a horizon."""
    error = scores.error[reached, k]
    copy_error = copies.error[reached, k]

    def skill(starts: np.ndarray) -> np.ndarray:
        return np.asarray(1 - error[starts].sum(axis=-1) / copy_error[starts].sum(axis=-1))

    # Starts up to a horizon apart have frames in common: they form a block.
    bounds = interval(skill, len(error), block=k + 1, resamples=resamples, seed=seed)
    low, high = bounds or (None, None)
    return Point(
        horizon=k + 1,
        starts=len(error),
        psnr=float(psnr(torch.from_numpy(error)).mean()),
        copy_last_psnr=float(psnr(torch.from_numpy(copy_error)).mean()),
        ssim=_mean(scores.ssim, reached, k),
        copy_last_ssim=_mean(copies.ssim, reached, k),
        skill=float(skill(np.arange(len(error)))),
        skill_low=low,
        skill_high=high,
        sharpness=_ratio(scores.sharpness[reached, k], scores.real_sharpness[reached, k]),
        motion=_ratio(scores.motion[reached, k], scores.real_motion[reached, k]),
        **{name: _mean(scores.perceptual.get(name), reached, k) for name in FRAME_DISTANCES},
    )


def _mean(table: Table | None, reached: np.ndarray, k: int) -> float | None:
    """Mean over the starts that reach a horizon and were measured; None if there are none."""
    if table is None or np.isnan(table[reached, k]).all():
        return None
    return float(np.nanmean(table[reached, k]))


def _ratio(values: np.ndarray, real: np.ndarray) -> float | None:
    """Sum of values over the sum of real ones; None where these are all 0."""
    return float(values.sum() / real.sum()) if real.sum() > 0 else None


def one_step_metrics(points: Sequence[Point], split: str) -> dict[str, float | int]:
    """Metrics of one-step prediction: later horizons repeat it at other frames."""
    first = points[0]
    measured = {name: getattr(first, name) for name in ONE_STEP_SCORES}
    return {
        f"one_step.{split}.pairs": first.starts,
        **{f"one_step.{split}.{name}": v for name, v in measured.items() if v is not None},
    }


def rollout_metrics(curves: Mapping[str, Sequence[Point]], split: str) -> dict[str, float | int]:
    """Metrics of rollouts at the reported horizons, with those of the baselines.

    Args:
        curves: Curves by predictor: the model, the baselines, and the best of several futures.
        split: Name of the split.
    """
    metrics: dict[str, float | int | None] = {}
    # A few horizons suffice for a table; the curves show them all.
    for k, point in enumerate(curves[MODEL]):
        if point.horizon not in REPORTED:
            continue
        prefix = f"rollout.{split}.h{point.horizon}"
        for name in ROLLOUT_SCORES:
            metrics[f"{prefix}.{name}"] = getattr(point, name)
        for baseline, points in curves.items():
            if baseline not in (MODEL, COPY_LAST):
                metrics[f"{prefix}.{baseline}_skill"] = points[k].skill
            if baseline != MODEL:
                for name in FRAME_DISTANCES:
                    metrics[f"{prefix}.{baseline}_{name}"] = getattr(points[k], name)
    return {name: value for name, value in metrics.items() if value is not None}


def film_metrics(clips: PredictedClips, split: str) -> dict[str, float | int]:
    """ST-RRED, and MS-SSIM where the size allows, of the longest rollout and of copy-last.

    Args:
        clips: Clips by name, with `real`, `rollout` and `copy last`.
        split: Name of the split.
    """
    real = clips["real"]
    metrics: dict[str, float | int] = {f"rollout.{split}.film_frames": len(real)}
    prefixes = {"": "rollout", "copy_last_": "copy last"}
    # ST-RRED compares differences between frames, and MS-SSIM needs large ones.
    if len(real) > 1:
        differences = perceptual.strred(real, [clips[name] for name in prefixes.values()])
        for prefix, difference in zip(prefixes, differences, strict=True):
            metrics[f"rollout.{split}.{prefix}strred"] = difference
    for prefix, name in prefixes.items():
        similarity = perceptual.ms_ssim(real, clips[name])
        if similarity is not None:
            metrics[f"rollout.{split}.{prefix}ms_ssim"] = similarity
    return metrics
