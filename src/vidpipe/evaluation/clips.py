"""Do these clips look and move as real ones do, are they many, and new? Scores of the clip GANs."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from vidpipe.errors import UserError
from vidpipe.evaluation.clip_features import random_features
from vidpipe.evaluation.frechet import floor, frechet
from vidpipe.evaluation.motion import Motion, motion

Clips = UInt8[Tensor, "_ t h w 3"]
SPACES = ("frames", "diff")
BLOCK = 256  # clips that are compared with as many others at a time


@dataclass(frozen=True)
class Measured:
    """Clips, and what scores are made of.

    Attributes:
        clips: Themselves.
        features: By space: of `frames`, and of differences between them.
        motion: How much moves.
    """

    clips: Clips
    features: dict[str, Float[Tensor, "n _"]]
    motion: Motion


def measure(clips: Clips) -> Measured:
    """Look at clips once."""
    return Measured(clips, dict(zip(SPACES, random_features(clips), strict=True)), motion(clips))


def score(made: Measured, seen: Measured) -> dict[str, float]:
    """Scores of some clips against those that training saw.

    Returns:
        `frechet_frames` and so on: distances on features. `motion_ratio`: share of pixels that
        move, to that of real ones. `freezing_rate`, `flicker`: see `Motion`. `diversity`: root mean
        square distance of two clips, in grey levels. `nearest_train`: median distance of a clip to
        the nearest that training saw, likewise; a copy has 0.

    Raises:
        UserError: If nothing moves in what training saw.
    """
    real = seen.motion.share.mean().item()
    if real == 0:
        raise UserError("sources.clips: expected videos in which something moves, all stand still")
    return {
        **{f"frechet_{s}": frechet(made.features[s], seen.features[s]) for s in made.features},
        "motion_ratio": made.motion.share.mean().item() / real,
        "freezing_rate": made.motion.frozen(seen.motion),
        "flicker": made.motion.flicker.mean().item(),
        "diversity": diversity(made.clips),
        "nearest_train": nearest(made.clips, seen.clips).median().item(),
    }


def floors(seen: Measured, videos: np.ndarray, *, count: int, seed: int) -> dict[str, float]:
    """What real clips of other videos have: see `evaluation.frechet.floor`.

    Args:
        seen: Clips that training saw.
        videos: What each was cut from.
        count: Clips in the set that is scored.
        seed: Of the splits.
    """
    return {
        f"frechet_{space}_floor": floor(features, videos, count=count, seed=seed)
        for space, features in seen.features.items()
    }


def diversity(clips: Clips) -> float:
    """Root mean square distance of two different clips, in grey levels."""
    values = clips.flatten(1)
    total = torch.zeros(values.shape[1], dtype=torch.int64, device=clips.device)
    squares = torch.zeros_like(total)
    for some in torch.split(values, BLOCK):
        total += some.long().sum(0)
        squares += some.long().square().sum(0)
    # The mean square over all pairs is twice the variance.
    count = len(clips)
    spread = (squares - total.double().square() / count).mean().item() / (count - 1)
    return math.sqrt(2 * max(0.0, spread))


def nearest(clips: Clips, others: Clips) -> Float[Tensor, "_"]:
    """Root mean square difference of each clip from the nearest of the others, in grey levels."""
    return torch.cat([_nearest(some, others) for some in torch.split(clips, BLOCK)])


def _nearest(clips: Clips, others: Clips) -> Float[Tensor, "_"]:
    points = clips.flatten(1).float()
    blocks = torch.split(others, BLOCK)
    best = torch.cat([torch.cdist(points, b.flatten(1).float()) for b in blocks], 1).argmin(1)
    # Inner products are fast, but leave no zero between equals: measure the best by differences.
    return (points - others[best].flatten(1).float()).square().mean(1).sqrt()
