"""A clip as a moving foreground before a still background, and the loss that keeps them apart.

Vondrick et al. 2016, "Generating Videos with Scene Dynamics", section 2.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from vidpipe.models.clip_gan import ClipGenerator, ClipObjective, ClipWindows
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.modes import evaluating


class Parts(NamedTuple):
    """Parts of a clip: mask * foreground + (1 - mask) * background.

    Attributes:
        foreground: The moving part.
        mask: Weight of the foreground, 0 to 1.
        background: One frame behind all of it, or one behind each.
    """

    foreground: ClipBatch
    mask: Float[Tensor, "b 1 t h w"]
    background: Float[Tensor, "b c _ h w"]

    @property
    def clips(self) -> ClipBatch:
        """The parts composed (section 2.2, equation 2)."""
        return self.mask * self.foreground + (1 - self.mask) * self.background

    def shown(self) -> dict[str, ClipBatch]:
        """Return each part as a clip of colours, by name."""
        # The mask as a grey picture, the background in every frame.
        colours = (self.foreground, 2 * self.mask - 1, self.background)
        clips = [part.expand_as(self.foreground) for part in colours]
        return dict(zip(self._fields, clips, strict=True))


@runtime_checkable
class InParts(Protocol):
    """A generator that can tell the parts of its clips."""

    def parts(self, source: Any, /) -> Parts:
        """Return foreground, mask and background apart."""


@torch.no_grad()
def mask_mean(generator: ClipGenerator, source: Any) -> float:
    """Measure the mask's mean, in which the report's attempt died."""
    assert isinstance(generator, InParts)
    with evaluating(generator):
        return generator.parts(source).mask.mean().item()


class MaskedObjective(ClipObjective):
    """Clips from noise, with a loss on the mean of the mask.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Distribution of the noise.
        mask_weight: Weight of the mask's mean (section 2.2: a sparse mask, weight 0.1).
    """

    def __init__(self, real: ClipWindows, *, batch: int, prior: Prior, mask_weight: float) -> None:
        super().__init__(real, batch=batch, prior=prior)
        self.mask_weight = mask_weight

    def generate_with_losses(
        self, generator: Callable[[Noise], ClipBatch], source: Noise, real: ClipBatch
    ) -> tuple[ClipBatch, dict[str, Float[Tensor, ""]]]:
        """Return the generator's clips, and the loss on the mask."""
        assert isinstance(generator, InParts)
        # One pass gives both: composing needs the mask, and so does its price.
        parts = generator.parts(source)
        return parts.clips, {"mask": self.mask_weight * parts.mask.float().mean()}
