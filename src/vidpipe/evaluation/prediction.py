"""Scores of next-frame prediction, against the baseline of copying the last real frame.

A predictor takes a window, the last k frames, and returns the next. Two ways to predict h frames
ahead of a start s:
*rollout* pushes each prediction into the window, so frame s+h is made from frames up to s alone,
and copy-last is frame s; *one-step* makes frame s+h from the real frames up to s+h-1, and copy-last
is frame s+h-1.

Shapes: n frames or windows, k frames of a window, s starts, horizons (index 0 is one frame ahead),
c channels, h w pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vidpipe.evaluation.fidelity import mse, ssim
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.models.windows import push

Step = Callable[[WindowBatch], FrameBatch]
Footage = Callable[[Int[np.ndarray, "n"]], FrameBatch]  # the frames of some indices, in [-1, 1]
Errors = Float[np.ndarray, "s horizons"]
BATCH = 16


@dataclass(frozen=True)
class Scores:
    """Scores per start and horizon, NaN where the footage ends first.

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


def windows_of(footage: Footage, last: Int[np.ndarray, "n"], history: int) -> WindowBatch:
    """Return the windows of `history` real frames that end with each of the frames `last`."""
    index = last[:, None] - np.arange(history)[::-1]
    frames = footage(index.reshape(-1))
    return frames.view(len(last), history, *frames.shape[1:])


def starts_in(
    usable: Bool[np.ndarray, "n"], shot: Int[np.ndarray, "n"], *, most: int, history: int = 1
) -> list[int]:
    """Return frames that end a usable window, and that a usable frame of the same shot follows.

    Args:
        usable: Frames of the split.
        shot: Number of each frame's shot.
        most: Largest number of starts; of more, evenly spaced ones are returned.
        history: Frames of a window.
    """
    followed = usable[:-1] & usable[1:] & (shot[:-1] == shot[1:])
    # The earlier frames of the window follow each other in the same way.
    complete = followed.copy()
    for earlier in range(1, history):
        complete[earlier:] &= followed[:-earlier]
        complete[:earlier] = False
    starts = np.flatnonzero(complete)
    if len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).round().astype(int)]
    return [int(start) for start in starts]


def reach(
    starts: Sequence[int], usable: Bool[np.ndarray, "n"], shot: Int[np.ndarray, "n"], horizons: int
) -> Int[np.ndarray, "s"]:
    """Return how many usable frames of its shot follow each start, at most `horizons`."""
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
    step: Step,
    footage: Footage,
    starts: Sequence[int],
    ahead: Int[np.ndarray, "s"],
    horizons: int,
    *,
    history: int = 1,
) -> Scores:
    """Score rollouts from every start, each as far as the footage goes.

    Args:
        step: Predicts the next frame of each window.
        footage: Returns frames by index.
        starts: Indices of the starts.
        ahead: Number of frames that follow each start.
        horizons: Columns of the result.
        history: Frames of a window.
    """
    tables = np.full((4, len(starts), horizons), np.nan)
    origins = np.asarray(starts)
    for first in range(0, len(starts), BATCH):
        # Predict from a batch of starts at a time.
        rows = np.arange(first, min(first + BATCH, len(starts)))
        window = windows_of(footage, origins[rows], history)
        for k in range(horizons):
            # Only the starts whose footage goes on are predicted further.
            alive = ahead[rows] > k
            if not alive.any():
                break
            rows = rows[alive]
            window = window[torch.from_numpy(alive)]
            prediction = step(window)
            target = footage(origins[rows] + k + 1)
            tables[:, rows, k] = _scores_of(prediction, footage(origins[rows]), target)
            window = push(window, prediction)
    return Scores(*tables)


def score_one_steps(
    step: Step,
    footage: Footage,
    starts: Sequence[int],
    ahead: Int[np.ndarray, "s"],
    horizons: int,
    *,
    history: int = 1,
) -> Scores:
    """Score predictions from real frames alone, at the same starts and horizons.

    Args:
        step: Predicts the next frame of each window.
        footage: Returns frames by index.
        starts: Indices of the starts.
        ahead: Number of frames that follow each start.
        horizons: Columns of the result.
        history: Frames of a window.
    """
    # Starts overlap: predict once from each frame, and copy its scores to all starts it follows.
    last = np.unique(
        [start + k for start, reached in zip(starts, ahead, strict=True) for k in range(reached)]
    )
    by_frame = np.full((4, last[-1] + 1), np.nan)
    for batch in np.array_split(last, -(-len(last) // BATCH)):
        window = windows_of(footage, batch, history)
        by_frame[:, batch] = _scores_of(step(window), window[:, -1], footage(batch + 1))
    tables = np.full((4, len(starts), horizons), np.nan)
    for row, (start, reached) in enumerate(zip(starts, ahead, strict=True)):
        tables[:, row, :reached] = by_frame[:, start : start + reached]
    return Scores(*tables)


def _scores_of(
    prediction: FrameBatch, copy: FrameBatch, target: FrameBatch
) -> Float[np.ndarray, "4 b"]:
    values = [mse(prediction, target), ssim(prediction, target), mse(copy, target)]
    values.append(ssim(copy, target))
    return np.stack([value.cpu().numpy() for value in values])


def roll(step: Step, window: Float[Tensor, "1 k c h w"], count: int) -> Float[Tensor, "t c h w"]:
    """Return the `count` frames after a window, each prediction pushed into the window."""
    frames = []
    for _ in range(count):
        frame = step(window)
        frames.append(frame)
        window = push(window, frame)
    return torch.cat(frames)


def predicted_clips(
    step: Step, footage: Footage, start: int, count: int, *, history: int = 1
) -> dict[str, Float[Tensor, "t c h w"]]:
    """Return the `count` frames after a start: real, one-step, as a rollout, and copy-last."""
    real = footage(np.arange(start + 1, start + 1 + count))
    windows = windows_of(footage, np.arange(start, start + count), history)
    return {
        "real": real,
        "one-step": torch.cat([step(window[None]) for window in windows]),
        "rollout": roll(step, windows[:1], count),
        "copy last": windows[:1, -1].expand_as(real),
    }
