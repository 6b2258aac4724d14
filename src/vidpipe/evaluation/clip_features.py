"""Features of clips from 3-D convolutions with fixed random weights.

The weights come from a fixed seed, so the features are the same in every project. Fréchet distances
on them grow with anything that changes local patterns: noise and blur on features of frames, wrong
motion on features of differences between frames. Flicker makes up for lost motion there; not so if
only the differences of what moves are kept.
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.evaluation.motion import GREY_LEVELS, gated_change
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import ClipBatch, PixelClips

Features = Float[Tensor, "_ d"]
Weight = Float[Tensor, "_ _ 3 4 4"]

SEED = 0
WIDTHS = (16, 32, 64)  # channels of the layers; the last are the features
TIME_STRIDES = (1, 2, 2)  # the strides in space are all 2
BATCH = 64  # clips at a time


@torch.no_grad()
def random_features(clips: PixelClips, device: torch.device) -> dict[str, Features]:
    """Return features of each clip, by what is seen of it.

    Args:
        clips: Any number of clips.
        device: Device that computes; the features are returned on the CPU.

    Returns:
        Features of the `frames`, of the differences between them (`diff`), and of the differences
        where something moves (`diff_gated`), see `motion.gated_change`.
    """
    weights = [weight.to(device) for weight in _random_weights(channels=clips.shape[-1])]
    features: dict[str, list[Features]] = {"frames": [], "diff": [], "diff_gated": []}
    for pixels in torch.split(clips, BATCH):
        batch = to_float(pixels.to(device).permute(0, 4, 1, 2, 3))
        features["frames"].append(_features(batch, weights))
        features["diff"].append(_features(batch.diff(dim=2), weights))
        # A difference is twice as large in [-1, 1] as in shares of the range.
        gated = gated_change(pixels).to(device).permute(0, 4, 1, 2, 3) * (2 / GREY_LEVELS)
        features["diff_gated"].append(_features(gated, weights))
    return {name: torch.cat(batches).cpu() for name, batches in features.items()}


def _random_weights(*, channels: int) -> list[Weight]:
    """Draw the kernels of all layers, for frames of that many channels."""
    rng = torch.Generator().manual_seed(SEED)
    weights = []
    for inner, outer in pairwise((channels, *WIDTHS)):
        shape = (outer, inner, 3, 4, 4)
        # Variance 2 / fan-in keeps the size of the activations (He et al. 2015).
        weights.append(math.sqrt(2 / math.prod(shape[1:])) * torch.randn(shape, generator=rng))

    # Half of the first kernels sum to zero in space and respond to edges alone: otherwise the
    # colours of backgrounds dominate all features.
    edges = weights[0][: WIDTHS[0] // 2]
    edges -= edges.mean((3, 4), keepdim=True)
    return weights


def _features(clips: ClipBatch, weights: list[Weight]) -> Features:
    """Convolve, and average over time and space."""
    for weight, stride in zip(weights, TIME_STRIDES, strict=True):
        clips = F.relu(F.conv3d(clips, weight, stride=(stride, 2, 2), padding=1))
    return clips.mean((2, 3, 4))
