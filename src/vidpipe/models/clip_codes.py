"""Clips from codes: numbers of what stays, and of the motion in each frame.

Shared by the GANs of clips that have an encoder: see `clip_encoder`. Codes come from noise by a
walk that learns to predict those of real clips; half of each batch is real clips that are made
again. What paints clips from codes is a model's own.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.config.models import CodedModel, CodedTrain, TrainingConfig
from vidpipe.models.clip_encoder import (
    ClipEncoder,
    Content,
    Gaussian,
    Motion,
    MotionWalk,
    noise_numbers,
)
from vidpipe.models.clip_gan import (
    ClipData,
    ClipGenerator,
    ClipObjective,
    ClipWindows,
    Windows,
    prior_of,
)
from vidpipe.models.group_noise import GroupPrior
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.distributed import own_share, whole

log = logging.getLogger(__name__)
# Numbers of noise beside those that name labels and groups: without any, all clips of a person and
# an action would have one content.
LEAST_FREE = 4
ENCODED = 64  # real clips at a time, of many that are encoded

# Weights of the divergences, in nats: of codes from what noise may be, and from what the walk
# predicts. The walk follows the codes faster than they come to meet it, or they would say nothing
# (Hafner et al. 2021, "Mastering Atari with Discrete World Models", section 2).
CONTENT_DIVERGENCE = 0.0003
MOTION_DIVERGENCE = 0.0003
WALK = 0.002

Mask = Float[Tensor, "b 1 t h w"]
Losses = dict[str, Float[Tensor, ""]]
Model = TypeVar("Model", bound=CodedModel)
Train = TypeVar("Train", bound=CodedTrain)


def content_prior(model: CodedModel, data: ClipData) -> GroupPrior:
    """Return the distribution of the noise of what stays.

    Groups are named where they leave some numbers for all else: a folder of many videos, each of
    which is a group, has too many.

    Args:
        model: Configuration of the networks.
        data: Clips that fix labels and groups.

    Raises:
        UserError: If there are more labels than noise has numbers.
    """
    prior = prior_of(model, data.labels)
    named = model.groups and prior.codes + len(data.groups) + LEAST_FREE <= model.latent
    groups = data.groups if named else ()
    return GroupPrior(prior.latent, prior.codes + len(groups), prior.labels, groups)


def coded_options(name: str, model: CodedModel, data: ClipData) -> dict[str, Any]:
    """Return the keyword arguments of `build_networks` that are those of codes.

    Args:
        name: Of the model, for messages.
        model: Configuration of the networks.
        data: Clips that fix labels and groups.
    """
    prior = content_prior(model, data)
    if model.groups and len(data.groups) and not prior.groups:
        log.info(
            "%s: noise does not name the %d groups of these clips, such as persons or videos: with "
            "%d labels they need %s.model.latent: %d or more, got %d",
            name,
            len(data.groups),
            len(data.labels),
            name,
            prior.codes + len(data.groups) + LEAST_FREE,
            model.latent,
        )
    return {
        "prior": prior,
        "motion": model.motion,
        "encoder": model.encoder,
        "memory": model.memory,
    }


def with_walk(content: GroupPrior, motion: int, frames: int) -> GroupPrior:
    """Return the distribution of noise: content, then what is new to the walk in each frame."""
    return replace(content, latent=content.latent + noise_numbers(motion) * frames)


class CodedGenerator(ClipGenerator):
    """A generator that makes clips from codes, if it has an encoder.

    Args:
        latent: Numbers of the content.
        codes: Number of categorical codes among them.
        labels: What the codes name, if they name what a clip is to show.
        groups: What the codes after these name, if they name whose clip it is to be.
        size: Side of the frames.
        frames: Of a clip, as training makes it.
        channels: Of a frame.
        motion: Numbers of motion per frame.
        encoder: Channels of the encoder's first layer; 0: there is none.
        memory: Numbers that the walk's cell remembers, if there is an encoder.
        conditions: Numbers beside the categorical codes that condition the walk; see `condition`.

    Attributes:
        encodes_content: Clips that are made again have content from the encoder; else from noise.
        motion_divergence: Weight of the divergence of codes of motion from the walk.
    """

    encodes_content = True
    motion_divergence = MOTION_DIVERGENCE

    def __init__(
        self,
        *,
        latent: int,
        codes: int,
        labels: Sequence[str] = (),
        groups: Sequence[str] = (),
        size: int,
        frames: int,
        channels: int,
        motion: int = 0,
        encoder: int = 0,
        memory: int = 0,
        conditions: int = 0,
    ) -> None:
        super().__init__()
        self.content = GroupPrior(latent, codes, tuple(labels), tuple(groups))
        self.motion = motion
        self.frames = frames
        self.encoder = None
        if encoder:
            self.walk = MotionWalk(category=codes + conditions, motion=motion, memory=memory)
            content = latent - codes if self.encodes_content else 0
            self.encoder = ClipEncoder(
                size=size, channels=channels, width=encoder, content=content, motion=motion
            )
        self.prior = self.prior_for(frames) or self.content

    def prior_for(self, frames: int) -> Prior | None:
        """Return the distribution of the noise of clips of any length: the walk just goes on."""
        if self.encoder:
            return with_walk(self.content, self.motion, frames)
        return self.content if frames <= self.frames else None

    def forward(self, source: Any) -> ClipBatch:
        return self.compose(source, *self.unroll(source))[0]

    def compose(
        self, source: Any, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Mask | None]:
        """Return clips from codes, and the mask of their foreground if they have one."""
        raise NotImplementedError

    def noise_of(self, source: Any) -> Noise:
        """Return the noise in the generator's input."""
        noise: Noise = source
        return noise

    def condition(self, source: Any) -> Float[Tensor, "b numbers"]:
        """Return what conditions the walk: what is to be shown, and whose clip it is to be."""
        return self.noise_of(source)[:, : self.content.codes]

    def unroll(self, source: Any) -> tuple[Content, Motion]:
        """Return what stays, and a vector of motion for each frame."""
        noise = self.noise_of(source)
        content, moving = noise[:, : self.content.latent], noise[:, self.content.latent :]
        # The walk learns from codes of real clips alone: the adversarial loss does not change it.
        with torch.no_grad():
            new = moving.reshape(len(noise), -1, self.walk.noise)
            return content, self.walk(self.condition(source), new)

    def encode(self, clips: ClipBatch, source: Any) -> tuple[tuple[Content, Motion], Losses]:
        """Return what stays and a vector of motion for each frame, drawn for real clips.

        Args:
            clips: Real clips.
            source: Names what they show, and whose they are.

        Returns:
            Content and motion; the weighted divergences of their distributions from those that
            noise gives.
        """
        assert self.encoder
        of_content, of_motion = self.encoder(clips)
        content = self.noise_of(source)[:, : self.content.latent]
        divergences: Losses = {}
        if of_content is not None:
            content = torch.cat([content[:, : self.content.codes], of_content.draw()], dim=1)
            divergences["content_divergence"] = CONTENT_DIVERGENCE * of_content.divergence()
        motion = of_motion.draw()

        # Codes come to meet the walk slowly, and it follows them; each sees the other stand still.
        predicted = self.walk.predict(self.condition(source), motion.detach())
        divergences["motion_divergence"] = -self.motion_divergence * (
            of_motion.entropy() + predicted.detach().log_density(motion)
        )
        divergences["walk"] = -WALK * predicted.log_density(motion.detach())
        return (content, motion), divergences

    @torch.no_grad()
    def encode_motion(
        self, windows: ClipWindows, count: int, rng: torch.Generator
    ) -> tuple[Float[Tensor, "count numbers"], Gaussian]:
        """Return what conditions the walk, of some real clips, and the codes of their motion.

        Args:
            windows: Real clips.
            count: How many are drawn.
            rng: Source of all randomness.
        """
        assert self.encoder
        drawn = windows.draw(count, rng)
        noise = self.content.draw(count, rng, drawn.label, drawn.group)
        conditions, codes = list[Tensor](), list[Gaussian]()
        # A few at a time: in pixels, all would take gigabytes.
        batches = (torch.split(values, ENCODED) for values in (*drawn, noise))
        for *batch, part in zip(*batches, strict=True):
            clips = windows.read(Windows(*batch))
            conditions.append(self.condition(self.source(part.to(clips.device), clips[:, :, 0])))
            codes.append(self.encoder(clips)[1])
        motion = Gaussian(*(torch.cat(parts) for parts in zip(*codes, strict=True)))
        return torch.cat(conditions), motion


