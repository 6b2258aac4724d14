"""Scores of one set of clips against real ones: fidelity, motion, diversity and novelty."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from vidpipe.data.clip_arrays import shrunk
from vidpipe.evaluation import fidelity
from vidpipe.evaluation.classification import Classification, Classifier, classify
from vidpipe.evaluation.clip_features import random_features
from vidpipe.evaluation.frechet import frechet_distance, frechet_floor
from vidpipe.evaluation.identity import Drift, measure_drift
from vidpipe.evaluation.motion import FAINT, MOVES, STRONG, Motion, measure_motion
from vidpipe.evaluation.precision_recall import precision_and_recall
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import PixelClips, PixelFrames
from vidpipe.utils.errors import UserError

CPU = torch.device("cpu")
BATCH = 64  # clips classified, or made vectors, at a time
BLOCK = 256  # clips compared with all reference clips at a time
MOTION_RATIOS = {"motion_ratio": MOVES, "motion_ratio_06": FAINT, "motion_ratio_25": STRONG}
SIDE = 32  # pixels; larger clips are shrunk to it before they are scored
FRAMES = 8  # of longer clips, those in the middle are scored


@dataclass(frozen=True)
class ClipStatistics:
    """A set of clips, and all that its scores are computed from.

    Attributes:
        clips: The clips, as they were scored.
        features: Features by name: those of `random_features`, and those of the action classifier
            (`actions`) if there is one.
        motion: Motion and flicker, clip by clip.
        drift: Change of background and actor within a clip, clip by clip.
        classification: Predictions of the action classifier, if there is one.
    """

    clips: PixelClips
    features: dict[str, Float[Tensor, "n _"]]
    motion: Motion
    drift: Drift
    classification: Classification | None


def clip_statistics(
    clips: PixelClips, classifier: Classifier | None = None, *, device: torch.device = CPU
) -> ClipStatistics:
    """Compute features, motion, drift and predictions of a set of clips, once for all scores.

    Args:
        clips: Any number of clips, cut and shrunk by `as_scored`; they stay on their device.
        classifier: The action classifier, if there is one.
        device: Device that computes the random features.
    """
    clips = as_scored(clips)
    features = random_features(clips, device)
    classification = None
    if classifier:
        classification = classify(classifier, clips.permute(0, 4, 1, 2, 3), batch=BATCH)
        features["actions"] = classification.features.cpu()
    motion, drift = measure_motion(clips), measure_drift(clips)
    return ClipStatistics(clips, features, motion, drift, classification)


def as_scored(clips: PixelClips) -> UInt8[Tensor, "n middle small small c"]:
    """Return the middle 8 frames of clips, shrunk to 32x32 pixels by area.

    Scores of clips of any length and size are so on one scale.
    """
    start = max(0, clips.shape[1] - FRAMES) // 2
    middle = clips[:, start : start + FRAMES]
    return torch.from_numpy(shrunk(middle.numpy(), SIDE))


def score_clips(clips: ClipStatistics, train_clips: ClipStatistics) -> dict[str, float | int]:
    """Scores of a set of clips against those of the training data.

    Returns:
        `frechet_frames` and so on: Fréchet distances on features. `motion_ratio`: share of pixels
        that move, as a ratio to that of real clips; `motion_ratio_06` and `motion_ratio_25`: the
        same of faint and of strong motion, left out if real clips have none. `freezing_rate`,
        `flicker`: see `Motion`. `background_drift`, `actor_drift`: see `Drift`. `diversity`: see
        there. With a classifier, `actions_covered`: actions that at least one
        clip in a hundred is accepted as. `confident_share`: share of the clips that are accepted
        as any. `precision`, `recall`: on the classifier's features, see
        `evaluation.precision_recall`; recall falls where few clips are repeated.

    Raises:
        UserError: If nothing moves in the clips of the training data.
    """
    if not train_clips.motion.moving_share.any():
        raise UserError("sources.clips: expected videos in which something moves; all stand still")
    scores = {
        f"frechet_{name}": frechet_distance(features, train_clips.features[name])
        for name, features in clips.features.items()
    }
    scores |= {
        name: clips.motion.moving_shares[least].mean().item() / real_share
        for name, least in MOTION_RATIOS.items()
        if (real_share := train_clips.motion.moving_shares[least].mean().item())
    }
    scores |= {
        "freezing_rate": clips.motion.freezing_rate(train_clips.motion),
        "flicker": clips.motion.flicker.mean().item(),
        "background_drift": clips.drift.background.mean().item(),
        "actor_drift": clips.drift.mean_actor,
        "diversity": diversity(clips.clips),
    }
    if clips.classification:
        scores["actions_covered"] = clips.classification.covered_classes
        scores["confident_share"] = float(clips.classification.accepted.mean())
        scores["precision"], scores["recall"] = precision_and_recall(
            train_clips.features["actions"], clips.features["actions"]
        )
    return scores


def frechet_floors(
    train_clips: ClipStatistics, videos: np.ndarray, *, count: int, seed: int
) -> dict[str, float | int]:
    """Fréchet distances between real clips of some videos and of others: see `frechet_floor`.

    Args:
        train_clips: Clips of the training data.
        videos: Video that each of them was cut from.
        count: Number of clips in the set that is scored.
        seed: Seed of the splits.
    """
    return {
        f"frechet_{name}_floor": frechet_floor(features, videos, count=count, seed=seed)
        for name, features in train_clips.features.items()
    }


def first_frame_psnr(clips: PixelClips, pictures: PixelFrames) -> float:
    """Mean PSNR in dB of the first frames to the pictures that the clips were generated from."""
    first, reference = (to_float(p.permute(0, 3, 1, 2)) for p in (clips[:, 0], pictures))
    return fidelity.psnr(fidelity.mse(first, reference)).mean().item()


def diversity(clips: PixelClips) -> float:
    """Root mean square distance of two different clips, in grey levels."""
    # The mean square over all pairs is twice the variance.
    return math.sqrt(2 * clip_vectors(clips).var(0).mean().item())


def median_nearest_distance(clips: PixelClips, reference: UInt8[Tensor, "m t h w c"]) -> float:
    """Median distance of a clip to the nearest reference clip; 0 for a copy.

    Root mean square, in grey levels.
    """
    vectors = clip_vectors(clips)
    reference_vectors = clip_vectors(reference)
    # The fast way through inner products finds the nearest, but does not give zero between equal
    # clips: the distance to it is measured by differences.
    nearest = torch.cat(
        [torch.cdist(block, reference_vectors).argmin(1) for block in torch.split(vectors, BLOCK)]
    )
    return (vectors - reference_vectors[nearest]).square().mean(1).sqrt().median().item()


def clip_vectors(clips: PixelClips) -> Float[Tensor, "n d"]:
    """Return clips as vectors of grey levels, shrunk to 32x32 pixels if they are larger."""
    factor = max(1, clips.shape[2] // SIDE)
    vectors = []
    for batch in torch.split(clips, BATCH):
        channels_first = batch.permute(0, 4, 1, 2, 3).float()
        vectors.append(F.avg_pool3d(channels_first, (1, factor, factor)).flatten(1))
    return torch.cat(vectors)
