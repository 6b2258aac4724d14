"""mocogan: content that stays, and motion that a recurrent cell makes frame by frame.

Tulyakov et al. 2018, "MoCoGAN: Decomposing Motion and Content for Video Generation", section 3: a
frame is painted from a vector of content, the same all along, and one of motion, which a GRU cell
makes from noise that is new in each step. Discriminators look at clips and at single frames.

The paper infers the category from clips; here the discriminators are conditioned on it. With an
encoder, which is beyond the paper, motion is a walk through the codes that it gives to frames, and
half of each batch is real clips that are made again: see `clip_encoder`.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.config.models import MocoganModel, MocoganTrain, TrainingConfig
from vidpipe.models.clip_encoder import ClipEncoder, Gaussian, MotionWalk, noise_numbers
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    ClipWindows,
    Windows,
    build_networks,
    prior_of,
)
from vidpipe.models.group_noise import GroupPrior
from vidpipe.models.noise import Noise
from vidpipe.models.painters import (
    SLOPE,
    BackgroundPainter,
    ConditionalPainter,
    TransposedPainter,
)
from vidpipe.models.scene import Parts, mask_mean
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Networks
from vidpipe.training.distributed import own_share, whole
from vidpipe.utils.errors import UserError

ModelConfig = MocoganModel
TrainConfig = MocoganTrain

LEAD = 8  # steps of motion before the first frame: what follows is then like it, however long
ENCODED = 64  # real clips at a time, of many that are encoded

# Weights of the divergences, in nats: of codes from what noise may be, and from what the walk
# predicts. The walk follows the codes faster than they come to meet it, or they would say nothing
# (Hafner et al. 2021, "Mastering Atari with Discrete World Models", section 2).
CONTENT_DIVERGENCE = 0.0003
MOTION_DIVERGENCE = 0.0003
WALK = 0.002

Content = Float[Tensor, "b content"]
Motion = Float[Tensor, "b frames motion"]


def build(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> Networks:
    """Make both networks."""
    model = config.model
    return build_networks(
        Generator,
        Discriminator,
        config,
        data,
        prior=content_of(model, data),
        motion=model.motion,
        paint=model.paint,
        encoder=model.encoder,
        memory=model.memory,
    )


def objective(config: TrainingConfig[MocoganModel, MocoganTrain], data: ClipData) -> ClipObjective:
    """Make the objective: clips from noise, with a loss on the mask if there is one."""
    model, train = config.model, config.train
    windows = data.windows(length=model.frames, mirror=train.mirror)
    content = content_of(model, data)
    prior = with_motion(content, model.motion, model.frames, walk=bool(model.encoder))
    mask_weight = train.mask_weight if model.paint == "conditional" else 0.0
    return MocoganObjective(
        windows,
        batch=train.batch,
        prior=prior,
        mask_weight=mask_weight,
        reconstruction=train.reconstruction if model.encoder else 0.0,
    )


def content_of(model: MocoganModel, data: ClipData) -> GroupPrior:
    """Return the distribution of the noise of what stays.

    Raises:
        UserError: If there are more labels and groups than noise has numbers.
    """
    prior = prior_of(model, data.labels)
    groups = data.groups if model.groups else ()
    codes = prior.codes + len(groups)
    if codes > model.latent:
        raise UserError(
            f"clips.npz: {len(data.labels)} labels and {len(groups)} groups, each of which takes "
            f"one of noise's {model.latent} numbers; raise mocogan.model.latent, or set "
            "mocogan.model.groups: false"
        )
    return GroupPrior(prior.latent, codes, prior.labels, groups)


def diagnostics(generator: "Generator", source: Noise) -> dict[str, float]:
    """Measure the mask's mean, if there is a mask."""
    if not isinstance(generator.painter, Scene):
        return {}
    return {"mask_mean": mask_mean(generator, source)}


def with_motion(content: GroupPrior, motion: int, frames: int, *, walk: bool) -> GroupPrior:
    """Return the distribution of the noise of clips.

    A vector holds the content, then what is new to the motion in each step: first in those that
    lead up to the clip, if there are any, then in each of its frames.

    Args:
        content: Distribution of what stays.
        motion: Numbers of motion per frame.
        frames: Of a clip.
        walk: Motion is a walk, not the paper's cell.
    """
    moving = noise_numbers(motion) * frames if walk else motion * (LEAD + frames)
    return replace(content, latent=content.latent + moving)


