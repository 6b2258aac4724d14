"""LPIPS, a learned perceptual distance of frames (Zhang et al. 2018), on features of an AlexNet.

The user brings the weights: the state dict of `lpips.LPIPS(net="alex")`, saved by `torch.save`.
"""

import functools
import pickle
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from vidpipe.evaluation import own_weights
from vidpipe.evaluation.alexnet_distance import (
    Distance,
    Features,
    Weights,
    convolved,
    distances,
    standardized,
)
from vidpipe.models.shapes import FrameBatch
from vidpipe.utils.errors import UserError

PARAMETER = "pix2pix.evaluate.lpips_weights"
LAYERS = {
    "slice1.0": (64, 3, 11, 11),
    "slice2.3": (192, 64, 5, 5),
    "slice3.6": (384, 192, 3, 3),
    "slice4.8": (256, 384, 3, 3),
    "slice5.10": (256, 256, 3, 3),
}
AFTER_MAXIMUM = ("slice2.3", "slice3.6")
SHAPES = {
    "scaling_layer.shift": (1, 3, 1, 1),
    "scaling_layer.scale": (1, 3, 1, 1),
    **{f"net.{layer}.weight": shape for layer, shape in LAYERS.items()},
    **{f"net.{layer}.bias": shape[:1] for layer, shape in LAYERS.items()},
    **{f"lin{n}.model.1.weight": (1, s[0], 1, 1) for n, s in enumerate(LAYERS.values())},
}


def load(weights: str, sha256: str) -> Distance:
    """Return the distance of frames from a reference, computed on the device of the frames.

    0 for equal frames. Frames have one or three channels and at least 31 pixels a side.

    Args:
        weights: Path of the file.
        sha256: Its hash.

    Raises:
        UserError: If there is no such file, it is another one, or not such a state dict.
    """
    content = own_weights.read(Path(weights), sha256, parameter=PARAMETER)
    try:
        found = torch.load(content, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise _unlike(weights, "no file of torch.save, or one with more than tensors") from error
    if not isinstance(found, dict):
        raise _unlike(weights, f"a {type(found).__name__}")
    for name, shape in SHAPES.items():
        tensor = found.get(name)
        if not isinstance(tensor, Tensor) or tensor.shape != shape or tensor.dtype != torch.float32:
            raise _unlike(weights, f"no float32 {name} of shape {shape}")
    return functools.partial(distances, _features, {name: found[name] for name in SHAPES})


def _unlike(path: str, found: str) -> UserError:
    return UserError(
        f'{PARAMETER}: {path}: expected the state dict of lpips.LPIPS(net="alex"), got {found}; '
        "save it by torch.save(model.state_dict(), path)"
    )


def _features(weights: Weights, frame: FrameBatch) -> Iterator[Features]:
    """Yield the five layers of features of one frame: those of torchvision's AlexNet."""
    x = standardized(weights, frame)
    for layer in LAYERS:
        if layer in AFTER_MAXIMUM:
            x = F.max_pool2d(x, 3, stride=2)
        x = convolved(weights, layer, x, stride=4 if layer == "slice1.0" else 1).relu()
        yield x
