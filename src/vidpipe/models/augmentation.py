"""Augmentation of clips before the discriminator, for small data sets.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3: real and
fake alike are altered, and gradients flow through. All frames of a clip are altered alike, so that
nothing moves that did not move before.
"""

from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.shapes import ClipBatch
from vidpipe.training.distributed import own_share, whole

SHIFT = 8  # clips are moved by up to an eighth of their side

# Of latents, at strength 1.
LATENT_SHIFT = 4  # moved by up to a quarter of their side, two cells of eight,
MOVED = 0.7  # seven times in ten
CUT = 3 / 8  # side of a cut-out,
CUT_OUT = 0.5  # every second time
SCALED = 0.2  # deviation of the factor of a clip
OFFSET = 0.2  # deviation of what is added to a channel
NOISY = 0.1  # deviation of the noise


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


class LatentAugmentation(nn.Module):
    """Place, scale and offsets of each clip of latents, altered at random while training.

    Latents are no colours: they are scaled as a whole and each channel is offset. A square of cells
    is cut out, for the discriminator must not rest on one place; noise hides the smallest details.

    Args:
        strength: 0 leaves latents as they are.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, latents: ClipBatch) -> ClipBatch:
        if not (self.training and self.strength):
            return latents
        # All numbers are drawn on the CPU, so that they are the same on every device, and for the
        # whole batch, so that they do not depend on the number of devices.
        channels, _, _, side = latents.shape[1:]
        count = whole(len(latents))
        scale = 1 + self.strength * SCALED * torch.randn(count, 1, 1, 1, 1)
        offset = self.strength * OFFSET * torch.randn(count, channels, 1, 1, 1)
        noise = self.strength * NOISY * torch.randn(count, *latents.shape[1:])

        # Some of the clips stay where they are.
        most = side // LATENT_SHIFT
        places = torch.randint(2 * most + 1, (2, count))
        places[:, torch.rand(count) >= self.strength * MOVED] = most
        uncut = cutout_mask(count, side, self.strength)
        scale, offset, noise, uncut = own_share((scale, offset, noise, uncut))
        altered = moved(latents, most, own_share(places, dim=1))
        altered = altered * scale.to(latents) + offset.to(latents)
        return (altered + noise.to(latents)) * uncut.to(latents)


def cutout_mask(count: int, side: int, strength: float) -> Float[Tensor, "b 1 1 h w"]:
    """Return 1, and 0 in the square that is cut out of some of the clips."""
    cut = round(CUT * side)
    corner = torch.randint(side - cut + 1, (2, count, 1))
    corner[:, torch.rand(count) >= strength * CUT_OUT] = side
    cells = torch.arange(side)
    down, across = (cells >= corner) & (cells < corner + cut)
    return (~(down[:, :, None] & across[:, None, :])).float()[:, None, None]


def coloured(clips: ClipBatch, strength: float) -> ClipBatch:
    """Change brightness, saturation and contrast of each clip, by up to half and by twofold."""
    drawn = own_share(torch.rand(3, whole(len(clips)), 1, 1, 1, 1), dim=1)
    light, colour, contrast = strength * (2 * drawn - 1).to(clips)
    clips = clips + 0.5 * light

    # Saturation: away from, or towards, the grey of each pixel.
    grey = clips.mean(1, keepdim=True)
    clips = grey + (1 + colour) * (clips - grey)

    # Contrast: away from, or towards, the mean of the whole clip.
    middle = clips.mean((1, 2, 3, 4), keepdim=True)
    return middle + (1 + 0.5 * contrast) * (clips - middle)


def shifted(clips: ClipBatch, strength: float) -> ClipBatch:
    """Move each clip by whole pixels; its edge fills what is laid bare."""
    most = round(strength * clips.shape[-2] / SHIFT)
    places = torch.randint(2 * most + 1, (2, whole(len(clips))))
    return moved(clips, most, own_share(places, dim=1))


def moved(clips: ClipBatch, most: int, places: Int[Tensor, "2 b"]) -> ClipBatch:
    """Move each clip by up to `most` pixels; its edge fills what is laid bare.

    Args:
        clips: To be moved.
        most: Largest shift.
        places: Shifts down and across of each clip, counted from `-most`.
    """
    height, width = clips.shape[-2:]

    # On CUDA, torch's own padding has no deterministic backward.
    pad = repeat_edges if clips.is_cuda else partial(F.pad, mode="replicate")
    padded = pad(clips, (most, most, most, most, 0, 0))

    # All frames of a clip are cut out at the same place of the padded ones.
    cut = [
        clip[..., y : y + height, x : x + width]
        for clip, y, x in zip(padded, *places.tolist(), strict=True)
    ]
    return torch.stack(cut)


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
