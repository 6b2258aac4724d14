"""vgan: a moving foreground and a still background, made apart.

Vondrick et al. 2016, "Generating Videos with Scene Dynamics", section 2: a video stream makes a
foreground and a mask, an image stream the background behind it, which is the same in all frames.
With an encoder, which is beyond the paper, the video stream has a vector for each frame, which
steers its 3-D convolutions: see `clip_codes`.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from vidpipe.config.models import TrainingConfig, VganModel, VganTrain
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
    prior_of,
)
from vidpipe.models.clip_painters import Scene
from vidpipe.models.noise import Noise
from vidpipe.models.scene import MaskedObjective, Parts, mask_mean
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = VganModel
TrainConfig = VganTrain

NAME = "vgan"


def build(config: TrainingConfig[VganModel, VganTrain], data: ClipData) -> Networks:
    """Make both networks."""
    options = coded_options(NAME, config.model, data)
    return build_networks(Generator, Discriminator, config, data, **options)


def objective(config: TrainingConfig[VganModel, VganTrain], data: ClipData) -> ClipObjective:
    """Make the objective: clips from noise, with a loss on the mask."""
    # Without a price the mask need not close anywhere: the foreground could paint all.
    model, train = config.model, config.train
    if model.encoder:
        return coded_objective(config, data, mask_weight=train.mask_weight)
    return MaskedObjective(
        data.windows(length=model.frames, mirror=train.mirror),
        batch=train.batch,
        prior=prior_of(model, data.labels),
        mask_weight=train.mask_weight,
    )


def diagnostics(generator: "Generator", source: Noise) -> dict[str, float]:
    """Measure the mask's mean, in which the report's attempt died."""
    return {"mask_mean": mask_mean(generator, source)}


class Generator(CodedGenerator):
    """Two streams from the same noise.

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
        self.channels = channels
        if self.encoder:
            self.painter = Scene(
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
            self.moving = nn.Conv3d(self.volume.channels, channels + 1, (1, 3, 3), 1, (0, 1, 1))
            # A stream of its own, which has no time: nothing in it can move.
            self.background = _picture_stream(latent, size, width, channels)

    def forward(self, source: Noise) -> ClipBatch:
        return self.parts(source).clips

    def parts(self, source: Noise) -> Parts:
        """Return foreground, mask and background apart."""
        if self.encoder:
            return self.painter.parts(*self.unroll(source))
        # Colours and mask come of the same maps; the background of a stream of its own.
        colours, mask = self.moving(self.volume(source)).split([self.channels, 1], dim=1)
        background = self.background(source).unsqueeze(2)
        return Parts(torch.tanh(colours), torch.sigmoid(mask), torch.tanh(background))

    def components(self, source: Noise) -> dict[str, ClipBatch]:
        """Return foreground, mask and background as clips of colours."""
        return self.parts(source).shown()

    def compose(
        self, source: Noise, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Mask | None]:
        """Return clips, and the mask of their foreground."""
        parts = self.painter.parts(content, motion)
        return parts.clips, parts.mask


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions."""

    layers = 4


def _picture_stream(latent: int, size: int, width: int, channels: int) -> nn.Sequential:
    """Return layers from noise to one frame: dense, then four transposed 2-D convolutions."""
    # As many doublings as the video stream, in space alone.
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
