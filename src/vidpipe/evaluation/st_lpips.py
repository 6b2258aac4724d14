"""ST-LPIPS, a learned perceptual distance of frames (Ghildyal and Liu 2022).

The layers of an AlexNet whose strides are blurred are compared, by weights that were fitted to what
people see; a shift of a pixel hardly counts. The weights are a file of the wheel `stlpips_pytorch`,
whose code is never imported. The network is written anew here, so that its bits are the same on
every processor where `portable` holds.
"""

import functools
import logging
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from vidpipe.evaluation.alexnet_distance import (
    Distance,
    Features,
    Weights,
    convolved,
    distances,
    standardized,
)
from vidpipe.models.shapes import FrameBatch
from vidpipe.utils.hashing import sha256

log = logging.getLogger(__name__)

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
    weights = torch.load(path, map_location="cpu", weights_only=True)
    return functools.partial(distances, _features, weights)


def _path() -> str:
    """Return where the weights lie in the installed packages, without an import of theirs."""
    try:
        return str(metadata.distribution(PACKAGE).locate_file(FILE))
    except metadata.PackageNotFoundError:
        return FILE


def _features(weights: Weights, frame: FrameBatch) -> Iterator[Features]:
    """Yield the five layers of features of one frame.

    An AlexNet, all of whose strides are those of a blur: after the first convolution, and after
    each maximum.
    """

    def blurred(x: Tensor, layer: str) -> Tensor:
        kernel = weights[f"net.{layer}.filt"]  # 1 2 1, both ways
        padded = F.pad(x, (2, 2, 2, 2), mode="reflect")
        return F.conv2d(padded, kernel, stride=2, groups=len(kernel))

    x = standardized(weights, frame)
    x = blurred(convolved(weights, "slice1.0", x), "slice1.1").relu()
    yield x
    x = blurred(F.max_pool2d(x, 3, stride=1), "slice2.4")
    x = convolved(weights, "slice2.5", x).relu()
    yield x
    x = blurred(F.max_pool2d(x, 3, stride=1), "slice3.8")
    x = convolved(weights, "slice3.9", x).relu()
    yield x
    x = convolved(weights, "slice4.11", x).relu()
    yield x
    yield convolved(weights, "slice5.13", x).relu()
