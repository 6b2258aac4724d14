"""Clips of a trained generator, whatever it starts from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.errors import UserError
from vidpipe.models.clips import ClipGenerator
from vidpipe.models.noise import Noise
from vidpipe.models.pixels import to_float, to_uint8

CHUNK = 64  # clips made at a time

Clips = UInt8[Tensor, "n t h w c"]
Pictures = UInt8[Tensor, "n h w c"]


@dataclass(frozen=True)
class ClipMaker:
    """A trained generator that is asked for clips.

    Attributes:
        name: Of the model.
        generator: In its place, ready to be asked.
        device: Where it is.
        join: Makes one source of noise and pictures (float, b c h w), where the generator starts
            from both.
    """

    name: str
    generator: ClipGenerator
    device: torch.device
    join: Callable[[Noise, Tensor], Any] | None = None

    @torch.no_grad()
    def __call__(self, noise: Noise, given: Pictures | None = None) -> Clips:
        """A clip of each noise, and of the picture given with it if the generator takes one.

        Raises:
            UserError: If there are values that are not finite.
        """
        pictures = noise if given is None else to_float(given.permute(0, 3, 1, 2))
        chunks = zip(torch.split(noise, CHUNK), torch.split(pictures, CHUNK), strict=True)
        return torch.cat([self._made(*chunk) for chunk in chunks])

    def _made(self, noise: Noise, pictures: Tensor) -> Clips:
        noise, pictures = noise.to(self.device), pictures.to(self.device)
        made = self.generator(self.join(noise, pictures) if self.join else noise)
        if not made.isfinite().all():
            raise UserError(
                f"{self.name}: its clips hold values that are not finite: training has diverged; "
                f"train again with a lower {self.name}.train.learning_rate"
            )
        return to_uint8(made).permute(0, 2, 3, 4, 1).contiguous()
