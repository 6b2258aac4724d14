"""Scores of next-frame prediction, frame by frame, of a model and of what it must beat.

A predictor takes a window, the last k frames, and returns the frames that follow. Two ways to
predict h frames ahead of a start s: *rollout* feeds predictions back, so frame s+h is made from
frames up to s alone; *one-step* makes frame s+h from the real frames up to s+h-1. Each is scored
beside copying the last real frame: s, or s+h-1.

Shapes: n frames or windows, k frames of a window, s starts, horizons (index 0 is one frame ahead),
c channels, h w pixels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vidpipe.data.pair_arrays import window_starts
from vidpipe.evaluation.fidelity import gradient_energy, moving_share, mse, ssim
from vidpipe.models.shapes import FrameBatch, WindowBatch

# The frames that follow each window, as many as asked for.
Predictor = Callable[[WindowBatch, int], Float[Tensor, "b steps c h w"]]
Footage = Callable[[Int[np.ndarray, "n"]], FrameBatch]  # the frames of some indices, in [-1, 1]
Distance = Callable[[FrameBatch, FrameBatch], Float[Tensor, "b"]]
Table = Float[np.ndarray, "s horizons"]
BATCH = 16
DISTANCE_STARTS = 12  # that a perceptual distance is measured from


@dataclass(frozen=True)
class Scores:
    """Scores per start and horizon, NaN where the footage ends first.

    Attributes:
        error: Mean squared error of the prediction.
        ssim: Its structural similarity, if it is measured.
        sharpness: Its gradient energy.
        real_sharpness: That of the real frame.
        motion: Share of its pixels that moved since the frame before it.
        real_motion: That of the real frames.
        perceptual: Its perceptual distance, if one is measured; NaN where it is not.
    """

    error: Table
    ssim: Table | None
    sharpness: Table
    real_sharpness: Table
    motion: Table
    real_motion: Table
    perceptual: Table | None


def windows_of(footage: Footage, last: Int[np.ndarray, "n"], history: int) -> WindowBatch:
    """Return the windows of `history` real frames that end with each of the frames `last`."""
    index = last[:, None] - np.arange(history)[::-1]
    frames = footage(index.reshape(-1))
    return frames.view(len(last), history, *frames.shape[1:])


def prediction_starts(
    runs: Int[np.ndarray, "n"], *, most: int, history: int = 1
) -> Int[np.ndarray, "s"]:
    """Return the frames that end a window and that another frame follows.

    Args:
        runs: Frames that follow each other from each frame on; see `run_lengths`.
        most: Largest number of starts; of more, evenly spaced ones are returned.
        history: Frames of a window.
    """
    starts = window_starts(runs, history=history) + history - 1
    if len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).round().astype(int)]
    return starts


def score_rollouts(
    predictor: Predictor,
    footage: Footage,
    starts: Int[np.ndarray, "s"],
    ahead: Int[np.ndarray, "s"],
    horizons: int,
    *,
    history: int = 1,
    similarity: bool = True,
    distance: Distance | None = None,
    distance_at: Sequence[int] = (),
) -> Scores:
    """Score rollouts from every start, each as far as the footage goes.

    Args:
        predictor: Returns the frames after windows.
        footage: Returns frames by index.
        starts: Indices of the starts.
        ahead: Number of frames that follow each start.
        horizons: Columns of the result.
        history: Frames of a window.
        similarity: Measure structural similarity too, which takes longer than all the rest.
        distance: Perceptual distance of frames, if one is to be measured.
        distance_at: Horizons at which it is, from a few of the starts: it takes long.
    """
    tables = _Tables(
        len(starts), horizons, similarity=similarity, distance=distance, distance_at=distance_at
    )
    for first in range(0, len(starts), BATCH):
        # Predict from a batch of starts at a time, as far as the longest of them goes.
        rows = np.arange(first, min(first + BATCH, len(starts)))
        window = windows_of(footage, starts[rows], history)
        predicted = predictor(window, int(ahead[rows].max()))
        before = window[:, -1]
        for k in range(predicted.shape[1]):
            # Only the starts whose footage goes on are scored further.
            alive = ahead[rows] > k
            still_there = torch.from_numpy(alive)
            rows, predicted, before = rows[alive], predicted[still_there], before[still_there]
            index = starts[rows] + k
            tables.add(rows, k, predicted[:, k], before, footage(index + 1), footage(index))
            before = predicted[:, k]
    return tables.scores()


def score_one_steps(
    predictor: Predictor,
    footage: Footage,
    starts: Int[np.ndarray, "s"],
    ahead: Int[np.ndarray, "s"],
    horizons: int,
    *,
    history: int = 1,
) -> Scores:
    """Score predictions from real frames alone, at the same starts and horizons.

    Args:
        predictor: Returns the frames after windows.
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
    by_frame = _Tables(1, int(last[-1]) + 1)
    for batch in np.array_split(last, -(-len(last) // BATCH)):
        window = windows_of(footage, batch, history)
        before = window[:, -1]
        by_frame.add(0, batch, predictor(window, 1)[:, 0], before, footage(batch + 1), before)
    tables = _Tables(len(starts), horizons)
    for row, (start, reached) in enumerate(zip(starts, ahead, strict=True)):
        tables.values[:, row, :reached] = by_frame.values[:, 0, start : start + reached]
    return tables.scores()


class _Tables:
    """Tables of all scores, filled some starts at a time.

    Args:
        starts: Rows.
        horizons: Columns.
        similarity: Measure structural similarity.
        distance: Perceptual distance of frames, if one is to be measured.
        distance_at: Horizons at which it is.
    """

    def __init__(
        self,
        starts: int,
        horizons: int,
        *,
        similarity: bool = True,
        distance: Distance | None = None,
        distance_at: Sequence[int] = (),
    ) -> None:
        self.similarity = similarity
        self.values = np.full((7, starts, horizons), np.nan)
        self.distance = distance
        self.distance_at = distance_at
        self.distance_every = -(-starts // DISTANCE_STARTS)

    def add(
        self,
        rows: "int | Int[np.ndarray, 'r']",
        k: "int | Int[np.ndarray, 'r']",
        predicted: FrameBatch,
        before: FrameBatch,
        real: FrameBatch,
        real_before: FrameBatch,
    ) -> None:
        """Score frames, and fill the cells at `rows` and column `k`.

        Args:
            rows: Starts that frames were predicted from.
            k: Horizons, counted from 0.
            predicted: Predicted frames.
            before: Frames before them, as they were predicted.
            real: Real frames.
            real_before: Real frames before those.
        """
        values = [
            mse(predicted, real),
            gradient_energy(predicted),
            gradient_energy(real),
            moving_share(before, predicted),
            moving_share(real_before, real),
        ]
        self.values[:5, rows, k] = np.stack([value.cpu().numpy() for value in values])
        if self.similarity:
            self.values[5, rows, k] = ssim(predicted, real).cpu().numpy()
        if self.distance is not None and isinstance(k, int) and k + 1 in self.distance_at:
            is_measured = np.asarray(rows) % self.distance_every == 0
            measured = torch.from_numpy(is_measured)
            if is_measured.any():
                distances = self.distance(predicted[measured], real[measured])
                self.values[6, np.asarray(rows)[is_measured], k] = distances.cpu().numpy()

    def scores(self) -> Scores:
        """Return the tables by name."""
        error, sharpness, real_sharpness, motion, real_motion, similarity, perceptual = self.values
        return Scores(
            error=error,
            ssim=similarity if self.similarity else None,
            sharpness=sharpness,
            real_sharpness=real_sharpness,
            motion=motion,
            real_motion=real_motion,
            perceptual=None if self.distance is None else perceptual,
        )


def predicted_clips(
    predictors: Mapping[str, Predictor], footage: Footage, start: int, count: int, *, history: int
) -> dict[str, Float[Tensor, "t c h w"]]:
    """Return the `count` frames after a start: real, one-step, and rollouts of all predictors.

    Args:
        predictors: By the name of their rollout; the first is the model.
        footage: Returns frames by index.
        start: Index of the start.
        count: Number of frames.
        history: Frames of a window.
    """
    real = footage(np.arange(start + 1, start + 1 + count))
    windows = windows_of(footage, np.arange(start, start + count), history)
    model = next(iter(predictors.values()))
    rollouts = {name: predictor(windows[:1], count)[0] for name, predictor in predictors.items()}
    one_step = torch.cat([model(window[None], 1)[:, 0] for window in windows])
    return {"real": real, "one-step": one_step, **rollouts}
