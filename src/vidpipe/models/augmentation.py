"""Augmentation of clips before the discriminator, for small data sets.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3: real and
fake alike are altered, and gradients flow through. All frames of a clip are altered alike, so that
nothing moves that did not move before.
"""

from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.shapes import ClipBatch

SHIFT = 8  # clips are moved by up to an eighth of their side


class Augmentation(nn.Module):
    """Colour and place of each clip, altered at random while training.

    Args:
        strength: 0 leaves clips as they are, 1 is the paper's.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, clips: ClipBatch) -> ClipBatch:
        if not (self.training and self.strength):
            return clips
        return shifted(coloured(clips, self.strength), self.strength)


def coloured(clips: ClipBatch, strength: float) -> ClipBatch:
    """Change brightness, saturation and contrast of each clip, by up to half and by twofold."""
    light, colour, contrast = strength * (2 * torch.rand(3, len(clips), 1, 1, 1, 1) - 1).to(clips)
    clips = clips + 0.5 * light

    # Saturation: away from, or towards, the grey of each pixel.
    grey = clips.mean(1, keepdim=True)
    clips = grey + (1 + colour) * (clips - grey)

    # Contrast: away from, or towards, the mean of the whole clip.
    middle = clips.mean((1, 2, 3, 4), keepdim=True)
    return middle + (1 + 0.5 * contrast) * (clips - middle)


def shifted(clips: ClipBatch, strength: float) -> ClipBatch:
    """Move each clip by whole pixels; its edge fills what is laid bare."""
    height, width = clips.shape[-2:]
    most = round(strength * height / SHIFT)

    # On CUDA, torch's own padding has no deterministic backward.
    pad = repeat_edges if clips.is_cuda else partial(F.pad, mode="replicate")
    padded = pad(clips, (most, most, most, most, 0, 0))

    # All frames of a clip are cut out at the same place of the padded ones.
    down, across = torch.randint(2 * most + 1, (2, len(clips))).tolist()
    moved = [
        clip[..., y : y + height, x : x + width]
        for clip, y, x in zip(padded, down, across, strict=True)
    ]
    return torch.stack(moved)


def repeat_edges(clips: ClipBatch, padding: Sequence[int]) -> Float[Tensor, "b c t h2 w2"]:
    """Pad as `F.pad(clips, padding, mode="replicate")`, by parts whose gradients are plain sums.

    Args:
        clips: To be padded.
        padding: Elements before and after the last dimension, then those of the one before it, ...
    """
    for side, (before, after) in enumerate(zip(padding[::2], padding[1::2], strict=True), 1):
        first, last = clips.narrow(-side, 0, 1), clips.narrow(-side, clips.shape[-side] - 1, 1)
        parts = [
            first.repeat_interleave(before, -side),
            clips,
            last.repeat_interleave(after, -side),
        ]
        clips = torch.cat(parts, -side)
    return clips
