"""Adam in its fused form, whose state exists from the start.

Fused Adam is fast, and its square root gives the same bits on every AVX2 processor.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn


def fused_adam(
    network: nn.Module,
    *,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    rate_factors: Mapping[str, float] = MappingProxyType({}),
) -> torch.optim.Adam:
    """Return Adam (Kingma and Ba 2015, algorithm 1) over all weights of a network.

    torch makes the moments at the first step. Here they are made at once, each laid out in memory
    as its weight, so that a checkpoint can be copied into them: fused Adam walks through memory as
    it lies, and silently misreads a moment in another layout.

    Args:
        network: Whose weights it changes.
        learning_rate: Learning rate of the first step.
        betas: Decay of the first and the second moments.
        rate_factors: By the names of parts of the network, its direct children, what their
            learning rate is multiplied by, where it is not 1.
    """
    groups: dict[float, list[Tensor]] = {}
    for name, weight in network.named_parameters():
        factor = rate_factors.get(name.partition(".")[0], 1.0)
        groups.setdefault(factor, []).append(weight)
    # Fused: one pass over weights, gradients and moments.
    optimizer = torch.optim.Adam(
        [{"params": weights, "rate_factor": factor} for factor, weights in groups.items()],
        betas=betas,
        fused=True,
    )
    set_learning_rate(optimizer, learning_rate)
    for weight in network.parameters():
        optimizer.state[weight] = {
            "step": torch.zeros((), device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
    return optimizer


def set_learning_rate(optimizer: torch.optim.Adam, learning_rate: float) -> None:
    """Set the learning rate of the next step, before rate factors."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["rate_factor"]


def moments(optimizer: torch.optim.Adam) -> Mapping[str, Tensor]:
    """The optimizer's own tensors by name, in the order of the weights: no copies."""
    return {
        f"{number}.{name}": value
        for number, state in enumerate(optimizer.state.values())
        for name, value in state.items()
    }
