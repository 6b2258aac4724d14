"""Warning signs of an adversarial training that fails, reported while it can still be stopped."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class WarningSign:
    """A known failure of training.

    Attributes:
        condition: True for diagnostics that show it. Comparisons with NaN, which stands for a
            number that was not measured, are false.
        message: Meaning, and remedy.
    """

    condition: Callable[[Mapping[str, float]], bool]
    message: str


WARNING_SIGNS = {
    "collapsed": WarningSign(
        lambda health: health["diversity"] < 0.25,
        "samples are nearly all alike; raise r1 and r2, or lower learning_rate",
    ),
    "frozen": WarningSign(
        lambda health: health["motion"] < 0.1,
        "samples hardly move; lower ema, or train longer",
    ),
    "boiling": WarningSign(
        lambda health: health["motion"] > 3,
        "samples boil: they move over three times as much as real clips; lower learning_rate, or "
        "train longer",
    ),
    "dead_mask": WarningSign(
        lambda health: health["mask_mean"] < 0.02 or health["mask_mean"] > 0.98,
        "the mask shows the foreground alone or not at all; change mask_weight",
    ),
    "saturated": WarningSign(
        # Full accuracy is not enough: the margin may still grow, and gradients with it.
        lambda health: (
            health["d_real"] > 0.99 and health["d_fake"] > 0.99 and health["discriminator"] < 0.05
        ),
        "the discriminator is always right, and teaches nothing; raise r1 and r2 or augment",
    ),
    "overfit": WarningSign(
        lambda health: health["d_real"] - health["d_held_out"] > 0.5,
        "the discriminator knows its clips by heart; raise augment, or get more clips",
    ),
}


def warning_signs(diagnostics: Mapping[str, float]) -> dict[str, str]:
    """Return the warning signs that the diagnostics show, with their messages.

    Args:
        diagnostics: Any of `diversity` and `motion`, of samples as ratios to those of real clips;
            `mask_mean`; `discriminator`, its loss; `d_real`, `d_fake`, `d_held_out`, its accuracy
            on real, generated and held-out clips.
    """
    # Not every model has every diagnostic.
    measured = defaultdict(lambda: math.nan, diagnostics)
    return {name: sign.message for name, sign in WARNING_SIGNS.items() if sign.condition(measured)}


def gradient_norm(network: nn.Module) -> float:
    """Euclidean norm of the last gradient of all weights together; 0 before the first."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
