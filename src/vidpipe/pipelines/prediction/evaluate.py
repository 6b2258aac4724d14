"""Stage `pix2pix_evaluate`: scores against copy-last-frame, and moving pictures of both."""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vidpipe.config.models import Pix2pixEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.data.video import encode
from vidpipe.evaluation import perceptual, prediction
from vidpipe.models.pix2pix import Generator, predict, stack_window
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.visualization.sheets import gif, grid, png

log = logging.getLogger(__name__)

WEIGHTS = "generator.safetensors"
REPORTED = (1, 2, 4, 8, 16)  # horizons that go into metrics; the curves have all
SLOWER = 4  # than real, so that half a second of footage can be watched
COLUMNS = ["real", "one-step", "rollout", "copy last"]
WAYS = {"one_step": prediction.score_one_steps, "rollout": prediction.score_rollouts}
TITLES = {SEEN: "seen", HELD_OUT: "held out"}


def evaluate_pix2pix(
    pairs: dict[str, np.ndarray],
    model: Path,
    evaluate: Pix2pixEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[dict[str, float], Path, Path]:
    """Score one-step predictions and rollouts on `seen` and `held_out`, and draw them.

    Returns:
        Metrics by name; folders of curves and of samples.
    """
    machine = runtimes.start(**runtime.model_dump())
    generator = weights.build(Generator, model / WEIGHTS)
    network = machine.place(generator)

    def step(frames: torch.Tensor) -> torch.Tensor:
        return predict(network, stack_window([frames]))

    frames = torch.from_numpy(pairs["frames"]).permute(0, 3, 1, 2).to(machine.device)

    def footage(index: np.ndarray) -> torch.Tensor:
        return to_float(frames[torch.from_numpy(index)])

    metrics: dict[str, float] = {}
    plots, samples = scratch / "plots", scratch / "samples"
    for folder in (plots, samples):
        folder.mkdir()
    films: dict[str, dict[str, np.ndarray]] = {}
    for split in (SEEN, HELD_OUT):
        usable = pairs["frame_split"] == split
        starts = prediction.starts_in(usable, pairs["frame_shot"], most=evaluate.starts)
        metrics[f"starts.{split}"] = len(starts)
        if not starts:
            log.warning("no frames are %s: nothing to score there", split)
            continue
        ahead = prediction.reach(starts, usable, pairs["frame_shot"], evaluate.horizons)
        for way, score in WAYS.items():
            scores = score(step, footage, starts, ahead, evaluate.horizons)
            points = prediction.curve(scores, resamples=evaluate.resamples, seed=evaluate.seed)
            metrics |= _numbers(points, way, split)
            _table(points).to_csv(plots / f"{way}_{split}.csv", index=False)
        longest = int(np.argmax(ahead))
        films[split] = film(step, footage, starts[longest], int(ahead[longest]))
        metrics |= perceived(films[split], split)

    pd.read_csv(model / "history.csv").to_csv(plots / "history.csv", index=False)
    draw(films, samples, fps=max(1, round(pairs["fps"].item() / SLOWER)))
    with tracker.evaluation("pix2pix", model / WEIGHTS) as run:
        run.metrics(metrics, 0)
        run.files(samples)
        run.picture("samples", sheet(films), 0)
    return metrics, plots, samples


def film(
    step: prediction.Step, footage: prediction.Footage, start: int, count: int
) -> dict[str, np.ndarray]:
    """`count` frames after a start, four ways, uint8 (t h w c)."""
    before = footage(np.arange(start, start + count))
    real = footage(np.arange(start + 1, start + 1 + count))
    made = {
        "real": real,
        "one-step": torch.cat([step(frame[None]) for frame in before]),
        "rollout": prediction.roll(step, before[:1], count),
        "copy last": before[:1].expand_as(real),
    }
    return {name: to_uint8(clip).permute(0, 2, 3, 1).cpu().numpy() for name, clip in made.items()}


def perceived(clips: dict[str, np.ndarray], split: str) -> dict[str, float]:
    """ST-RRED, and MS-SSIM where the size allows, of the longest rollout and of copy-last."""
    numbers: dict[str, float] = {f"rollout.{split}.film_frames": len(clips["real"])}
    for name, prefix in (("rollout", ""), ("copy last", "copy_last_")):
        if len(clips["real"]) > 1:
            numbers[f"rollout.{split}.{prefix}strred"] = perceptual.strred(
                clips["real"], clips[name]
            )
        similarity = perceptual.ms_ssim(clips["real"], clips[name])
        if similarity is not None:
            numbers[f"rollout.{split}.{prefix}ms_ssim"] = similarity
    return numbers


def draw(films: dict[str, dict[str, np.ndarray]], folder: Path, *, fps: int) -> None:
    """`samples.mp4`, `samples.gif` and `samples.png`."""
    pages = list(_pages(films, tile=256))
    (folder / "samples.mp4").write_bytes(encode(pages, fps=fps))
    (folder / "samples.gif").write_bytes(gif(list(_pages(films, tile=128)), fps=fps))
    (folder / "samples.png").write_bytes(png(sheet(films)))


def sheet(films: dict[str, dict[str, np.ndarray]]) -> np.ndarray:
    """Contact sheet: the four ways at the reported horizons."""
    rows, names = [], []
    for split, clips in films.items():
        count = len(clips["real"])
        kept = [h for h in REPORTED if h <= count]
        for name in COLUMNS:
            rows.append([clips[name][h - 1] for h in kept])
            names.append(f"{TITLES[split]}: {name}")
    return grid(
        rows, columns=[f"+{h}" for h in REPORTED][: max(map(len, rows))], names=names, tile=112
    )


def _pages(films: dict[str, dict[str, np.ndarray]], *, tile: int) -> Iterator[np.ndarray]:
    """Frame by frame; a film that ends first stands still on its last."""
    length = max(len(clips["real"]) for clips in films.values())
    for t in range(length):
        rows = [
            [clips[name][min(t, len(clips["real"]) - 1)] for name in COLUMNS]
            for clips in films.values()
        ]
        yield grid(rows, columns=COLUMNS, names=[TITLES[split] for split in films], tile=tile)


def _table(points: list[prediction.Point]) -> pd.DataFrame:
    return pd.DataFrame([asdict(point) for point in points]).round(5)


def _numbers(points: list[prediction.Point], way: str, split: str) -> dict[str, float]:
    if way == "one_step":  # further horizons of one-step only follow the footage on
        first = points[0]
        return {
            f"one_step.{split}.psnr": first.psnr,
            f"one_step.{split}.copy_last_psnr": first.copy_last_psnr,
            f"one_step.{split}.ssim": first.ssim,
            f"one_step.{split}.copy_last_ssim": first.copy_last_ssim,
            f"one_step.{split}.pairs": first.starts,
        }
    numbers: dict[str, float] = {}
    for point in points:
        if point.horizon not in REPORTED:
            continue
        prefix = f"rollout.{split}.h{point.horizon}"
        numbers |= {
            f"{prefix}.psnr": point.psnr,
            f"{prefix}.copy_last_psnr": point.copy_last_psnr,
            f"{prefix}.ssim": point.ssim,
            f"{prefix}.copy_last_ssim": point.copy_last_ssim,
            f"{prefix}.skill": point.skill,
            f"{prefix}.starts": point.starts,
        }
        if point.skill_low is not None and point.skill_high is not None:
            numbers |= {
                f"{prefix}.skill_low": point.skill_low,
                f"{prefix}.skill_high": point.skill_high,
            }
    return numbers
