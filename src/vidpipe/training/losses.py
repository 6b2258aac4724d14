"""Adversarial losses on logits."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Logits = Float[Tensor, "..."]


def discriminator_bce(real: Logits, fake: Logits) -> Float[Tensor, ""]:
    """Binary cross-entropy of the discriminator, halved as in Isola et al. 2017, section 3.3."""
    return 0.5 * (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    )


def generator_bce(fake: Logits) -> Float[Tensor, ""]:
    """The non-saturating loss, -log D(fake) (Goodfellow et al. 2014, section 3)."""
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
