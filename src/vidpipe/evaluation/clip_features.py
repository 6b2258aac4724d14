"""Features of clips that need no training: convolutions in space and time whose weights are drawn.

The same numbers for everybody: the weights come of a fixed seed. Distances between clouds of these
features grow with whatever changes local patterns: on frames with noise and blur, on differences
between frames with motion that is wrong.
"""

import math

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.pixels import to_float

Clips = UInt8[Tensor, "_ t h w 3"]
Features = Float[Tensor, "_ d"]

SEED = 0
WIDTHS = (3, 16, 32, 64)  # channels; the last are the features
TIME = (1, 2, 2)  # strides; in space each layer halves the side
CHUNK = 64  # clips at a time


class RandomConvolutions(nn.Module):
    """Three convolutions of drawn weights, their answers averaged over space and time."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(SEED)
        for n, (inner, outer) in enumerate(zip(WIDTHS, WIDTHS[1:], strict=False)):
            shape = (outer, inner, 3, 4, 4)
            # As wide as keeps the answers' size from layer to layer (He et al. 2015).
            weight = torch.randn(shape, generator=rng) * math.sqrt(2 / math.prod(shape[1:]))
            self.register_buffer(f"weight{n}", weight)

    def forward(self, clips: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b features"]:
        for n, stride in enumerate(TIME):
            weight = self.get_buffer(f"weight{n}")
            clips = F.relu(F.conv3d(clips, weight, stride=(stride, 2, 2), padding=1))
        return clips.mean((2, 3, 4))


@torch.no_grad()
def random_features(clips: Clips) -> tuple[Features, Features]:
    """Features of the frames, and of the differences between frames, of each clip."""
    network = RandomConvolutions().to(clips.device)
    frames, differences = [], []
    for some in torch.split(clips, CHUNK):
        batch = to_float(some).permute(0, 4, 1, 2, 3)
        frames.append(network(batch))
        differences.append(network(batch.diff(dim=2)))
    return torch.cat(frames), torch.cat(differences)
