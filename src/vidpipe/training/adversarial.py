"""One update of a generator and its discriminators, the same for every model.

Tensors in, detached tensors out: nothing here knows a model, a device or a logger.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from vidpipe.training.distributed import average_gradients, averaged, gathered, sharing
from vidpipe.training.ema import copy_for_average, update_average
from vidpipe.training.losses import LOSSES, AdversarialLoss, gradient_penalty
from vidpipe.training.optimizer import fused_adam, moments, set_learning_rate

# Names that `update` gives to its own losses and accuracies.
OWN_LOSSES = frozenset({"generator", "discriminator", "r1", "r2", "d_real", "d_fake"})


@runtime_checkable
class Objective(Protocol):
    """Batches of a model, and losses of its generator beside the adversarial one.

    A source is whatever the generator starts from: noise, a window of frames, noise and a picture.
    """

    def sample_batch(
        self, generator: Callable[[Any], Tensor], rng: torch.Generator, /
    ) -> tuple[Any, Tensor]:
        """Draw (source, real samples); all randomness comes from `rng`.

        It draws the numbers of the whole batch, and returns `distributed.own_share` of it.
        """

    def generate_with_losses(
        self, generator: Callable[[Any], Tensor], source: Any, real: Tensor, /
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return fake samples, and the weighted losses beside the adversarial one, by name.

        No name may be one of `OWN_LOSSES`.
        """


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Numbers of an adversarial training.

    Attributes:
        loss: One of `losses.LOSSES`.
        r1: Weight of the gradient penalty at real samples; 0: none.
        r2: Weight of the gradient penalty at fake samples; 0: none.
        penalty_every: Steps from one gradient penalty to the next, which weighs as many times as
            much (lazy regularization, Karras et al. 2020, section 3.1).
        learning_rate: Of Adam, for all networks.
        beta1: Decay of Adam's first moment.
        beta2: Decay of Adam's second moment.
        adversarial_weight: Weight of the generator's adversarial loss.
        ema: Decay of the generator's moving average; 0: the last weights are sampled.
        cooldown: Share of the steps, at the end, over which the learning rate falls to 0.
    """

    loss: Literal["bce", "hinge", "relativistic"]
    r1: float
    r2: float
    penalty_every: int
    learning_rate: float
    beta1: float
    beta2: float
    adversarial_weight: float
    ema: float
    cooldown: float

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Learning rate of a step, counted from 1, of a training of `steps`."""
        remaining = (steps - step + 1) / steps
        return self.learning_rate * min(1.0, remaining / self.cooldown if self.cooldown else 1.0)


@dataclass(frozen=True)
class Networks:
    """A generator, and discriminators that each look at it in their own way.

    Attributes:
        generator: From a source to fake samples.
        discriminators: By the name of their file of weights; each from (source, samples) to logits.
        architecture: Keyword arguments that build the generator again; saved beside its weights.
        rate_factors: By the names of parts of the generator, its direct children, what their
            learning rate is multiplied by, where it is not 1.

    Raises:
        ValueError: If a rate factor is of no part.
    """

    generator: nn.Module
    discriminators: Mapping[str, nn.Module]
    architecture: Mapping[str, Any] = field(default_factory=dict)
    rate_factors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = [name for name, _ in self.generator.named_children()]
        if unknown := self.rate_factors.keys() - parts:
            raise ValueError(
                f"rate factors of {', '.join(sorted(unknown))}: expected some of "
                f"the generator's {', '.join(parts)}"
            )

    def by_name(self) -> dict[str, nn.Module]:
        """All networks that learn, the generator first."""
        return {"generator": self.generator, **self.discriminators}


class TrainState:
    """All that training changes: the networks, their optimizers, the generator's average.

    Args:
        networks: In their place: the optimizers hold on to their weights.
        hyperparameters: Numbers of the training.
    """

    def __init__(self, networks: Networks, hyperparameters: Hyperparameters) -> None:
        self.networks = networks
        self.hyperparameters = hyperparameters
        # Copied before the first step, so that both start from the same weights.
        self.g_ema = copy_for_average(networks.generator)
        betas = (hyperparameters.beta1, hyperparameters.beta2)
        self.optimizers = {
            name: fused_adam(
                network.train(),
                learning_rate=hyperparameters.learning_rate,
                betas=betas,
                rate_factors=networks.rate_factors if name == "generator" else {},
            )
            for name, network in networks.by_name().items()
        }

    @property
    def generator(self) -> nn.Module:
        """The generator that learns."""
        return self.networks.generator

    @property
    def discriminators(self) -> list[nn.Module]:
        """The discriminators that learn."""
        return list(self.networks.discriminators.values())

    @property
    def sampling_generator(self) -> nn.Module:
        """The generator to sample from: the moving average, if there is one."""
        return self.g_ema if self.hyperparameters.ema else self.generator

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of the next step of every network, before rate factors."""
        for optimizer in self.optimizers.values():
            set_learning_rate(optimizer, learning_rate)

    def state_dict(self) -> dict[str, Tensor]:
        """All tensors that training changes, by name: the tensors themselves, no copies."""
        # Weights and batch statistics of all networks and of the average, then Adam's moments.
        tensors = {
            f"{network_name}.{name}": value
            for network_name, network in [*self.networks.by_name().items(), ("average", self.g_ema)]
            for name, value in network.state_dict().items()
        }
        for network_name, optimizer in self.optimizers.items():
            for name, value in moments(optimizer).items():
                tensors[f"{network_name}.adam.{name}"] = value
        return tensors

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Copy in a state that `state_dict` gave, each tensor in the layout it has here.

        Raises:
            ValueError: If names or shapes differ; then nothing has changed.
        """
        # Refuse before the first tensor is changed.
        own = self.state_dict()
        if _shapes(own) != _shapes(state):
            raise ValueError("this state is of other networks")

        # Copied in place: optimizers and the average hold on to these very tensors.
        for name, value in own.items():
            value.copy_(state[name])


