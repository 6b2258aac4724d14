"""Do these clips look and move as real ones do, are they many, and new? Scores of the clip GANs."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from vidpipe.evaluation import fidelity
from vidpipe.evaluation.classification import Judge, Judged, judge
from vidpipe.evaluation.clip_features import random_features
from vidpipe.evaluation.frechet import floor, frechet
from vidpipe.evaluation.motion import Motion, motion
from vidpipe.evaluation.precision_recall import precision_and_recall
from vidpipe.models.pixels import to_float
from vidpipe.utils.errors import UserError

Clips = UInt8[Tensor, "_ t h w c"]
Pictures = UInt8[Tensor, "_ h w c"]
CPU = torch.device("cpu")
CHUNK = 64  # clips judged at a time
BLOCK = 256  # clips compared with all others at a time
SIDE = 32  # pixels at which clips are compared one by one


@dataclass(frozen=True)
class Measured:
    """Clips, and what scores are made of.

    Attributes:
        clips: Themselves.
        features: By space: of `frames`, of differences between frames (`diff`), and those of the
            judge of `actions` if there is one.
        motion: How much moves.
        judged: What the judge says, if there is one.
    """

    clips: Clips
    features: dict[str, Float[Tensor, "n _"]]
    motion: Motion
    judged: Judged | None


def measure(
    clips: Clips, classifier: Judge | None = None, *, device: torch.device = CPU
) -> Measured:
    """Look at clips once.

    Args:
        clips: Any number; they stay where they are.
        classifier: The judge, if there is one.
        device: What to compute with.
    """
    frames, differences = random_features(clips, device)
    features = {"frames": frames, "diff": differences}
    judged = None
    if classifier:
        judged = judge(classifier, clips.permute(0, 4, 1, 2, 3), chunk=CHUNK)
        features["actions"] = judged.features.cpu()
    return Measured(clips, features, motion(clips), judged)


def score(some: Measured, seen: Measured) -> dict[str, float]:
    """Scores of some clips against those that training saw.

    Returns:
        `frechet_frames` and so on: distances on features. `motion_ratio`: share of pixels that
        move, to that of real ones. `freezing_rate`, `flicker`: see `Motion`. `diversity`: see
        there. With a judge, `actions_covered`: actions that at least one clip in a hundred passes
        for. `confident_share`: share of the clips that pass for any. `precision`, `recall`: on the
        judge's features, see `evaluation.manifold`; recall falls where a few clips are repeated.

    Raises:
        UserError: If nothing moves in what training saw.
    """
    real = seen.motion.share.mean().item()
    if real == 0:
        raise UserError("sources.clips: expected videos in which something moves; all stand still")
    numbers = {
        f"frechet_{name}": frechet(f, seen.features[name]) for name, f in some.features.items()
    }
    numbers |= {
        "motion_ratio": some.motion.share.mean().item() / real,
        "freezing_rate": some.motion.frozen(seen.motion),
        "flicker": some.motion.flicker.mean().item(),
        "diversity": diversity(some.clips),
    }
    if some.judged:
        numbers["actions_covered"] = some.judged.covered
        numbers["confident_share"] = float(some.judged.accepted.mean())
        numbers["precision"], numbers["recall"] = precision_and_recall(
            seen.features["actions"], some.features["actions"]
        )
    return numbers


def floors(seen: Measured, videos: np.ndarray, *, count: int, seed: int) -> dict[str, float]:
    """How far real clips of some videos are from those of others: `evaluation.frechet.floor`.

    Args:
        seen: Clips that training saw.
        videos: What each was cut from.
        count: Clips in the set that is scored.
        seed: Of the splits.
    """
    return {
        f"frechet_{name}_floor": floor(features, videos, count=count, seed=seed)
        for name, features in seen.features.items()
    }


def first_frame_psnr(clips: Clips, given: Pictures) -> float:
    """How well clips begin with the pictures they were made from: mean, in dB."""
    first, wanted = (to_float(p.permute(0, 3, 1, 2)) for p in (clips[:, 0], given))
    return fidelity.psnr(fidelity.mse(first, wanted)).mean().item()


def diversity(clips: Clips) -> float:
    """Root mean square distance of two different clips, in grey levels."""
    # The mean square over all pairs is twice the variance.
    return math.sqrt(2 * points(clips).var(0).mean().item())


def nearest(clips: Clips, others: Clips) -> float:
    """Median distance of a clip to the nearest of the others; a copy has 0.

    Root mean square, in grey levels.
    """
    mine, theirs = points(clips), points(others)
    # Inner products are fast, but leave no zero between equals: measure the nearest by differences.
    best = torch.cat([torch.cdist(some, theirs).argmin(1) for some in torch.split(mine, BLOCK)])
    return (mine - theirs[best]).square().mean(1).sqrt().median().item()


def points(clips: Clips) -> Float[Tensor, "_ d"]:
    """Clips as vectors of grey levels, shrunk to 32x32 pixels if they are larger."""
    times = max(1, clips.shape[2] // SIDE)
    return torch.cat(
        [
            F.avg_pool3d(some.permute(0, 4, 1, 2, 3).float(), (1, times, times)).flatten(1)
            for some in torch.split(clips, CHUNK)
        ]
    )
