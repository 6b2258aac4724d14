"""Metrics of a GAN of clips, beside those of held-out clips, of stills and of noise."""

import logging

import numpy as np
import pandas as pd
import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.data.clip_arrays import ReferenceClips
from vidpipe.evaluation.clip_measures import (
    ClipStatistics,
    frechet_floors,
    median_nearest_distance,
    score_clips,
)
from vidpipe.models.shapes import PixelClips, PixelFrames
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
FEW = 100  # samples; scores of fewer, as at the scale smoke, mean nothing

# Sets of clips that are scored alike, named by the suffix of their metrics.
GENERATED = ""
HELD_OUT = "_held_out"
COPY_FIRST = "_copy_first"
NOISE = "_noise"

# Scores that real clips have without a reference.
OF_REAL = (
    "freezing_rate",
    "flicker",
    "background_drift",
    "actor_drift",
    "diversity",
    "actions_covered",
    "confident_share",
)


def check_halves(train_clips: ReferenceClips, count: int) -> None:
    """Check that the real clips can be halved by video, for the floors; warn of small halves.

    Args:
        train_clips: Clips of the training data.
        count: Number of clips that are generated.

    Raises:
        UserError: If a half would hold fewer than two clips.
    """
    # The smaller half: the videos with the fewest clips.
    clips_per_video = np.sort(np.unique(train_clips.video, return_counts=True)[1])
    half = int(clips_per_video[: len(clips_per_video) // 2].sum())
    if half < 2:
        raise UserError(
            "clips.npz: expected clips for training from several videos, for real ones are scored "
            f"against real ones of others; got {len(train_clips)} clips of {len(clips_per_video)} "
            "videos. Bring more videos, or lower sources.clips.test"
        )
    if half < count and count >= FEW:
        log.warning(
            "only %d real clips: the floors are those of %d samples, not of %d, and so too high",
            len(train_clips), half, count,
        )  # fmt: skip


def with_baselines(
    generated: PixelClips, first_frames: PixelFrames, held_out: ReferenceClips, rng: torch.Generator
) -> dict[str, UInt8[Tensor, "_ t h w c"]]:
    """Return the sets of clips that are scored alike, by the suffix of their metrics.

    Args:
        generated: Clips of the generator.
        first_frames: A real first frame for each of them; repeated, they are the stills.
        held_out: Clips of held-out videos.
        rng: Random numbers of the noise.
    """
    sets = {
        GENERATED: generated,
        COPY_FIRST: first_frames[:, None].expand_as(generated),
        NOISE: torch.randint(256, generated.shape, generator=rng, dtype=torch.uint8),
    }
    if len(held_out) > 1:
        sets[HELD_OUT] = torch.from_numpy(held_out.pixels)
    else:
        log.warning("clips.npz: no clips are for testing: nothing to score there")
    return sets


def clip_metrics(
    sets: dict[str, ClipStatistics],
    train_clips: ClipStatistics,
    videos: np.ndarray,
    *,
    seed: int,
) -> dict[str, float | int]:
    """Score each set against the training data, and add the scores of real clips themselves.

    Args:
        sets: Sets of clips by the suffix of their metrics.
        train_clips: Clips of the training data.
        videos: Video that each of those was cut from.
        seed: Seed of the floors.

    Returns:
        Metrics by name: those of `score_clips`, the floors, and the numbers of clips.
    """
    generated = sets[GENERATED]
    metrics = {
        f"{name}{suffix}": score
        for suffix, clips in sets.items()
        for name, score in score_clips(clips, train_clips).items()
    }
    of_real = score_clips(train_clips, train_clips)
    metrics |= {f"{name}_real": of_real[name] for name in OF_REAL if name in of_real}
    metrics |= frechet_floors(train_clips, videos, count=len(generated.clips), seed=seed)

    # Held-out clips show the distance at which nothing was memorised.
    for suffix in (GENERATED, HELD_OUT):
        if suffix in sets:
            metrics[f"nearest_train{suffix}"] = median_nearest_distance(
                sets[suffix].clips, train_clips.clips
            )
    metrics |= {"samples": len(generated.clips), "seen": len(train_clips.clips)}
    if HELD_OUT in sets:
        metrics["held_out"] = len(sets[HELD_OUT].clips)
    return metrics


def metrics_table(metrics: dict[str, float | int]) -> pd.DataFrame:
    """Return a row for each set of clips and one for the floors, a column for each score."""
    names = [name for name in metrics if f"{name}{NOISE}" in metrics]
    titles = {
        GENERATED: "made",
        "_real": "seen",
        HELD_OUT: "held out",
        "_floor": "floor",
        COPY_FIRST: "copy of the first frame",
        NOISE: "noise",
    }
    rows = [
        {"clips": title, **{name: metrics.get(f"{name}{suffix}") for name in names}}
        for suffix, title in titles.items()
    ]
    return pd.DataFrame(rows).round(5)