class MocoganObjective(ClipObjective):
    """Clips from noise and, where there is an encoder, as many that are real ones made again.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Distribution of the noise.
        mask_weight: Weight of the mask's mean; 0 where there is no mask.
        reconstruction: Weight of the error of clips that are made again; 0: there are none.
    """

    prior: GroupPrior

    def __init__(
        self,
        real: ClipWindows,
        *,
        batch: int,
        prior: GroupPrior,
        mask_weight: float,
        reconstruction: float,
    ) -> None:
        super().__init__(real, batch=batch, prior=prior)
        self.mask_weight = mask_weight
        self.reconstruction = reconstruction

    def draw_noise(self, windows: Windows, rng: torch.Generator) -> Noise:
        """Draw the noise of clips of what these windows show, and of whom."""
        return self.prior.draw(self.batch, rng, windows.label, windows.group)

    def generate_with_losses(
        self, generator: Callable[[Noise], ClipBatch], source: Noise, real: ClipBatch
    ) -> tuple[ClipBatch, dict[str, Float[Tensor, ""]]]:
        """Return the generator's clips, and the losses beside the adversarial one."""
        assert isinstance(generator, Generator)
        content, motion = generator.unroll(source)
        losses: dict[str, Float[Tensor, ""]] = {}
        if self.reconstruction:
            # Every second clip of the whole batch, however it is shared.
            again = own_share(torch.arange(whole(len(real))) % 2 == 1).to(real.device)
            encoded, losses = generator.encode(real, source)
            content = torch.where(again[:, None], encoded[0], content)
            motion = torch.where(again[:, None, None], encoded[1], motion)
        clips, mask = generator.paint_with_mask(content, motion)
        if self.reconstruction:
            errors = F.mse_loss(clips.float(), real.float(), reduction="none").flatten(1).mean(1)
            # Of half of the clips, so twice their share in the mean.
            losses["reconstruction"] = self.reconstruction * 2 * (again * errors).mean()
        if mask is not None:
            losses["mask"] = self.mask_weight * mask.float().mean()
        return clips, losses


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
        groups: What the codes after these name, if they name whose clip it is to be.
        encoder: Channels of the encoder's first layer; 0: there is none, and motion is the paper's.
        memory: Numbers that the cell remembers, if there is an encoder.
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
        groups: Sequence[str] = (),
        encoder: int = 0,
        memory: int = 0,
    ) -> None:
        super().__init__()
        self.content = GroupPrior(latent, codes, tuple(labels), tuple(groups))
        self.motion = motion
        self.frames = frames
        self.encoder = None
        if encoder:
            self.walk = MotionWalk(category=codes, motion=motion, memory=memory)
            self.encoder = ClipEncoder(
                size=size, channels=channels, width=encoder, content=latent - codes, motion=motion
            )
        else:
            # The category is part of the cell's input (section 3.3).
            self.cell = nn.GRUCell(codes + motion, motion)
            # It remembers before it has learnt what (Jozefowicz et al. 2015, section 4), else
            # frames that follow each other begin as far apart as any two.
            nn.init.ones_(self.cell.bias_hh[motion : 2 * motion])
        self.prior = self.prior_for(frames)
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
        return with_motion(self.content, self.motion, frames, walk=self.encoder is not None)

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
        if self.encoder:
            # It learns from codes of real clips alone: the adversarial loss does not change it.
            with torch.no_grad():
                return content, self.walk(category, moving.reshape(len(noise), -1, self.walk.noise))
        # From no motion at all; the steps of LEAD bring it to where every frame starts from.
        state = moving.new_zeros(len(noise), self.motion)
        states = []
        for new in moving.reshape(len(noise), -1, self.motion).unbind(1):
            state = self.cell(torch.cat([category, new], dim=1), state)
            states.append(state)
        return content, torch.stack(states[LEAD:], dim=1)

    def encode(
        self, clips: ClipBatch, noise: Noise
    ) -> tuple[tuple[Content, Motion], dict[str, Float[Tensor, ""]]]:
        """Return what stays and a vector of motion for each frame, drawn for real clips.

        Args:
            clips: Real clips.
            noise: Names what they show, and whose they are.

        Returns:
            Content and motion; the weighted divergences of their distributions from those that
            noise gives.
        """
        assert self.encoder
        of_content, of_motion = self.encoder(clips)
        category = noise[:, : self.content.codes]
        content = torch.cat([category, of_content.draw()], dim=1)
        motion = of_motion.draw()

        # Codes come to meet the walk slowly, and it follows them; each sees the other stand still.
        predicted = self.walk.predict(category, motion.detach())
        divergences = {
            "content_divergence": CONTENT_DIVERGENCE * of_content.divergence(),
            "motion_divergence": -MOTION_DIVERGENCE
            * (of_motion.entropy() + predicted.detach().log_density(motion)),
            "walk": -WALK * predicted.log_density(motion.detach()),
        }
        return (content, motion), divergences

    @torch.no_grad()
    def encode_motion(
        self, windows: ClipWindows, count: int, rng: torch.Generator
    ) -> tuple[Noise, Gaussian]:
        """Return noise that names what some real clips show, and the codes of their motion.

        Args:
            windows: Real clips.
            count: How many are drawn.
            rng: Source of all randomness.
        """
        assert self.encoder
        drawn = windows.draw(count, rng)
        noise = self.content.draw(count, rng, drawn.label, drawn.group)
        # A few at a time: in pixels, all would take gigabytes.
        batches = zip(*(torch.split(values, ENCODED) for values in drawn), strict=True)
        codes = [self.encoder(windows.read(Windows(*batch)))[1] for batch in batches]
        motion = Gaussian(*(torch.cat(parts) for parts in zip(*codes, strict=True)))
        return noise.to(motion.mean.device), motion

    def paint_with_mask(
        self, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Float[Tensor, "b 1 t h w"] | None]:
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
        # From the start motion counts as much as content.
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

        # The label, which is part of the content, conditions all norms.
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
