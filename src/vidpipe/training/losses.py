"""Adversarial losses on logits, and the gradient penalty that keeps a discriminator smooth."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Logits = Float[Tensor, "..."]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class AdversarialLoss:
    """Losses of both networks on the logits of real and of fake samples, in that order.

    Attributes:
        discriminator: Loss of the discriminator.
        generator: Loss of the generator.
        relative: A logit has a meaning only beside one of the other kind.
    """

    discriminator: Callable[[Logits, Logits], Scalar]
    generator: Callable[[Logits, Logits], Scalar]
    relative: bool = False

    def accuracy(self, real: Logits, fake: Logits) -> dict[str, Scalar]:
        """Share of the real (`d_real`) and of the fake logits (`d_fake`) on the right side."""
        # A relative logit alone has no sign to go by: the mean of the others stands in for 0.
        real_threshold, fake_threshold = (fake.mean(), real.mean()) if self.relative else (0.0, 0.0)
        return {
            "d_real": (real > real_threshold).float().mean(),
            "d_fake": (fake < fake_threshold).float().mean(),
        }


def discriminator_bce(real: Logits, fake: Logits) -> Scalar:
    """Binary cross-entropy of the discriminator, halved as in Isola et al. 2017, section 3.3."""
    return 0.5 * (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    )


def generator_bce(real: Logits, fake: Logits) -> Scalar:
    """The non-saturating loss, -log D(fake) (Goodfellow et al. 2014, section 3)."""
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def discriminator_hinge(real: Logits, fake: Logits) -> Scalar:
    """The hinge loss (Miyato et al. 2018, equation 16)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def generator_hinge(real: Logits, fake: Logits) -> Scalar:
    """The generator's side of the hinge loss, -D(fake) (Miyato et al. 2018, equation 17)."""
    return -fake.mean()


def discriminator_relativistic(real: Logits, fake: Logits) -> Scalar:
    """Relativistic pairing loss: each real sample is to look more real than the fake beside it.

    Huang et al. 2024, "The GAN is dead; long live the GAN!", equation 2. A fake is compared with
    real samples near it, so that no mode of the data can be dropped unpunished.
    """
    return F.softplus(fake - real).mean()


def generator_relativistic(real: Logits, fake: Logits) -> Scalar:
    """The generator's side of the relativistic pairing loss."""
    return F.softplus(real - fake).mean()


LOSSES = {
    "bce": AdversarialLoss(discriminator_bce, generator_bce),
    "hinge": AdversarialLoss(discriminator_hinge, generator_hinge),
    "relativistic": AdversarialLoss(
        discriminator_relativistic, generator_relativistic, relative=True
    ),
}


def gradient_penalty(logits: Logits, samples: Float[Tensor, "b ..."]) -> Scalar:
    """Half the mean squared length of D's gradient at samples (Mescheder et al. 2018, equation 9).

    At real samples it is the penalty R1, at fake ones R2.

    Args:
        logits: Output of D for `samples`, which must require a gradient.
        samples: A batch.
    """
    # Each logit depends on its own sample alone, so the sum has all gradients at once.
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return 0.5 * gradient.square().flatten(1).sum(1).mean()
