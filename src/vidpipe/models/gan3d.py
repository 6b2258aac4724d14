"""gan3d: clips from noise by transposed 3-D convolutions, as the project report built it.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Sequence

import torch
from torch import nn

from vidpipe.config.models import Gan3dModel, Gan3dTrain, TrainingConfig
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    VolumeStream,
    build_networks,
    clip_objective,
)
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = Gan3dModel
TrainConfig = Gan3dTrain


def build(config: TrainingConfig[Gan3dModel, Gan3dTrain], data: ClipData) -> Networks:
    """Make both networks."""
    return build_networks(Generator, Discriminator, config, data)


def objective(config: TrainingConfig[Gan3dModel, Gan3dTrain], data: ClipData) -> ClipObjective:
    """Make the objective: clips from noise."""
    return clip_objective(config, data)


class Generator(ClipGenerator):
    """Noise to a volume of feature maps, and a 3-D convolution to colours.

    Args:
        latent: Numbers of noise.
        codes: Number of categorical codes among them.
        size: Side of the frames, a multiple of 16.
        frames: Of a clip, a multiple of 8.
        channels: Of a frame.
        width: Channels of the first feature maps; each of four layers halves them.
        labels: What the codes name, if they name what a clip is to show.
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
        self.prior = Prior(latent, codes, tuple(labels))
        self.frames = frames
        self.volume = VolumeStream(latent=latent, size=size, frames=frames, width=width)
        # Of each frame alone: motion is in the maps, and a kernel over time would cost threefold.
        self.colours = nn.Conv3d(self.volume.channels, channels, (1, 3, 3), 1, (0, 1, 1))

    def forward(self, noise: Noise) -> ClipBatch:
        return torch.tanh(self.colours(self.volume(noise)))


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions."""

    layers = 4
