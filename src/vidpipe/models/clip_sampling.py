"""Clips of a trained generator, whatever it starts from."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.noise import Noise
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.shapes import ClipBatch
from vidpipe.utils.errors import UserError

Clips = UInt8[Tensor, "n t high wide c"]
Pictures = UInt8[Tensor, "n h w c"]
CHUNK = 64  # clips made at a time


@dataclass(frozen=True)
class ClipMaker:
    """A trained generator that is asked for clips.

    Attributes:
        name: Of the model.
        generator: In its place, ready to be asked.
        device: Where it is.
    """

    name: str
    generator: ClipGenerator
    device: torch.device

    @torch.no_grad()
    def __call__(self, noise: Noise, given: Pictures) -> Clips:
        """A clip of each noise, and of the picture given with it if the generator starts from one.

        Raises:
            UserError: If a value is not finite.
        """
        chunks = zip(torch.split(noise, CHUNK), torch.split(given, CHUNK), strict=True)
        return torch.cat([self._bytes(self.generator(self._source(*some))) for some in chunks])

    @torch.no_grad()
    def apart(self, noise: Noise, given: Pictures) -> dict[str, Clips]:
        """What some clips are put together from, by name; nothing if they are made in one."""
        parts = self.generator.components(self._source(noise, given))
        return {name: self._bytes(part) for name, part in parts.items()}

    def _source(self, noise: Noise, given: Pictures) -> Any:
        pictures = to_float(given.permute(0, 3, 1, 2))
        return self.generator.source(noise.to(self.device), pictures.to(self.device))

    def _bytes(self, made: ClipBatch) -> Clips:
        if not made.isfinite().all():
            raise UserError(
                f"{self.name}: its clips hold values that are not finite: training has diverged; "
                f"train again with a lower {self.name}.train.learning_rate"
            )
        return to_uint8(made).permute(0, 2, 3, 4, 1).contiguous().cpu()
