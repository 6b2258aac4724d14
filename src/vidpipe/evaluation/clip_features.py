"""Features of clips that need no training: convolutions in space and time whose weights are drawn.

The same numbers for everybody: the weights come of a fixed seed. Distances between clouds of these
features grow with whatever changes local patterns: on frames with noise and blur, on differences
between frames with motion that is wrong.
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.pixels import to_float

Clips = UInt8[Tensor, "_ t h w c"]
Features = Float[Tensor, "_ d"]
Weight = Float[Tensor, "_ _ 3 4 4"]

SEED = 0
WIDTHS = (16, 32, 64)  # channels; the last are the features
TIME = (1, 2, 2)  # strides; in space each layer halves the side
CHUNK = 64  # clips at a time


@torch.no_grad()
def random_features(clips: Clips, device: torch.device) -> tuple[Features, Features]:
    """Features of the frames, and of the differences between frames, of each clip.

    Args:
        clips: Any number.
        device: What to compute with.
    """
    weights = [weight.to(device) for weight in _drawn(channels=clips.shape[-1])]
    frames, differences = [], []
    for some in torch.split(clips, CHUNK):
        batch = to_float(some.to(device).permute(0, 4, 1, 2, 3))
        frames.append(_features(batch, weights))
        differences.append(_features(batch.diff(dim=2), weights))
    return torch.cat(frames).cpu(), torch.cat(differences).cpu()


def _drawn(*, channels: int) -> list[Weight]:
    rng = torch.Generator().manual_seed(SEED)
    weights = []
    for inner, outer in pairwise((channels, *WIDTHS)):
        shape = (outer, inner, 3, 4, 4)
        # As wide as keeps the answers' size from layer to layer (He et al. 2015).
        weights.append(math.sqrt(2 / math.prod(shape[1:])) * torch.randn(shape, generator=rng))
    # Half of the first filters answer to edges alone, else the colours of places drown them.
    edges = weights[0][: WIDTHS[0] // 2]
    edges -= edges.mean((3, 4), keepdim=True)
    return weights


def _features(clips: Float[Tensor, "b c t h w"], weights: list[Weight]) -> Features:
    for weight, stride in zip(weights, TIME, strict=True):
        clips = F.relu(F.conv3d(clips, weight, stride=(stride, 2, 2), padding=1))
    return clips.mean((2, 3, 4))
