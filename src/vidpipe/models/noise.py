"""Noise that generators start from, and the objective of GANs of single pictures from noise."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import Labels
from vidpipe.training.distributed import own_share

# One vector per sample or, for a model that unrolls a sequence, one per frame.
Noise = Float[Tensor, "b *t latent"]
Samples = Float[Tensor, "b ..."]

CODE = (
    3.5  # value of the chosen categorical code: less is drowned by the other noise, more drowns it
)


@dataclass(frozen=True)
class Prior:
    """The distribution that noise is drawn from.

    Attributes:
        latent: Numbers per sample, from N(0, 1).
        codes: The first of them are a categorical code instead: one is CODE, the others 0. Modes of
            the data that lie apart as these clusters do need no bridges between them (Gurumurthy et
            al. 2017); 0: no code.
        labels: If any, the code says what a sample is to show: one code for each, in this order.
    """

    latent: int
    codes: int
    labels: tuple[str, ...] = ()

    def draw(self, count: int, rng: torch.Generator, label: Labels | None = None) -> Noise:
        """Draw noise for `count` samples.

        Args:
            count: Number of samples.
            rng: Source of all randomness.
            label: Number of what each is to show, if codes say that; None: by chance.
        """
        # All numbers are drawn, then the first of them replaced by the code.
        noise = torch.randn(count, self.latent, generator=rng)
        if self.codes:
            # Drawn even where a label replaces it: later draws must not depend on that.
            code = torch.randint(self.codes, (count,), generator=rng)
            if self.labels and label is not None:
                code = label
            noise[:, : self.codes] = CODE * F.one_hot(code, self.codes)
        return noise

    def draw_sequence(
        self, count: int, length: int, rng: torch.Generator, label: Labels | None = None
    ) -> Noise:
        """Draw `length` vectors for each of `count` samples, all with the code of the first."""
        noise = torch.stack([self.draw(count, rng, label) for _ in range(length)], dim=1)
        noise[:, :, : self.codes] = noise[:, :1, : self.codes]
        return noise

    def walk(self, count: int, *, stops: int, between: int, rng: torch.Generator) -> list[Noise]:
        """Return closed walks through noise of `stops * between` steps.

        From one stop to the next the noise turns, so that its length stays that of a sample.
        """
        # Spherical steps between stops: a straight line would pass through shorter noise.
        places = [self.draw(count, rng) for _ in range(stops)]
        angles = torch.arange(between) / between * torch.pi / 2
        return [
            angle.cos() * place + angle.sin() * following
            for place, following in zip(places, [*places[1:], places[0]], strict=True)
            for angle in angles
        ]


class FromNoiseGenerator(nn.Module):
    """A generator of samples from noise.

    Attributes:
        prior: Distribution of its noise.
    """

    prior: Prior


class NoiseObjective:
    """Source, noise; target, a real sample. Noise and sample are drawn independently.

    Args:
        real: All real samples; stay on the device as uint8.
        batch: Samples per draw.
        prior: Distribution of the noise.
    """

    def __init__(self, real: UInt8[Tensor, "n ..."], *, batch: int, prior: Prior) -> None:
        self.real = real
        self.batch = batch
        self.prior = prior

    def sample_batch(
        self, generator: Callable[[Noise], Samples], rng: torch.Generator
    ) -> tuple[Noise, Samples]:
        """Draw (noise, real samples). The random numbers come from `rng`, on the CPU."""
        # Sampled with replacement; floats are made on the device.
        index = torch.randint(len(self.real), (self.batch,), generator=rng)
        noise = self.prior.draw(self.batch, rng)
        index, noise = own_share((index, noise))
        real = to_float(self.real[index.to(self.real.device)])
        return noise.to(real.device), real

    def generate_with_losses(
        self, generator: Callable[[Noise], Samples], source: Noise, real: Samples
    ) -> tuple[Samples, dict[str, Float[Tensor, ""]]]:
        """Return the generator's samples; there is no loss beside the adversarial one."""
        return generator(source), {}
