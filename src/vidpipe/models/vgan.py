"""vgan: a moving foreground and a still background, made apart.

Vondrick et al. 2016, "Generating Videos with Scene Dynamics", section 2: a video stream makes a
foreground and a mask, an image stream the background behind it, which is the same in all frames.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from vidpipe.config.models import TrainingConfig, VganModel, VganTrain
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    VolumeStream,
    build_networks,
    prior_of,
)
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.scene import MaskedObjective, Parts, mask_mean
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = VganModel
TrainConfig = VganTrain


def build(config: TrainingConfig[VganModel, VganTrain], data: ClipData) -> Networks:
    """Make both networks."""
    return build_networks(Generator, Discriminator, config, data)


def objective(config: TrainingConfig[VganModel, VganTrain], data: ClipData) -> MaskedObjective:
    """Make the objective: clips from noise, with a loss on the mask."""
    # Without a price the mask need not close anywhere: the foreground could paint all.
    return MaskedObjective(
        data.windows(length=config.model.frames, mirror=config.train.mirror),
        batch=config.train.batch,
        prior=prior_of(config.model, data.labels),
        mask_weight=config.train.mask_weight,
    )


def diagnostics(generator: "Generator", source: Noise) -> dict[str, float]:
    """Measure the mask's mean, in which the report's attempt died."""
    return {"mask_mean": mask_mean(generator, source)}


class Generator(ClipGenerator):
    """Two streams from the same noise.

    Args:
        latent: Numbers of noise.
        codes: Number of categorical codes among them.
        size: Side of the frames, a multiple of 16.
        frames: Of a clip, a multiple of 8.
        channels: Of a frame.
        width: Channels of the first feature maps of both streams; each layer halves them.
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
        self.channels = channels
        self.volume = VolumeStream(latent=latent, size=size, frames=frames, width=width)
        self.moving = nn.Conv3d(self.volume.channels, channels + 1, (1, 3, 3), 1, (0, 1, 1))
        # A stream of its own, which has no time: nothing in it can move.
        self.background = _picture_stream(latent, size, width, channels)

    def forward(self, noise: Noise) -> ClipBatch:
        return self.parts(noise).clips

    def parts(self, noise: Noise) -> Parts:
        """Return foreground, mask and background apart."""
        # Colours and mask come of the same maps; the background of a stream of its own.
        colours, mask = self.moving(self.volume(noise)).split([self.channels, 1], dim=1)
        background = self.background(noise).unsqueeze(2)
        return Parts(torch.tanh(colours), torch.sigmoid(mask), torch.tanh(background))

    def components(self, source: Noise) -> dict[str, ClipBatch]:
        """Return foreground, mask and background as clips of colours."""
        return self.parts(source).shown()


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
