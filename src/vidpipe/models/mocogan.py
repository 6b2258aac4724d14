"""mocogan: content that stays, and motion that a recurrent cell makes frame by frame.

Tulyakov et al. 2018, "MoCoGAN: Decomposing Motion and Content for Video Generation", section 3: a
frame is painted from a vector of content, the same all along, and one of motion, which a GRU cell
makes from noise that is new in each step. Discriminators look at clips and at single frames.

The paper infers the category from clips; here the discriminators are conditioned on it.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.config.models import MocoganModel, MocoganTrain, TrainingConfig
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    build_networks,
    prior_of,
)
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.painters import (
    SLOPE,
    BackgroundPainter,
    ConditionalPainter,
    TransposedPainter,
)
from vidpipe.models.scene import MaskedObjective, Parts, mask_mean
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks

ModelConfig = MocoganModel
TrainConfig = MocoganTrain

LEAD = 8  # steps of motion before the first frame: what follows is then like it, however long

Content = Float[Tensor, "b content"]
Motion = Float[Tensor, "b frames motion"]


def build(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> Networks:
    """Make both networks."""
    model = config.model
    return build_networks(
        Generator, Discriminator, config, data, motion=model.motion, paint=model.paint
    )


def objective(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> ClipObjective:
    """Make the objective: clips from noise, with a loss on the mask if there is one."""
    model = config.model
    content = prior_of(model, data.labels)
    windows = data.windows(length=model.frames, mirror=config.train.mirror)
    prior = with_motion(content, model.motion, model.frames)
    # The paper's painter makes whole frames: there is no mask to keep small.
    if model.paint == "transposed":
        return ClipObjective(windows, batch=config.train.batch, prior=prior)
    return MaskedObjective(
        windows, batch=config.train.batch, prior=prior, mask_weight=config.train.mask_weight
    )


def diagnostics(generator: "Generator", source: Noise) -> dict[str, float]:
    """Measure the mask's mean, if there is a mask."""
    if not isinstance(generator.painter, Scene):
        return {}
    return {"mask_mean": mask_mean(generator, source)}


def with_motion(content: Prior, motion: int, frames: int) -> Prior:
    """Return the distribution of the noise of clips.

    A vector holds the content, then what is new to the motion in each step: first in those that
    lead up to the clip, then in each of its frames.

    Args:
        content: Distribution of what stays.
        motion: Numbers of motion per frame.
        frames: Of a clip.
    """
    return replace(content, latent=content.latent + motion * (LEAD + frames))


class Generator(ClipGenerator):
    """Noise to content and a vector of motion for each frame, and these to frames.

    Args:
        latent: Numbers of the content.
        codes: Number of categorical codes among them.
        motion: Numbers of motion per frame.
        paint: `transposed`: the paper's network; `conditional`: layers that content and motion
            steer, before a still background.
        size: Side of the frames, 4 times a power of two.
        frames: Of a clip, as training makes it.
        channels: Of a frame.
        width: Channels of the first feature maps.
        bounded: Frames are in [-1, 1]; else of any value.
        labels: What the codes name, if they name what a clip is to show.
    """

    def __init__(
        self,
        *,
        latent: int,
        codes: int,
        motion: int,
        paint: Literal["transposed", "conditional"],
        size: int,
        frames: int,
        channels: int,
        width: int,
        bounded: bool = True,
        labels: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.content = Prior(latent, codes, tuple(labels))
        self.motion = motion
        self.frames = frames
        self.prior = self.prior_for(frames)

        # The category is part of the cell's input (section 3.3).
        self.cell = nn.GRUCell(codes + motion, motion)
        # It remembers before it has learnt what (Jozefowicz et al. 2015, section 4), else frames
        # that follow each other begin as far apart as any two.
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

    def prior_for(self, frames: int) -> Prior:
        """Return the distribution of the noise of clips of any length: the cell just runs on."""
        return with_motion(self.content, self.motion, frames)

    def forward(self, noise: Noise) -> ClipBatch:
        clips: ClipBatch = self.painter(*self.unroll(noise))
        return clips

    def parts(self, noise: Noise) -> Parts:
        """Return foreground, mask and background apart, of a generator that has them."""
        assert isinstance(self.painter, Scene)
        return self.painter.parts(*self.unroll(noise))

    def components(self, source: Noise) -> dict[str, ClipBatch]:
        """Return foreground, mask and background as clips of colours, if it has them."""
        return self.parts(source).shown() if isinstance(self.painter, Scene) else {}

    def unroll(self, noise: Noise) -> tuple[Content, Motion]:
        """Return what stays, and a vector of motion for each frame."""
        content, moving = noise[:, : self.content.latent], noise[:, self.content.latent :]
        category = content[:, : self.content.codes]
        # From no motion at all; the steps of LEAD bring it to where every frame starts from.
        state = moving.new_zeros(len(noise), self.motion)
        states = []
        for new in moving.reshape(len(noise), -1, self.motion).unbind(1):
            state = self.cell(torch.cat([category, new], dim=1), state)
            states.append(state)
        return content, torch.stack(states[LEAD:], dim=1)


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


class Scene(nn.Module):
    """Beyond the paper: foreground and mask from a vector of each frame, and a still background.

    Args:
        content: Numbers of the content.
        motion: Numbers of motion per frame.
        size: Side of the frames.
        width: Channels of the first feature maps of the foreground; the background's have half.
        channels: Of a frame.
        bounded: Frames are in [-1, 1]; else of any value.
    """

    def __init__(
        self, *, content: int, motion: int, size: int, width: int, channels: int, bounded: bool
    ) -> None:
        super().__init__()
        self.squash = nn.Tanh() if bounded else nn.Identity()
        self.channels = channels
        vector = width // 2
        self.look = nn.Linear(content, width)
        self.move = nn.Linear(motion, 2 * width)
        # From the start motion is heard as loudly as content.
        nn.init.normal_(self.move.weight, std=0.5)
        self.mix = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Linear(width, vector), nn.LeakyReLU(SLOPE))
        self.foreground = ConditionalPainter(
            numbers=vector,
            condition=vector + content,
            size=size,
            width=width,
            channels=channels + 1,
        )
        # Half as wide: it makes one picture of a clip, the foreground one of each frame.
        self.background = BackgroundPainter(
            numbers=content, size=size, width=width // 2, channels=channels
        )

    def forward(self, content: Content, motion: Motion) -> ClipBatch:
        return self.parts(content, motion).clips

    def parts(self, content: Content, motion: Motion) -> Parts:
        """Return foreground, mask and background apart."""
        # A vector for each frame: content, of which motion scales and shifts each number.
        frames = motion.shape[1]
        scale, shift = self.move(motion).chunk(2, dim=2)
        look = self.look(content).unsqueeze(1)
        vectors = self.mix(torch.addcmul(shift, look, 1 + scale))

        # The label, which is part of the content, is heard by all norms.
        repeated = content.unsqueeze(1).expand(-1, frames, -1)
        condition = torch.cat([vectors, repeated], dim=2)
        painted = self.foreground(vectors.flatten(0, 1), condition.flatten(0, 1), frames)
        moving = painted.unflatten(0, (-1, frames)).movedim(1, 2)
        foreground, mask = moving.split([self.channels, 1], dim=1)
        # From the content alone, so that it is the same behind all frames.
        background = self.background(content).unsqueeze(2)
        return Parts(self.squash(foreground), mask.sigmoid(), self.squash(background))


class Discriminator(ClipDiscriminator):
    """Four 3-D convolutions, and four 2-D ones for single frames."""

    layers = 4
