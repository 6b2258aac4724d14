"""vgan: what moves and what stands still, made apart.

Vondrick et al. 2016, "Generating Videos with Scene Dynamics", section 2: a video stream makes a
foreground and a mask, an image stream the background behind it, which is the same in all frames.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.models.clip_gan import (
    ClipDiscriminator,
    ClipGenerator,
    Clips,
    ClipsFromNoise,
    RealClips,
    Volume,
)
from vidpipe.models.modes import evaluating
from vidpipe.models.noise import Noise, Prior


class Parts(NamedTuple):
    """What a clip is put together from: mask * foreground + (1 - mask) * background.

    Attributes:
        foreground: What moves.
        mask: Where it is seen, 0 to 1.
        background: One frame behind all of it.
    """

    foreground: Clips
    mask: Float[Tensor, "b 1 t h w"]
    background: Float[Tensor, "b c 1 h w"]

    @property
    def clips(self) -> Clips:
        """The parts put together (section 2.2, equation 2)."""
        return self.mask * self.foreground + (1 - self.mask) * self.background


class Generator(ClipGenerator):
    """Two streams from the same noise.

    Args:
        latent: Numbers of noise.
        codes: How many of them are one choice.
        size: Side of the frames, a multiple of 16.
        frames: Of a clip, a multiple of 8.
        channels: Of a frame.
        width: Channels of the first feature maps of both streams; each layer halves them.
        labels: If any, what the choice says that a clip is to show; as many as codes.
    """

    def __init__(
        self,
        *,
        latent: int,
        codes: int,
        size: int,
        frames: int,
        channels: int,
        width: int,
        labels: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.prior, self.frames, self.channels = (
            Prior(latent, codes, tuple(labels)),
            frames,
            channels,
        )
        self.volume = Volume(latent=latent, size=size, frames=frames, width=width)
        self.moving = nn.Conv3d(self.volume.channels, channels + 1, (1, 3, 3), 1, (0, 1, 1))
        self.background = _picture_stream(latent, size, width, channels)

    def forward(self, noise: Noise) -> Clips:
        return self.parts(noise).clips

    def parts(self, noise: Noise) -> Parts:
        """Foreground, mask and background apart."""
        colours, mask = self.moving(self.volume(noise)).split([self.channels, 1], dim=1)
        background = self.background(noise).unsqueeze(2)
        return Parts(torch.tanh(colours), torch.sigmoid(mask), torch.tanh(background))

    def apart(self, source: Noise) -> dict[str, Clips]:
        """Foreground, mask and background as clips of colours."""
        parts = self.parts(source)
        shown = (parts.foreground, 2 * parts.mask - 1, parts.background)
        return dict(zip(Parts._fields, (s.expand_as(parts.foreground) for s in shown), strict=True))


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions."""

    layers = 4


class Game(ClipsFromNoise):
    """The game of `ClipsFromNoise`, in which the generator pays for the mask.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Where noise is drawn from.
        mask_weight: Of the mask's mean (section 2.2: a sparse mask, weight 0.1).
    """

    def __init__(self, real: RealClips, *, batch: int, prior: Prior, mask_weight: float) -> None:
        super().__init__(real, batch=batch, prior=prior)
        self.mask_weight = mask_weight

    def make(
        self, generator: Callable[[Noise], Clips], source: Noise, target: Clips
    ) -> tuple[Clips, dict[str, Float[Tensor, ""]]]:
        """The generator's clips, and the price of the mask."""
        assert isinstance(generator, Generator)
        parts = generator.parts(source)
        return parts.clips, {"mask": self.mask_weight * parts.mask.float().mean()}


@torch.no_grad()
def fares(generator: Generator, source: Noise) -> dict[str, float]:
    """What is watched while it learns: the mask's mean, in which the report's attempt died."""
    with evaluating(generator):
        return {"mask_mean": generator.parts(source).mask.mean().item()}


def _picture_stream(latent: int, size: int, width: int, channels: int) -> nn.Sequential:
    base = size // 16
    widths = [width // 2**level for level in range(4)]
    stream = nn.Sequential(
        nn.Linear(latent, width * base * base),
        nn.Unflatten(1, (width, base, base)),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.2),
    )
    for inner, outer in pairwise(widths):
        layer = nn.ConvTranspose2d(inner, outer, 4, 2, 1)
        stream.extend([layer, nn.BatchNorm2d(outer), nn.LeakyReLU(0.2)])
    stream.append(nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1))
    return stream
