"""Exponential moving average of a network's weights and batch statistics."""

import copy

import torch
from torch import nn


def copy_for_average(network: nn.Module) -> nn.Module:
    """Return a copy to keep the average in: no gradients, never in training mode."""
    return copy.deepcopy(network).requires_grad_(False).eval()


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, *, decay: float, step: int) -> None:
    """Move the average towards the network.

    The decay ramps up as (1 + step) / (10 + step), so that the first weights are soon forgotten.
    """
    # Early averages follow closely, later ones slowly.
    decay = min(decay, (1 + step) / (10 + step))
    for mean, value in zip(
        average.state_dict().values(), network.state_dict().values(), strict=True
    ):
        # Counters, such as the batches that a norm has seen, have no mean.
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)
