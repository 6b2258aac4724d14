"""The game of every GAN that starts from noise alone."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.pixels import to_float

Noise = Float[Tensor, "b latent"]
Samples = Float[Tensor, "b ..."]
Label = Int[Tensor, "b"]

CODE = 3.5  # of the code that is chosen: less is drowned by the other noise, more drowns it


@dataclass(frozen=True)
class Prior:
    """Where noise is drawn from.

    Attributes:
        latent: Numbers per sample, from N(0, 1).
        codes: The first of them are a choice instead: one is CODE, the others 0. Apart as
            clusters are, the modes of the data need no bridges between them (Gurumurthy et al.
            2017); 0: no choice.
        labels: If any, the choice says what a sample is to show: a code for each, in this order.
    """

    latent: int
    codes: int
    labels: tuple[str, ...] = ()

    def draw(self, count: int, rng: torch.Generator, label: Label | None = None) -> Noise:
        """Noise for `count` samples.

        Args:
            count: How many.
            rng: All randomness comes from it.
            label: Number of what each is to show, if codes say that; None: by chance.
        """
        noise = torch.randn(count, self.latent, generator=rng)
        if self.codes:
            chosen = torch.randint(self.codes, (count,), generator=rng)
            if self.labels and label is not None:
                chosen = label
            noise[:, : self.codes] = CODE * F.one_hot(chosen, self.codes)
        return noise

    def walk(self, count: int, *, stops: int, between: int, rng: torch.Generator) -> list[Noise]:
        """Walks through noise, each back to where it began: `stops * between` steps.

        On the way from one place to the next the noise turns, so that it stays as wide.
        """
        places = [self.draw(count, rng) for _ in range(stops)]
        angles = torch.arange(between) / between * torch.pi / 2
        return [
            angle.cos() * one + angle.sin() * other
            for one, other in zip(places, [*places[1:], places[0]], strict=True)
            for angle in angles
        ]


class FromNoiseGenerator(nn.Module):
    """A network that makes samples of noise.

    Attributes:
        prior: Where its noise is drawn from.
    """

    prior: Prior


class FromNoise:
    """Source, noise; target, a real sample. Noise and sample have nothing in common.

    Args:
        real: All real samples; stay on the device as uint8.
        batch: Samples per draw.
        prior: Where noise is drawn from.
    """

    def __init__(self, real: UInt8[Tensor, "n ..."], *, batch: int, prior: Prior) -> None:
        self.real, self.batch, self.prior = real, batch, prior

    def draw(
        self, generator: Callable[[Noise], Samples], rng: torch.Generator
    ) -> tuple[Noise, Samples]:
        """A batch of (noise, real samples). The random numbers come from `rng`, on the CPU."""
        chosen = torch.randint(len(self.real), (self.batch,), generator=rng)
        real = to_float(self.real[chosen.to(self.real.device)])
        return self.prior.draw(self.batch, rng).to(real.device), real

    def make(
        self, generator: Callable[[Noise], Samples], source: Noise, target: Samples
    ) -> tuple[Samples, dict[str, Float[Tensor, ""]]]:
        """The generator's samples. It pays nothing beside the adversarial loss."""
        return generator(source), {}
