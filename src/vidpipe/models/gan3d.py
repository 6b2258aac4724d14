"""gan3d: clips from noise by transposed 3-D convolutions, as the project report built it.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Sequence

import torch
from torch import nn

from vidpipe.models.clip_gan import ClipDiscriminator, ClipGenerator, Clips, ClipsFromNoise, Volume
from vidpipe.models.noise import Noise, Prior


class Generator(ClipGenerator):
    """Noise to a volume of feature maps, and a 3-D convolution to colours.

    Args:
        latent: Numbers of noise.
        codes: How many of them are one choice.
        size: Side of the frames, a multiple of 16.
        frames: Of a clip, a multiple of 8.
        channels: Of a frame.
        width: Channels of the first feature maps; each of four layers halves them.
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
        self.prior, self.frames = Prior(latent, codes, tuple(labels)), frames
        self.volume = Volume(latent=latent, size=size, frames=frames, width=width)
        self.colours = nn.Conv3d(self.volume.channels, channels, (1, 3, 3), 1, (0, 1, 1))

    def forward(self, noise: Noise) -> Clips:
        return torch.tanh(self.colours(self.volume(noise)))


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions."""

    layers = 4


Game = ClipsFromNoise