class CodedObjective(ClipObjective):
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
        mask_weight: float = 0.0,
        reconstruction: float = 0.0,
    ) -> None:
        super().__init__(real, batch=batch, prior=prior)
        self.mask_weight = mask_weight
        self.reconstruction = reconstruction

    def draw_noise(self, windows: Windows, rng: torch.Generator) -> Noise:
        """Draw the noise of clips of what these windows show, and of whom."""
        return self.prior.draw(self.batch, rng, windows.label, windows.group)

    def generate_with_losses(
        self, generator: Callable[[Any], ClipBatch], source: Any, real: ClipBatch
    ) -> tuple[ClipBatch, Losses]:
        """Return the generator's clips, and the losses beside the adversarial one."""
        assert isinstance(generator, CodedGenerator)
        content, motion = generator.unroll(source)
        losses: Losses = {}
        if self.reconstruction:
            # Every second clip of the whole batch, however it is shared.
            again = own_share(torch.arange(whole(len(real))) % 2 == 1).to(real.device)
            encoded, losses = generator.encode(real, source)
            content = torch.where(again[:, None], encoded[0], content)
            motion = torch.where(again[:, None, None], encoded[1], motion)
        clips, mask = generator.compose(source, content, motion)
        if self.reconstruction:
            errors = F.mse_loss(clips.float(), real.float(), reduction="none").flatten(1).mean(1)
            # The mean over those that are made again, which are half of the clips or one fewer.
            clips_of_all = whole(len(real))
            share = (clips_of_all // 2) / clips_of_all
            losses["reconstruction"] = self.reconstruction / share * (again * errors).mean()
        if mask is not None:
            losses["mask"] = self.mask_weight * mask.float().mean()
        return clips, losses


def coded_objective(
    config: TrainingConfig[Model, Train],
    data: ClipData,
    *,
    mask_weight: float = 0.0,
) -> CodedObjective:
    """Make the objective of a model that has an encoder.

    Args:
        config: Of networks and training.
        data: Clips to learn from.
        mask_weight: Weight of the mask's mean, of a model with a mask.
    """
    model, train = config.model, config.train
    return CodedObjective(
        data.windows(length=model.frames, mirror=train.mirror),
        batch=train.batch,
        prior=with_walk(content_prior(model, data), model.motion, model.frames),
        mask_weight=mask_weight,
        reconstruction=train.reconstruction,
    )
