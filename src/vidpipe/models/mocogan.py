"""mocogan: content that stays, and motion that a recurrent cell makes frame by frame.

Tulyakov et al. 2018, "MoCoGAN: Decomposing Motion and Content for Video Generation", section 3: a
frame is painted from a vector of content, the same all along, and one of motion, which a GRU cell
makes from noise that is new in each step. Discriminators look at clips and at single frames.

The paper infers the category from clips; here the discriminators are conditioned on it. With an
encoder, which is beyond the paper, motion is a walk through the codes that it gives to frames: see
`clip_codes`.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn

from vidpipe.config.models import MocoganModel, MocoganTrain, TrainingConfig
from vidpipe.models.clip_codes import (
    CodedGenerator,
    CodedObjective,
    Mask,
    coded_options,
    content_prior,
    with_walk,
)
from vidpipe.models.clip_encoder import Content, Motion
from vidpipe.models.clip_gan import ClipData, ClipDiscriminator, build_networks
from vidpipe.models.clip_painters import Scene
from vidpipe.models.group_noise import GroupPrior
from vidpipe.models.noise import Noise
from vidpipe.models.painters import TransposedPainter
from vidpipe.models.scene import Parts, mask_mean
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = MocoganModel
TrainConfig = MocoganTrain

NAME = "mocogan"
LEAD = 8  # steps of motion before the first frame: what follows is then like it, however long


def build(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> Networks:
    """Make both networks."""
    options = coded_options(NAME, config.model, data)
    return build_networks(
        Generator, Discriminator, config, data, paint=config.model.paint, **options
    )


def objective(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> CodedObjective:
    """Make the objective: clips from noise, with a loss on the mask if there is one."""
    model, train = config.model, config.train
    content = content_prior(model, data)
    prior = with_walk if model.encoder else with_cell
    return CodedObjective(
        data.windows(length=model.frames, mirror=train.mirror),
        batch=train.batch,
        prior=prior(content, model.motion, model.frames),
        mask_weight=train.mask_weight if model.paint == "conditional" else 0.0,
        reconstruction=train.reconstruction if model.encoder else 0.0,
    )


def diagnostics(generator: "Generator", source: Noise) -> dict[str, float]:
    """Measure the mask's mean, if there is a mask."""
    if not isinstance(generator.painter, Scene):
        return {}
    return {"mask_mean": mask_mean(generator, source)}


def with_cell(content: GroupPrior, motion: int, frames: int) -> GroupPrior:
    """Return the distribution of noise: content, then what is new to the paper's cell in each step.

    First in those that lead up to the clip, then in each of its frames.
    """
    return replace(content, latent=content.latent + motion * (LEAD + frames))


class Generator(CodedGenerator):
    """Noise to content and a vector of motion for each frame, and these to frames.

    Args:
        latent: Numbers of the content.
        codes: Number of categorical codes among them.
        motion: Numbers of motion per frame.
        paint: `transposed`: the paper's network; `conditional`: layers that content and motion
            steer, before a still background.
        size: Side of the frames, 4 times a power of two.
        channels: Of a frame.
        width: Channels of the first feature maps.
        bounded: Frames are in [-1, 1]; else of any value.
        encoder: Channels of the encoder's first layer; 0: there is none, and motion is the paper's.
        options: Further keyword arguments of `CodedGenerator`.
    """

    def __init__(
        self,
        *,
        latent: int,
        codes: int,
        motion: int,
        paint: Literal["transposed", "conditional"],
        size: int,
        channels: int,
        width: int,
        bounded: bool = True,
        encoder: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            latent=latent,
            codes=codes,
            motion=motion,
            size=size,
            channels=channels,
            encoder=encoder,
            **options,
        )
        if not encoder:
            # The category is part of the cell's input (section 3.3).
            self.cell = nn.GRUCell(codes + motion, motion)
            # It remembers before it has learnt what (Jozefowicz et al. 2015, section 4), else
            # frames that follow each other begin as far apart as any two.
            nn.init.ones_(self.cell.bias_hh[motion : 2 * motion])
        painter = Frames if paint == "transposed" else Scene
        self.painter = painter(
            content=latent,
            motion=motion,
            size=size,
            width=width,
            channels=channels,
            bounded=bounded,
        )

    def prior_for(self, frames: int) -> GroupPrior:
        """Return the distribution of the noise of clips of any length: the cell just runs on."""
        prior = with_walk if self.encoder else with_cell
        return prior(self.content, self.motion, frames)

    def parts(self, noise: Noise) -> Parts:
        """Return foreground, mask and background apart, of a generator that has them."""
        assert isinstance(self.painter, Scene)
        return self.painter.parts(*self.unroll(noise))

    def components(self, source: Noise) -> dict[str, ClipBatch]:
        """Return foreground, mask and background as clips of colours, if it has them."""
        return self.parts(source).shown() if isinstance(self.painter, Scene) else {}

    def unroll(self, source: Noise) -> tuple[Content, Motion]:
        """Return what stays, and a vector of motion for each frame."""
        if self.encoder:
            return super().unroll(source)
        content, moving = source[:, : self.content.latent], source[:, self.content.latent :]
        category = content[:, : self.content.codes]
        # From no motion at all; the steps of LEAD bring it to where every frame starts from.
        state = moving.new_zeros(len(source), self.motion)
        states = []
        for new in moving.reshape(len(source), -1, self.motion).unbind(1):
            state = self.cell(torch.cat([category, new], dim=1), state)
            states.append(state)
        return content, torch.stack(states[LEAD:], dim=1)

    def compose(
        self, source: Noise, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Mask | None]:
        """Return clips, and the mask of their foreground if there is one."""
        if not isinstance(self.painter, Scene):
            return self.painter(content, motion), None
        parts = self.painter.parts(content, motion)
        return parts.clips, parts.mask


class Frames(nn.Module):
    """The paper's network: each frame by transposed convolutions from content and motion, joined.

    Args:
        content: Numbers of the content.
        motion: Numbers of motion per frame.
        size: Side of the frames.
        width: Channels of the first feature maps.
        channels: Of a frame.
        bounded: Frames are in [-1, 1]; else of any value.
    """

    def __init__(
        self, *, content: int, motion: int, size: int, width: int, channels: int, bounded: bool
    ) -> None:
        super().__init__()
        self.squash = nn.Tanh() if bounded else nn.Identity()
        self.paint = TransposedPainter(
            numbers=content + motion, size=size, width=width, channels=channels
        )

    def forward(self, content: Content, motion: Motion) -> ClipBatch:
        # The frames of all clips are one batch of pictures, which 2-D convolutions paint at once.
        repeated = content.unsqueeze(1).expand(-1, motion.shape[1], -1)
        painted = self.paint(torch.cat([repeated, motion], dim=2).flatten(0, 1))
        clips: ClipBatch = self.squash(painted).unflatten(0, (-1, motion.shape[1])).movedim(1, 2)
        return clips


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions, and four 2-D ones for single frames."""

    layers = 4
