"""gan3d: clips from noise by 3-D convolutions, as the project report built it.

There they are transposed, and make a clip from one vector. With an encoder, which is beyond the
report, a clip has a vector for each frame, which steers the layers: see `clip_codes`.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from typing import Any

import torch
from torch import nn

from vidpipe.config.models import Gan3dModel, Gan3dTrain, TrainingConfig
from vidpipe.models.clip_codes import (
    CodedGenerator,
    Mask,
    coded_objective,
    coded_options,
)
from vidpipe.models.clip_encoder import Content, Motion
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipObjective,
    VolumeStream,
    build_networks,
    clip_objective,
)
from vidpipe.models.clip_painters import Stream
from vidpipe.models.noise import Noise
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = Gan3dModel
TrainConfig = Gan3dTrain

NAME = "gan3d"


def build(config: TrainingConfig[Gan3dModel, Gan3dTrain], data: ClipData) -> Networks:
    """Make both networks."""
    options = coded_options(NAME, config.model, data)
    return build_networks(Generator, Discriminator, config, data, **options)


def objective(config: TrainingConfig[Gan3dModel, Gan3dTrain], data: ClipData) -> ClipObjective:
    """Make the objective: clips from noise."""
    if config.model.encoder:
        return coded_objective(config, data)
    return clip_objective(config, data)


class Generator(CodedGenerator):
    """Noise to a volume of feature maps, and convolutions to colours.

    Args:
        latent: Numbers of noise.
        size: Side of the frames, a multiple of 16; with an encoder, 4 times a power of two.
        frames: Of a clip, a multiple of 8.
        channels: Of a frame.
        width: Channels of the first feature maps.
        bounded: Frames are in [-1, 1]; else of any value.
        options: Further keyword arguments of `CodedGenerator`.
    """

    def __init__(
        self,
        *,
        latent: int,
        size: int,
        frames: int,
        channels: int,
        width: int,
        bounded: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(latent=latent, size=size, frames=frames, channels=channels, **options)
        if self.encoder:
            self.painter = Stream(
                content=latent,
                motion=self.motion,
                size=size,
                width=width,
                channels=channels,
                bounded=bounded,
                time="kernel",
            )
        else:
            self.volume = VolumeStream(latent=latent, size=size, frames=frames, width=width)
            # Of each frame alone: motion is in the maps; a kernel over time would cost threefold.
            self.colours = nn.Conv3d(self.volume.channels, channels, (1, 3, 3), 1, (0, 1, 1))

    def forward(self, source: Noise) -> ClipBatch:
        if self.encoder:
            return super().forward(source)
        return torch.tanh(self.colours(self.volume(source)))

    def compose(
        self, source: Noise, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Mask | None]:
        """Return clips; there is no mask."""
        return self.painter(content, motion), None


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions."""

    layers = 4
