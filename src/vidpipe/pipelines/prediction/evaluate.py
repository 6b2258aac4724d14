"""Stage `pix2pix_evaluate`: scores against predictors without a network, and films of all."""

import functools
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copyfile

import numpy as np
import torch
from torch import Tensor

from vidpipe.config.models import Pix2pixEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.pair_arrays import check_history, run_lengths
from vidpipe.data.splits import HELD_OUT, SEEN, UNSEEN
from vidpipe.evaluation import lpips, st_lpips
from vidpipe.evaluation.alexnet_distance import Distance
from vidpipe.evaluation.prediction import Predictor
from vidpipe.evaluation.prediction_baselines import HISTORY, baselines
from vidpipe.evaluation.prediction_metrics import SplitEvaluation, evaluate_split
from vidpipe.evaluation.protocol import PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.pix2pix import PairData, fitted_velocity, make_generator
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.models.windows import NextFrameGenerator, Past, go_on, roll_out
from vidpipe.tracking.headlines import headline_metrics
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.weight_files import GENERATOR_WEIGHTS
from vidpipe.utils.errors import UserError
from vidpipe.visualization.prediction_films import draw_films, horizon_sheet

log = logging.getLogger(__name__)

FUTURES = 5  # of each start that are scored, if noise chooses them
AT_ONCE = 1024  # frames that are summed up
SLOWER = 4  # than real, so that half a second of footage can be watched


def evaluate_pix2pix(
    pairs: dict[str, np.ndarray],
    model: Path,
    evaluate: Pix2pixEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[ScoresAndProtocol, ScoresAndProtocol, Path, Path]:
    """Score one-step predictions and rollouts on each split, and draw them.

    Returns:
        Metrics by name, and how they were measured; the headline scores among them; folders of
        curves and of samples.

    Raises:
        UserError: If the model is of frames of another size, or of longer windows than shots, or
            the weights of LPIPS are not those that were asked for.
    """
    machine = runtimes.start(**runtime.model_dump())
    generator = machine.place(weights.build(make_generator, model / GENERATOR_WEIGHTS))
    data = PairData.of(pairs, machine.device)
    check_history(pairs, SEEN, generator.history)
    side = data.frames.shape[-1]
    if generator.size != side:
        raise UserError(
            f"{model / GENERATOR_WEIGHTS}: expected a model of frames of {side} pixels, as in "
            f"pairs.npz, got one of {generator.size}; train it on these: dvc repro pix2pix_train"
        )
    rivals = baselines(*_fit(data, pairs))
    distances = _distances(evaluate)

    futures = _futures(generator, evaluate.seed)

    def footage(index: np.ndarray) -> FrameBatch:
        return to_float(data.frames[torch.from_numpy(index)])

    results = {}
    splits = [SEEN, HELD_OUT]
    # Of footage of a few videos, none is held out whole.
    if UNSEEN in pairs["frame_split"]:
        splits.append(UNSEEN)
    for split in splits:
        results[split] = evaluate_split(
            partial(roll_out, generator),
            rivals,
            footage,
            run_lengths(pairs, split),
            split=split,
            starts=evaluate.starts,
            horizons=evaluate.horizons,
            resamples=evaluate.resamples,
            seed=evaluate.seed,
            history=generator.history,
            distances=distances,
            futures=futures,
        )
        if not results[split].clips:
            log.warning("no shot has a window that is %s: nothing to score there", split)
    metrics = {name: number for r in results.values() for name, number in r.metrics.items()}
    clips = {split: result.clips for split, result in results.items() if result.clips}
    plots = _write_plots(scratch / "plots", results, model / "history.csv")
    fps = max(1, round(pairs["fps"].item() / SLOWER))
    samples = _write_samples(scratch / "samples", draw_films(clips, fps=fps))
    with tracker.evaluation("pix2pix", model / GENERATOR_WEIGHTS) as run:
        run.metrics(metrics, 0)
        run.files(samples)
        run.picture("samples", horizon_sheet(clips), 0)
    protocol: Protocol = {
        "split": ", ".join(splits),
        "starts": evaluate.starts,
        "horizons": evaluate.horizons,
        "resamples": evaluate.resamples,
        "seed": evaluate.seed,
        "history": generator.history,
        "fps": pairs["fps"].item(),
        "size": side,
        "st_lpips_sha256": st_lpips.SHA256 if "st_lpips" in distances else "not measured",
    }
    if futures:
        protocol["futures"] = len(futures)
    if evaluate.lpips_sha256 is not None:
        protocol["lpips_sha256"] = evaluate.lpips_sha256
    headlines = headline_metrics("pix2pix", metrics, protocol)
    return {**metrics, PROTOCOL: protocol}, headlines, plots, samples


def _futures(generator: NextFrameGenerator, seed: int) -> list[Predictor]:
    """Return a model with the noise of each of several futures, the same from every start.

    There are none of a model that knows one future.
    """
    if not generator.latent:
        return []
    rng = torch.Generator().manual_seed(seed)
    choices = torch.randn(FUTURES, generator.latent, generator=rng)

    # All look at the same windows in turn, whose flows are estimated once.
    @functools.lru_cache(maxsize=1)
    def begin(window: WindowBatch) -> Past:
        return generator.begin(window[:, -generator.history :])

    def predict(noise: Tensor, window: WindowBatch, steps: int) -> Tensor:
        chosen = noise.to(window).expand(len(window), -1)
        return go_on(generator, replace(begin(window), noise=chosen), steps)

    return [partial(predict, noise) for noise in choices]


def _distances(evaluate: Pix2pixEvaluate) -> dict[str, Distance]:
    """Return the perceptual distances that can be measured, and those that are asked for."""
    distances = {}
    if shift_tolerant := st_lpips.load():
        distances["st_lpips"] = shift_tolerant
    if evaluate.lpips_weights is not None and evaluate.lpips_sha256 is not None:
        distances["lpips"] = lpips.load(evaluate.lpips_weights, evaluate.lpips_sha256)
    return distances


def _fit(data: PairData, pairs: Mapping[str, np.ndarray]) -> tuple[Tensor, Tensor]:
    """Fit to frames that are seen what the baselines need: their mean, and weights of past flows.

    Where no shot is long enough, flows have no weight: what is extrapolated stands still.
    """
    # The mean takes a part of the frames at a time; sums of whole numbers are exact.
    index = torch.from_numpy(np.flatnonzero(pairs["frame_split"] == SEEN))
    total = torch.zeros_like(data.frames[0], dtype=torch.int64)
    for part in torch.split(index, AT_ONCE):
        total += data.frames[part].sum(0, dtype=torch.int64)
    mean_frame = total / len(index) / 127.5 - 1
    velocity = torch.zeros(2, HISTORY - 1)
    if data.runs.max() > HISTORY:
        velocity = fitted_velocity(data, HISTORY)
    return mean_frame, velocity.to(mean_frame)


def _write_plots(folder: Path, results: Mapping[str, SplitEvaluation], history: Path) -> Path:
    """Write a curve for each method and split, and the losses of the training."""
    folder.mkdir()
    for split, result in results.items():
        for method, curve in result.curves.items():
            curve.to_csv(folder / f"{method}_{split}.csv", index=False)
    copyfile(history, folder / "history.csv")
    return folder


def _write_samples(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
