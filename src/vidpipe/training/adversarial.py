"""One update of a generator and a discriminator: the same game for every model.

Tensors in, detached tensors out: nothing here knows a model, a device or a logger.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from vidpipe.training.ema import average_of, follow
from vidpipe.training.losses import LOSSES, slope
from vidpipe.training.optimizer import Adam


@runtime_checkable
class Task(Protocol):
    """What a model is fed, and what its generator pays beside the adversarial loss."""

    def draw(
        self, generator: Callable[[Any], Tensor], rng: torch.Generator, /
    ) -> tuple[Any, Tensor]:
        """A batch of (source, target); all its randomness comes from `rng`."""

    def make(
        self, generator: Callable[[Any], Tensor], source: Any, target: Tensor, /
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What the generator makes of a source, and the weighted losses it pays for it, by name."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The numbers of the game.

    Attributes:
        loss: What the two play for, one of `losses.LOSSES`.
        r1: Weight of the penalty on the discriminator's slope at real samples; 0: none.
        r2: The same, at fake ones.
        slope_every: Steps from one penalty on the slope to the next, which weighs as many times as
            much (Karras et al. 2020, section 3.1).
        learning_rate: Adam's, for both networks.
        beta1: Adam's decay of the first moment.
        beta2: And of the second.
        adversarial_weight: Weight of the generator's adversarial loss.
        ema: Decay of the generator's moving average; 0 samples the last weights.
        cooldown: Share of the steps, at the end, in which the learning rate falls to nothing.
    """

    loss: Literal["bce", "hinge", "relativistic"]
    r1: float
    r2: float
    slope_every: int
    learning_rate: float
    beta1: float
    beta2: float
    adversarial_weight: float
    ema: float
    cooldown: float

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, from 1 on."""
        left = (steps - step + 1) / steps
        return self.learning_rate * min(1.0, left / self.cooldown if self.cooldown else 1.0)


class Players:
    """Two networks, their optimisers and the generator's average: all that training changes."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module, rules: Rules) -> None:
        self.generator, self.discriminator = generator.train(), discriminator.train()
        self.average = average_of(generator)
        self.rules = rules
        betas = (rules.beta1, rules.beta2)
        self.adams = [
            Adam(network, rate=rules.learning_rate, betas=betas)
            for network in (generator, discriminator)
        ]

    @property
    def sampled(self) -> nn.Module:
        """The network to predict with: the average, if there is one."""
        return self.average if self.rules.ema else self.generator

    def learn_at(self, rate: float) -> None:
        """Set the learning rate of both."""
        for adam in self.adams:
            adam.rate = rate

    def state_dict(self) -> dict[str, Tensor]:
        """All that training changes, by name: the tensors themselves, no copies."""
        networks = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
        }
        state = {
            f"{player}.{name}": value
            for player, network in networks.items()
            for name, value in network.state_dict().items()
        }
        for player, adam in zip(networks, self.adams, strict=False):
            for number, moments in enumerate(adam.state):
                state |= {f"{player}.adam.{number}.{name}": m for name, m in moments.items()}
        return state

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take up a state that `state_dict` gave, each tensor in the layout it has here.

        Raises:
            ValueError: If names or shapes differ; then nothing has changed.
        """
        own = self.state_dict()
        if _shapes(own) != _shapes(state):
            raise ValueError("this state is of other networks")
        for name, value in own.items():
            value.copy_(state[name])


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
        Scalar losses by name, detached, and `d_real`, `d_fake`: the share judged rightly.
    """
    generator, discriminator, rules = players.generator, players.discriminator, players.rules
    loss = LOSSES[rules.loss]
    with autocast():
        source, target = task.draw(generator, rng)
        fake, penalties = task.make(generator, source, target)
    steep = step % rules.slope_every == 0
    real = target.detach().requires_grad_(steep and rules.r1 > 0)
    copy = fake.detach().requires_grad_(steep and rules.r2 > 0)
    with autocast():
        real_logits = discriminator(source, real).float()
        fake_logits = discriminator(source, copy).float()
    d_loss = loss.discriminator(real_logits, fake_logits)
    slopes = _slopes(rules, r1=(real_logits, real), r2=(fake_logits, copy))
    players.adams[1].descend(d_loss + sum(slopes.values()))

    with _frozen(discriminator), autocast():
        g_loss = loss.generator(real_logits.detach(), discriminator(source, fake).float())
        total = rules.adversarial_weight * g_loss + sum(penalties.values())
    players.adams[0].descend(total)
    if rules.ema:
        follow(players.average, generator, decay=rules.ema, step=step)
    losses = {"generator": g_loss, "discriminator": d_loss, **slopes, **penalties}
    right = loss.judged_rightly(real_logits, fake_logits)
    return {name: value.detach() for name, value in (losses | right).items()}


def _slopes(
    rules: Rules, *, r1: tuple[Tensor, Tensor], r2: tuple[Tensor, Tensor]
) -> dict[str, Tensor]:
    """The penalties that are due, of logits and the samples they judge."""
    return {
        name: rules.slope_every * weight * slope(logits, samples)
        for name, weight, (logits, samples) in (("r1", rules.r1, r1), ("r2", rules.r2, r2))
        if samples.requires_grad
    }


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """Shape and type of each tensor of a state."""
    return {name: (value.shape, value.dtype) for name, value in state.items()}


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Gradients flow through the network, none are computed for its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
