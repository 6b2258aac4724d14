"""Scores of next-frame prediction, frame by frame, of a model and of what it must beat.

A predictor takes a window, the last k frames, and returns the frames that follow. Two ways to
predict h frames ahead of a start s: *rollout* feeds predictions back, so frame s+h is made from
frames up to s alone; *one-step* makes frame s+h from the real frames up to s+h-1. Each is scored
beside copying the last real frame: s, or s+h-1.

Shapes: n frames or windows, k frames of a window, s starts, horizons (index 0 is one frame ahead),
c channels, h w pixels.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vidpipe.data.pair_arrays import window_starts
from vidpipe.evaluation.alexnet_distance import Distance
from vidpipe.evaluation.fidelity import gradient_energy, moving_share, mse, ssim
from vidpipe.models.shapes import FrameBatch, WindowBatch

# The frames that follow each window, as many as asked for.
Predictor = Callable[[WindowBatch, int], Float[Tensor, "b steps c h w"]]
Footage = Callable[[Int[np.ndarray, "n"]], FrameBatch]  # the frames of some indices, in [-1, 1]
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
        perceptual: Its perceptual distances by name, those that are measured; NaN where not.
    """

    error: Table
    ssim: Table | None
    sharpness: Table
    real_sharpness: Table
    motion: Table
    real_motion: Table
    perceptual: Mapping[str, Table]


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
    predictors: Mapping[str, Predictor],
    footage: Footage,
    starts: Int[np.ndarray, "s"],
    ahead: Int[np.ndarray, "s"],
    horizons: int,
    *,
    history: int = 1,
    similarity: Collection[str] = (),
    distances: Mapping[str, Distance] | None = None,
    distance_at: Sequence[int] = (),
) -> dict[str, Scores]:
    """Score rollouts from every start, each as far as the footage goes.

    Args:
        predictors: Return the frames after windows, by name.
        footage: Returns frames by index.
        starts: Indices of the starts.
        ahead: Number of frames that follow each start.
        horizons: Columns of the result.
        history: Frames of a window.
        similarity: Predictors whose structural similarity is measured too: it takes longer than all
            the rest.
        distances: Perceptual distances of frames by name, if some are to be measured.
        distance_at: Horizons at which they are, from a few of the starts: they take long.

    Returns:
        Scores by predictor.
    """
    distances = distances or {}
    size = (len(starts), horizons)
    tables = {
        name: _Tables(*size, similarity=name in similarity, distances=tuple(distances))
        for name in predictors
    }
    distance_every = -(-len(starts) // DISTANCE_STARTS)
    for first in range(0, len(starts), BATCH):
        # Predict from a batch of starts at a time, as far as the longest of them goes.
        batch = np.arange(first, min(first + BATCH, len(starts)))
        window = windows_of(footage, starts[batch], history)
        steps = int(ahead[batch].max())
        predicted = {name: predictor(window, steps) for name, predictor in predictors.items()}
        for k in range(steps):
            # Only the starts whose footage goes on are scored further.
            alive = ahead[batch] > k
            still_there = torch.from_numpy(alive)
            rows = batch[alive]
            real = _Real(footage(starts[rows] + k + 1), footage(starts[rows] + k))
            for name, frames in predicted.items():
                before = frames[:, k - 1] if k else window[:, -1]
                tables[name].add(rows, k, frames[still_there, k], before[still_there], real)

            # Every distance sees each real frame once, for all predictors.
            chosen = rows % distance_every == 0
            if k + 1 in distance_at and chosen.any():
                index = torch.from_numpy(np.flatnonzero(alive)[chosen])
                compared = torch.stack([frames[index, k] for frames in predicted.values()])
                reference = real.frames[torch.from_numpy(chosen)]
                for kind, distance in distances.items():
                    values = distance(compared, reference).cpu().numpy()
                    for name, found in zip(predicted, values, strict=True):
                        tables[name].perceptual[kind][rows[chosen], k] = found
    return {name: filled.scores() for name, filled in tables.items()}


def best_of(futures: Sequence[Scores]) -> Scores:
    """Return the scores of the best of several rollouts from each start.

    The best is the one whose squared error is least over its whole length: it takes the real
    frames to know, so this is no predictor's score, but says how near one of its futures comes.

    Args:
        futures: Scores of each.
    """
    # Where footage ends all are NaN alike; where only some are, these have diverged.
    reached = ~np.isnan(futures[0].real_sharpness)
    errors = np.stack([scores.error for scores in futures])
    diverged = np.isnan(errors) & reached
    best = np.nansum(np.where(diverged, np.inf, errors), axis=2).argmin(axis=0)

    return _combined(futures, lambda tables: tables[best, np.arange(len(best))])


def mean_of(futures: Sequence[Scores]) -> Scores:
    """Return the mean scores of several rollouts from each start."""
    return _combined(futures, lambda tables: tables.mean(axis=0))


def _combined(
    futures: Sequence[Scores], combine: Callable[[Float[np.ndarray, "n s horizons"]], Table]
) -> Scores:
    """Combine the scores of several rollouts, table by table; similarity is not measured."""

    def table(name: str) -> Table:
        return combine(np.stack([getattr(scores, name) for scores in futures]))

    return Scores(
        error=table("error"),
        ssim=None,
        sharpness=table("sharpness"),
        real_sharpness=table("real_sharpness"),
        motion=table("motion"),
        real_motion=table("real_motion"),
        perceptual={
            name: combine(np.stack([scores.perceptual[name] for scores in futures]))
            for name in futures[0].perceptual
        },
    )


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
    by_frame = _Tables(1, int(last[-1]) + 1, similarity=True)
    for batch in np.array_split(last, -(-len(last) // BATCH)):
        window = windows_of(footage, batch, history)
        before = window[:, -1]
        real = _Real(footage(batch + 1), before)
        by_frame.add(0, batch, predictor(window, 1)[:, 0], before, real)
    tables = _Tables(len(starts), horizons, similarity=True)
    for row, (start, reached) in enumerate(zip(starts, ahead, strict=True)):
        tables.values[:, row, :reached] = by_frame.values[:, 0, start : start + reached]
    return tables.scores()


class _Real:
    """Real frames and their scores, computed once for all predictors.

    Args:
        frames: Real frames.
        before: Real frames before those.
    """

    def __init__(self, frames: FrameBatch, before: FrameBatch) -> None:
        self.frames = frames
        self.sharpness = gradient_energy(frames)
        self.motion = moving_share(before, frames)


class _Tables:
    """Tables of all scores of a predictor, filled some starts at a time.

    Args:
        starts: Rows.
        horizons: Columns.
        similarity: Measure structural similarity.
        distances: Names of the perceptual distances, whose tables others fill.
    """

    def __init__(
        self, starts: int, horizons: int, *, similarity: bool, distances: Sequence[str] = ()
    ) -> None:
        self.similarity = similarity
        self.values = np.full((6, starts, horizons), np.nan)
        self.perceptual = {name: np.full((starts, horizons), np.nan) for name in distances}

    def add(
        self,
        rows: "int | Int[np.ndarray, 'r']",
        k: "int | Int[np.ndarray, 'r']",
        predicted: FrameBatch,
        before: FrameBatch,
        real: _Real,
    ) -> None:
        """Score frames, and fill the cells at `rows` and column `k`.

        Args:
            rows: Starts that frames were predicted from.
            k: Horizons, counted from 0.
            predicted: Predicted frames.
            before: Frames before them, as they were predicted.
            real: Real frames.
        """
        values = [
            mse(predicted, real.frames),
            gradient_energy(predicted),
            real.sharpness,
            moving_share(before, predicted),
            real.motion,
        ]
        self.values[:5, rows, k] = np.stack([value.cpu().numpy() for value in values])
        if self.similarity:
            self.values[5, rows, k] = ssim(predicted, real.frames).cpu().numpy()

    def scores(self) -> Scores:
        """Return the tables by name."""
        error, sharpness, real_sharpness, motion, real_motion, similarity = self.values
        return Scores(
            error=error,
            ssim=similarity if self.similarity else None,
            sharpness=sharpness,
            real_sharpness=real_sharpness,
            motion=motion,
            real_motion=real_motion,
            perceptual=self.perceptual,
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
