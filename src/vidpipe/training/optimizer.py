"""Adam in its fused form, whose state exists from the start.

Fused Adam is fast, and its square root gives the same bits on every AVX2 processor.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def fused_adam(
    network: nn.Module, *, learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Return Adam (Kingma and Ba 2015, algorithm 1) over all weights of a network.

    torch makes the moments at the first step. Here they are made at once, each laid out in memory
    as its weight, so that a checkpoint can be copied into them: fused Adam walks through memory as
    it lies, and silently misreads a moment in another layout.
    """
    # Fused: one pass over weights, gradients and moments.
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas, fused=True)
    for weight in network.parameters():
        optimizer.state[weight] = {
            "step": torch.zeros((), device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
    return optimizer


def set_learning_rate(optimizer: torch.optim.Adam, learning_rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def moments(optimizer: torch.optim.Adam) -> Mapping[str, Tensor]:
    """The optimizer's own tensors by name, in the order of the weights: no copies."""
    return {
        f"{number}.{name}": value
        for number, state in enumerate(optimizer.state.values())
        for name, value in state.items()
    }
