"""Learned perceptual distances of frames: what an AlexNet sees, weighed as people see it.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric".
`lpips` and `st_lpips` differ in the network's strides and in its weights. The arithmetic is such
that bits are the same on every processor where `portable` holds.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.shapes import FrameBatch

# Of frames from their references, or of several sets of frames from the same references.
Distances = Float[Tensor, "*sets b"]
Distance = Callable[[Float[Tensor, "*sets b c h w"], FrameBatch], Distances]
Features = Float[Tensor, "b channels height width"]  # of one layer
Weights = Mapping[str, Tensor]
Layers = Callable[[Weights, FrameBatch], Iterator[Features]]


@torch.no_grad()
def distances(
    layers: Layers,
    weights: Weights,
    frames: Float[Tensor, "*sets b c h w"],
    reference: FrameBatch,
) -> Distances:
    """Compare each frame with its reference.

    One at a time: bits do not depend on the batch, equal frames are exactly 0 apart, and memory
    holds the layers of two frames. Those of a reference are computed once for all sets.
    """
    weights = {name: weight.to(frames.device) for name, weight in weights.items()}
    sets = frames.reshape(-1, *reference.shape)
    columns = []
    for number, real in enumerate(torch.split(reference, 1)):
        units = [_unit(features) for features in layers(weights, real)]
        alike = [
            _distance(weights, layers(weights, one[number : number + 1]), units) for one in sets
        ]
        columns.append(torch.cat(alike))
    return torch.stack(columns, dim=-1).reshape(frames.shape[:-3])


def _distance(
    weights: Weights, layers: Iterator[Tensor], reference: list[Tensor]
) -> Float[Tensor, "1"]:
    """Weigh the squared differences of unit vectors of features, and average them over space."""
    total = torch.zeros(1, dtype=torch.float64, device=reference[0].device)
    for number, (features, others) in enumerate(zip(layers, reference, strict=True)):
        importance = weights[f"lin{number}.model.1.weight"].double()
        difference = (_unit(features) - others).square()
        total += (importance.view(1, -1, 1, 1) * difference).sum(1).mean()
    return total


def _unit(features: Features) -> Features:
    """Scale the vector of each place to length 1, in 64 bits; that of zeros stays.

    By `rsqrt`: `sqrt` has other last bits on another processor.
    """
    features = features.double()
    return features * features.square().sum(1, keepdim=True).clamp(min=1e-20).rsqrt()


def standardized(weights: Weights, frame: FrameBatch) -> Float[Tensor, "b 3 h w"]:
    """Shift and scale the colours of a frame in [-1, 1]; a grey one has three equal channels."""
    # One layout for all frames: another has other bits.
    frame = frame.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    return (frame - weights["scaling_layer.shift"]) / weights["scaling_layer.scale"]


def convolved(weights: Weights, layer: str, x: Tensor, *, stride: int = 1) -> Tensor:
    """Apply a convolution. Wide kernels reach two pixels over the edge, that of 11 too."""
    kernel = weights[f"net.{layer}.weight"]
    padding = min(2, kernel.shape[-1] // 2)
    return F.conv2d(x, kernel, weights[f"net.{layer}.bias"], stride=stride, padding=padding)