@sharing()
def update(
    state: TrainState,
    objective: Objective,
    *,
    step: int,
    rng: torch.Generator,
    autocast: Callable[[], AbstractContextManager[None]],
) -> dict[str, Tensor]:
    """Take one step with every discriminator, then one with the generator, on one batch.

    In one process of several the batch is its share; losses are those of the whole batch.

    Args:
        state: Networks and optimizers; changed in place.
        objective: Gives the batch, and the generator's other losses.
        step: Number of this update, from 1.
        rng: Source of the batch's randomness.
        autocast: Makes the context in which networks run.

    Returns:
        Scalar losses by name, detached, and the accuracies `d_real` and `d_fake`.

    Raises:
        ValueError: If a loss of the objective is named like one of this function.
    """
    generator = state.generator
    hyper = state.hyperparameters
    loss = LOSSES[hyper.loss]

    # Draw a batch and generate from it once: both halves of the step use the same fakes.
    with autocast():
        source, target = objective.sample_batch(generator, rng)
        fake, generator_losses = objective.generate_with_losses(generator, source, target)
    if clashing := OWN_LOSSES & generator_losses.keys():
        raise ValueError(
            f"an objective names its losses {', '.join(sorted(clashing))}: rename them, the update "
            "has losses of these names"
        )

    # Lazy regularization: gradients at the samples are needed only when the penalty is due.
    apply_penalty = step % hyper.penalty_every == 0
    real = target.detach().requires_grad_(apply_penalty and hyper.r1 > 0)
    detached = fake.detach().requires_grad_(apply_penalty and hyper.r2 > 0)

    # Discriminators first, on fakes whose gradient does not reach the generator.
    pairs = []
    for discriminator in state.discriminators:
        with autocast():
            real_logits = discriminator(source, real).float()
            fake_logits = discriminator(source, detached).float()
        pairs.append((real_logits, fake_logits))
    d_losses = {"discriminator": _total(loss.discriminator(*logits) for logits in pairs)}
    for name, weight, samples, side in (("r1", hyper.r1, real, 0), ("r2", hyper.r2, detached, 1)):
        if samples.requires_grad:
            penalty = _total(gradient_penalty(logits[side], samples) for logits in pairs)
            d_losses[name] = hyper.penalty_every * weight * penalty
    _step([state.optimizers[name] for name in state.networks.discriminators], d_losses)

    # The generator next, against discriminators that have just learnt and are frozen meanwhile.
    with _frozen(state.discriminators), autocast():
        g_loss = _total(
            loss.generator(real_logits.detach(), discriminator(source, fake).float())
            for discriminator, (real_logits, _) in zip(state.discriminators, pairs, strict=True)
        )
        weighted = {"generator": hyper.adversarial_weight * g_loss, **generator_losses}
    _step([state.optimizers["generator"]], weighted)
    if hyper.ema:
        update_average(state.g_ema, generator, decay=hyper.ema, step=step)

    # Detached, so that no graph outlives the step.
    measured = {"generator": g_loss, **d_losses, **generator_losses, **_accuracy(loss, pairs)}
    return averaged({name: value.detach() for name, value in measured.items()})


def _step(optimizers: list[torch.optim.Adam], losses: Mapping[str, Tensor]) -> None:
    """Move the weights of some networks down the sum of losses."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    _total(losses.values()).backward()  # type: ignore[no-untyped-call]
    average_gradients(optimizers)
    for optimizer in optimizers:
        optimizer.step()


def _total(values: Any) -> Tensor:
    """Sum of scalars, from the first on: adding to 0 would be one operation more."""
    first, *rest = values
    return sum(rest, start=first)


def _accuracy(loss: AdversarialLoss, pairs: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Mean accuracy of the discriminators on real and on fake samples."""
    # Of the whole batch: a relative loss compares each logit with the mean of the others.
    each = [loss.accuracy(gathered(real), gathered(fake)) for real, fake in pairs]
    return {name: _total(one[name] for one in each) / len(each) for name in each[0]}


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """Shape and type of each tensor of a state."""
    return {name: (value.shape, value.dtype) for name, value in state.items()}


@contextmanager
def _frozen(networks: list[nn.Module]) -> Iterator[None]:
    """Let gradients flow through networks, and compute none for their weights."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)
