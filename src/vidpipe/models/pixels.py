"""Between the bytes of pictures and the numbers that networks take."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor


def to_float(pixels: UInt8[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """0..255 to [-1, 1]."""
    return pixels.float() / 127.5 - 1


def to_uint8(values: Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """[-1, 1] to 0..255, rounded."""
    return ((values + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
