"""Clips from a trained generator, with or without first frames as its input.

Of a generator that makes latents, this is the one place where they become pictures.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.models.autoencoder import Autoencoder
from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.noise import Noise
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.shapes import ClipBatch, Labels, PixelFrames
from vidpipe.training import weights
from vidpipe.training.runtime import Machine
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS, GENERATOR_WEIGHTS
from vidpipe.utils.errors import UserError

MASK = "mask"  # the component of that name is a share, not a picture

# Of the generator's own size, which need not be that of the pictures.
SampledClips = UInt8[Tensor, "n t height width channels"]
BATCH = 64  # clips generated at a time


@dataclass(frozen=True)
class ClipSampler:
    """A trained generator, and the device that it is on.

    Attributes:
        name: Name of the model, for messages.
        generator: In evaluation mode.
        device: Its device.
        autoencoder: Decodes what the generator makes, if that is latents.
        shape: Side and channels of the frames, where known.
    """

    name: str
    generator: ClipGenerator
    device: torch.device
    autoencoder: Autoencoder | None = None
    shape: tuple[int, int] | None = None

    @classmethod
    def load(
        cls, name: str, generator: type[ClipGenerator], folder: Path, machine: Machine
    ) -> "ClipSampler":
        """Return a sampler by the weights of a folder, on the machine's device.

        Args:
            name: Name of the model, for messages.
            generator: Its class.
            folder: Of `generator.safetensors` and, if that makes latents, of
                `autoencoder.safetensors`.
            machine: Device.

        Raises:
            UserError: If there are no weights, or not of this model, or the autoencoder has latents
                of another shape.
        """
        file = folder / GENERATOR_WEIGHTS
        facts = weights.architecture(file)
        network = machine.place(weights.build(generator, file))
        shape = (facts["size"], facts["channels"]) if "size" in facts else None  # of what it makes
        if facts.get("bounded", True):
            return cls(name, network, machine.device, shape=shape)
        file = folder / AUTOENCODER_WEIGHTS
        autoencoder = weights.build(Autoencoder, file)
        of_latents = (autoencoder.side, autoencoder.latents)
        if shape != of_latents:
            expected, got = (
                f"{side} x {side} x {channels}" for side, channels in (shape or (0, 0), of_latents)
            )
            raise UserError(
                f"{file}: expected the autoencoder that {name} was trained with, "
                f"of latents of {expected} (height, width, channels), got one of {got}; train "
                f"{name} again, or copy the whole folder of the model"
            )
        frames = (autoencoder.size, autoencoder.channels)
        return cls(name, network, machine.device, machine.place(autoencoder), frames)

    @torch.no_grad()
    def __call__(self, noise: Noise, pictures: PixelFrames) -> SampledClips:
        """Generate a clip from each row of noise, and of its picture if the generator takes one.

        From a sequence of noise, each vector continues the clip from its last frame.

        Raises:
            UserError: If a value is not finite.
        """
        # In batches, so that memory does not grow with the number of clips.
        batches = zip(torch.split(noise, BATCH), torch.split(pictures, BATCH), strict=True)
        return torch.cat([self._generate(*batch) for batch in batches])

    def draw_noise(
        self, count: int, frames: int, rng: torch.Generator, labels: Labels | None = None
    ) -> Noise:
        """Draw the noise that clips of at least `frames` frames are generated from.

        Of a length that a generator does not make, one that starts from a picture goes on from its
        own last frame as often as needed.

        Raises:
            UserError: If the generator cannot make clips of that length.
        """
        if prior := self.generator.prior_for(frames):
            return prior.draw(count, rng, labels)
        own = self.generator.frames
        if not self.generator.from_picture:
            raise UserError(
                f"--frames {frames}: {self.name} makes clips of {own} frames; one that was trained "
                f"with an encoder ({self.name}.model.encoder) makes any number"
            )
        # The first frame of a continuation is the last of the clip before it.
        vectors = 1 + math.ceil((frames - own) / (own - 1))
        return self.generator.prior.draw_sequence(count, vectors, rng, labels)

    @torch.no_grad()
    def components(self, noise: Noise, pictures: PixelFrames) -> dict[str, SampledClips]:
        """Return the components of clips by name; none if the generator has no components."""
        parts = self.generator.components(self._source(noise, pictures))
        return {name: self._part_to_pixels(name, part) for name, part in parts.items()}

    def _part_to_pixels(self, name: str, part: ClipBatch) -> SampledClips:
        if self.autoencoder is None or name != MASK:
            return self._to_pixels(part)
        # A mask of latents is no latent: each cell stands for as many pixels.
        cell = self.autoencoder.size // self.autoencoder.side
        cells = part[:, :1].expand(-1, self.autoencoder.channels, -1, -1, -1)
        return pixels(cells.repeat_interleave(cell, -1).repeat_interleave(cell, -2))

    def _generate(self, noise: Noise, pictures: PixelFrames) -> SampledClips:
        if noise.dim() == 2:
            return self._to_pixels(self.generator(self._source(noise, pictures)))
        # Each clip goes on from the last frame of the one before, which is then not shown twice.
        parts: list[SampledClips] = []
        for vector in noise.unbind(1):
            clips = self._generate(vector, pictures)
            parts.append(clips[:, 1:] if parts else clips)
            pictures = clips[:, -1]
        return torch.cat(parts, dim=1)

    def _source(self, noise: Noise, pictures: PixelFrames) -> Any:
        floats = to_float(pictures.permute(0, 3, 1, 2)).to(self.device)
        if self.autoencoder and self.generator.from_picture:
            floats = self.autoencoder.encode(floats)
        return self.generator.source(noise.to(self.device), floats)

    def _to_pixels(self, clips: ClipBatch) -> SampledClips:
        # Refused here, for as bytes they would look like any picture.
        if not clips.isfinite().all():
            raise UserError(
                f"{self.name}: its clips hold values that are not finite: training has diverged; "
                f"train again with a lower {self.name}.train.learning_rate"
            )
        if self.autoencoder:
            clips = self.autoencoder.decode_clips(clips)
        return pixels(clips)


def pixels(clips: ClipBatch) -> SampledClips:
    """Return clips as bytes, channels last, on the CPU."""
    return to_uint8(clips).permute(0, 2, 3, 4, 1).contiguous().cpu()
