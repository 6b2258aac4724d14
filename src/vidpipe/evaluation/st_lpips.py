"""ST-LPIPS, a learned perceptual distance of frames (Ghildyal and Liu 2022).

The layers of an AlexNet whose strides are blurred are compared, by weights that were fitted to what
people see; a shift of a pixel hardly counts. The weights are a file of the wheel `stlpips_pytorch`,
whose code is never imported. The network is written anew here, so that its bits are the same on
every processor where `portable` holds.
"""

import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.shapes import FrameBatch
from vidpipe.utils.hashing import sha256

log = logging.getLogger(__name__)

Distances = Float[Tensor, "b"]
Distance = Callable[[FrameBatch, FrameBatch], Distances]
Features = Float[Tensor, "b channels height width"]  # of one layer
Weights = Mapping[str, Tensor]

PACKAGE = "stlpips-pytorch"
FILE = "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth"
SHA256 = "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"
INSTALL = f"pip install --force-reinstall --no-deps {PACKAGE}==0.0.2"


@functools.cache
def load() -> Distance | None:
    """Return the distance of frames from a reference, computed on the device of the frames.

    0 for equal frames; it grows with what people notice. Frames have one or three channels and at
    least 21 pixels a side.

    None where the weights are missing or not the known ones; one line in the log says which, and
    what to install.
    """
    path = Path(_path())
    digest = sha256(path) if path.is_file() else "no file"
    if digest != SHA256:
        log.warning(
            "ST-LPIPS is not measured: %s: expected the file with sha256 %.12s..., got %.12s: %s",
            path,
            SHA256,
            digest,
            INSTALL,
        )
        return None
    return functools.partial(_distances, torch.load(path, map_location="cpu", weights_only=True))


def _path() -> str:
    """Return where the weights lie in the installed packages, without an import of theirs."""
    try:
        return str(metadata.distribution(PACKAGE).locate_file(FILE))
    except metadata.PackageNotFoundError:
        return FILE


@torch.no_grad()
def _distances(weights: Weights, frames: FrameBatch, reference: FrameBatch) -> Distances:
    """Compare each frame with its reference.

    One at a time: bits do not depend on the batch, equal frames are exactly 0 apart, and memory
    holds the layers of two frames.
    """
    weights = {name: weight.to(frames.device) for name, weight in weights.items()}
    pairs = zip(torch.split(frames, 1), torch.split(reference, 1), strict=True)
    return torch.cat([_distance(weights, *pair) for pair in pairs])


def _distance(weights: Weights, frame: FrameBatch, reference: FrameBatch) -> Distances:
    """Weigh the squared differences of unit vectors of features, and average them over space."""
    layers = zip(_features(weights, frame), _features(weights, reference), strict=True)
    total = torch.zeros(1, dtype=torch.float64, device=frame.device)
    for number, (features, others) in enumerate(layers):
        importance = weights[f"lin{number}.model.1.weight"].double()
        difference = (_unit(features) - _unit(others)).square()
        total += (importance.view(1, -1, 1, 1) * difference).sum(1).mean()
    return total


def _unit(features: Features) -> Features:
    """Scale the vector of each place to length 1, in 64 bits; that of zeros stays.

    By `rsqrt`: `sqrt` has other last bits on another processor.
    """
    features = features.double()
    return features * features.square().sum(1, keepdim=True).clamp(min=1e-20).rsqrt()


def _features(weights: Weights, frame: FrameBatch) -> Iterator[Features]:
    """Yield the five layers of features of one frame.

    An AlexNet, all of whose strides are those of a blur: after the first convolution, and after
    each maximum.
    """

    # Wide kernels reach two pixels over the edge, that of 11 too.
    def convolved(x: Tensor, layer: str) -> Tensor:
        kernel = weights[f"net.{layer}.weight"]
        padding = min(2, kernel.shape[-1] // 2)
        return F.conv2d(x, kernel, weights[f"net.{layer}.bias"], padding=padding)

    def blurred(x: Tensor, layer: str) -> Tensor:
        kernel = weights[f"net.{layer}.filt"]  # 1 2 1, both ways
        padded = F.pad(x, (2, 2, 2, 2), mode="reflect")
        return F.conv2d(padded, kernel, stride=2, groups=len(kernel))

    # One layout for all frames: another has other bits.
    frame = frame.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    x = (frame - weights["scaling_layer.shift"]) / weights["scaling_layer.scale"]
    x = blurred(convolved(x, "slice1.0"), "slice1.1").relu()
    yield x
    x = blurred(F.max_pool2d(x, 3, stride=1), "slice2.4")
    x = convolved(x, "slice2.5").relu()
    yield x
    x = blurred(F.max_pool2d(x, 3, stride=1), "slice3.8")
    x = convolved(x, "slice3.9").relu()
    yield x
    x = convolved(x, "slice4.11").relu()
    yield x
    yield convolved(x, "slice5.13").relu()
