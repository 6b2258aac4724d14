"""How well frames are predicted, against the baseline of copying the last real frame.

Two ways to predict h frames ahead of a start s:
*rollout* feeds each prediction back in, so frame s+h is made from frame s alone, and copy-last
is frame s; *one-step* makes frame s+h from the real frame s+h-1, and copy-last is that frame.

Shapes: n frames, s starts, k horizons (index 0 is one frame ahead), c channels, h w pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vidpipe.evaluation.bootstrap import interval
from vidpipe.evaluation.fidelity import mse, psnr, ssim

Frames = Float[Tensor, "n c h w"]
Step = Callable[[Frames], Frames]
Footage = Callable[[Int[np.ndarray, "n"]], Frames]  # the frames of some indices, in [-1, 1]
Errors = Float[np.ndarray, "s k"]
BATCH = 16


@dataclass(frozen=True)
class Scores:
    """Per start and horizon, NaN where the footage ends first.

    Attributes:
        error: Mean squared error of the prediction.
        ssim: Structural similarity of the prediction.
        copy_error: Mean squared error of copy-last.
        copy_ssim: Structural similarity of copy-last.
    """

    error: Errors
    ssim: Errors
    copy_error: Errors
    copy_ssim: Errors


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


def starts_in(usable: Bool[np.ndarray, "n"], shot: Int[np.ndarray, "n"], *, most: int) -> list[int]:
    """Frames from which at least one more usable frame of the same shot follows.

    Args:
        usable: Which frames belong to the split.
        shot: Number of each frame's shot.
        most: Take no more than these, evenly spread.
    """
    follows = usable[:-1] & usable[1:] & (shot[:-1] == shot[1:])
    starts = np.flatnonzero(follows)
    if len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).round().astype(int)]
    return [int(start) for start in starts]


def reach(
    starts: Sequence[int], usable: Bool[np.ndarray, "n"], shot: Int[np.ndarray, "n"], horizons: int
) -> Int[np.ndarray, "s"]:
    """How many frames ahead of each start the footage goes on, at most `horizons`."""
    ahead = np.zeros(len(starts), dtype=np.int64)
    for row, start in enumerate(starts):
        while (
            ahead[row] < horizons
            and (following := start + ahead[row] + 1) < len(usable)
            and usable[following]
            and shot[following] == shot[start]
        ):
            ahead[row] += 1
    return ahead


def score_rollouts(
    step: Step, footage: Footage, starts: Sequence[int], ahead: Int[np.ndarray, "s"], horizons: int
) -> Scores:
    """Predict from every start as far as the footage goes, each prediction the next input.

    Args:
        step: Predicts the next frame of each of a batch.
        footage: Gives frames by index.
        starts: Indices of the starts.
        ahead: Frames each start may be followed.
        horizons: Columns of the result.
    """
    tables = np.full((4, len(starts), horizons), np.nan)
    origins = np.asarray(starts)
    for first in range(0, len(starts), BATCH):
        rows = np.arange(first, min(first + BATCH, len(starts)))
        current = footage(origins[rows])
        for k in range(horizons):
            alive = ahead[rows] > k
            if not alive.any():
                break
            rows, current = rows[alive], step(current[torch.from_numpy(alive)])
            target = footage(origins[rows] + k + 1)
            tables[:, rows, k] = _measured(current, footage(origins[rows]), target)
    return Scores(*tables)


def score_one_steps(
    step: Step, footage: Footage, starts: Sequence[int], ahead: Int[np.ndarray, "s"], horizons: int
) -> Scores:
    """The same with a real frame for every input; each input is predicted from once.

    Args:
        step: Predicts the next frame of each of a batch.
        footage: Gives frames by index.
        starts: Indices of the starts.
        ahead: Frames each start may be followed.
        horizons: Columns of the result.
    """
    inputs = np.unique(
        [start + k for start, reached in zip(starts, ahead, strict=True) for k in range(reached)]
    )
    once = np.full((4, inputs[-1] + 1), np.nan)
    for some in np.array_split(inputs, -(-len(inputs) // BATCH)):
        source = footage(some)
        once[:, some] = _measured(step(source), source, footage(some + 1))
    tables = np.full((4, len(starts), horizons), np.nan)
    for row, (start, reached) in enumerate(zip(starts, ahead, strict=True)):
        tables[:, row, :reached] = once[:, start : start + reached]
    return Scores(*tables)


def _measured(made: Frames, copied: Frames, target: Frames) -> Float[np.ndarray, "4 n"]:
    values = [mse(made, target), ssim(made, target), mse(copied, target), ssim(copied, target)]
    return np.stack([value.cpu().numpy() for value in values])


def curve(scores: Scores, *, resamples: int, seed: int) -> list[Point]:
    """Means and skill, horizon by horizon; horizons that no start reaches are left out."""
    points = []
    for k in range(scores.error.shape[1]):
        reached = ~np.isnan(scores.error[:, k])
        if not reached.any():
            break
        error, copy = scores.error[reached, k], scores.copy_error[reached, k]

        def skill(
            drawn: np.ndarray, error: np.ndarray = error, copy: np.ndarray = copy
        ) -> np.ndarray:
            return np.asarray(1 - error[drawn].sum(axis=-1) / copy[drawn].sum(axis=-1))

        bounds = interval(skill, len(error), block=k + 1, resamples=resamples, seed=seed)
        low, high = bounds or (None, None)
        points.append(
            Point(
                horizon=k + 1,
                starts=len(error),
                psnr=float(psnr(torch.from_numpy(error)).mean()),
                copy_last_psnr=float(psnr(torch.from_numpy(copy)).mean()),
                ssim=float(scores.ssim[reached, k].mean()),
                copy_last_ssim=float(scores.copy_ssim[reached, k].mean()),
                skill=float(skill(np.arange(len(error)))),
                skill_low=low,
                skill_high=high,
            )
        )
    return points


def roll(step: Step, frame: Float[Tensor, "1 c h w"], count: int) -> Float[Tensor, "k c h w"]:
    """`count` frames after one frame, each made from the one before."""
    made = []
    for _ in range(count):
        frame = step(frame)
        made.append(frame)
    return torch.cat(made)
