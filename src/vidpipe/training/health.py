"""Signs that a game goes wrong, told while it can still be stopped."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Sign:
    """A way to go wrong.

    Attributes:
        shows: Whether the numbers show it; one that is not there is NaN, and shows nothing.
        says: What it means, and what to do.
    """

    shows: Callable[[Mapping[str, float]], bool]
    says: str


SIGNS = {
    "collapsed": Sign(
        lambda health: health["diversity"] < 0.25,
        "samples are nearly all alike; raise r1 and r2, or lower learning_rate",
    ),
    "frozen": Sign(
        lambda health: health["motion"] < 0.1,
        "samples hardly move; lower ema, or train longer",
    ),
    "boiling": Sign(
        lambda health: health["motion"] > 3,
        "samples boil: they move over three times as much as real clips; lower learning_rate, or "
        "train longer",
    ),
    "dead_mask": Sign(
        lambda health: health["mask_mean"] < 0.02 or health["mask_mean"] > 0.98,
        "the mask shows the foreground alone or not at all; change mask_weight",
    ),
    "saturated": Sign(
        # Always right is not enough: it may still learn by how much.
        lambda health: (
            health["d_real"] > 0.99 and health["d_fake"] > 0.99 and health["discriminator"] < 0.05
        ),
        "the discriminator is always right, and teaches nothing; raise r1 and r2 or augment",
    ),
    "overfit": Sign(
        lambda health: health["d_real"] - health["d_held_out"] > 0.5,
        "the discriminator knows its clips by heart; raise augment, or get more clips",
    ),
}


def signs(health: Mapping[str, float]) -> dict[str, str]:
    """What the numbers show, and what it means.

    Args:
        health: Any of `diversity` and `motion`, of samples to those of real ones; `mask_mean`;
            `discriminator`, its loss; `d_real`, `d_fake`, `d_held_out`, the shares that it judges
            rightly.
    """
    known = defaultdict(lambda: math.nan, health)
    return {name: sign.says for name, sign in SIGNS.items() if sign.shows(known)}


def gradient_norm(network: nn.Module) -> float:
    """Length of the last gradient of all weights together."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
