"""One update of a generator and a discriminator: the same game for every model.

Tensors in, detached tensors out: nothing here knows a model, a device or a logger.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from vidpipe.training.ema import average_of, follow
from vidpipe.training.losses import discriminator_bce, generator_bce


@runtime_checkable
class Task(Protocol):
    """What a model is fed, and what its generator pays beside the adversarial loss."""

    def draw(
        self, generator: Callable[[Tensor], Tensor], rng: torch.Generator, /
    ) -> tuple[Tensor, Tensor]:
        """A batch of (source, target); all its randomness comes from `rng`."""

    def penalties(self, fake: Tensor, target: Tensor, /) -> dict[str, Tensor]:
        """Weighted scalar losses by name."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The numbers of the game.

    Attributes:
        learning_rate: Adam's, for both networks.
        beta1: Adam's decay of the first moment.
        adversarial_weight: Weight of the generator's adversarial loss.
        ema: Decay of the generator's moving average; 0 samples the last weights.
    """

    learning_rate: float
    beta1: float
    adversarial_weight: float
    ema: float


class Players:
    """Two networks, their optimisers and the generator's average: all that training changes."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module, rules: Rules) -> None:
        self.generator, self.discriminator = generator.train(), discriminator.train()
        self.average = average_of(generator)
        self.rules = rules
        # Fused Adam: fast, and its square root gives the same bits on every AVX2 processor.
        self.optimizers = [
            torch.optim.Adam(
                network.parameters(), lr=rules.learning_rate, betas=(rules.beta1, 0.999), fused=True
            )
            for network in (generator, discriminator)
        ]

    @property
    def sampled(self) -> nn.Module:
        """The network to predict with: the average, if there is one."""
        return self.average if self.rules.ema else self.generator

    def state_dict(self) -> dict[str, Any]:
        """All state, as `load_state_dict` takes it."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state that `state_dict` gave."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "generator_adam": self.optimizers[0],
            "discriminator_adam": self.optimizers[1],
        }


def update(
    players: Players,
    task: Task,
    *,
    step: int,
    rng: torch.Generator,
    autocast: Callable[[], Any],
) -> dict[str, Tensor]:
    """One step of the discriminator, then one of the generator, on one batch.

    Args:
        players: Who learns.
        task: Gives the batch and the penalties.
        step: Number of this update, from 1.
        rng: Source of the batch's randomness.
        autocast: Makes the context in which networks run.

    Returns:
        Scalar losses by name, detached, and `d_real`, `d_fake`: the share of real and of fake
        patches that the discriminator judged rightly.
    """
    generator, discriminator = players.generator, players.discriminator
    with autocast():
        source, target = task.draw(generator, rng)
        fake = generator(source)
    with autocast():
        real_logits = discriminator(source, target).float()
        fake_logits = discriminator(source, fake.detach()).float()
        d_loss = discriminator_bce(real_logits, fake_logits)
    _descend(players.optimizers[1], d_loss)

    with _frozen(discriminator), autocast():
        g_loss = generator_bce(discriminator(source, fake).float())
        penalties = task.penalties(fake.float(), target)
        total = players.rules.adversarial_weight * g_loss + sum(penalties.values())
    _descend(players.optimizers[0], total)
    if players.rules.ema:
        follow(players.average, generator, decay=players.rules.ema, step=step)
    return {
        "generator": g_loss.detach(),
        "discriminator": d_loss.detach(),
        **{name: loss.detach() for name, loss in penalties.items()},
        "d_real": (real_logits.detach() > 0).float().mean(),
        "d_fake": (fake_logits.detach() < 0).float().mean(),
    }


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Gradients flow through the network, none are computed for its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
