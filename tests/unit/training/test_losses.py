import math

import pytest
import torch

from vidpipe.training.losses import LOSSES, gradient_penalty

REAL, FAKE = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 1.0])


def softplus(number):
    return math.log1p(math.exp(number))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        (
            "bce",
            (softplus(-2) + softplus(0) + softplus(-1) + softplus(1)) / 4,
            (softplus(1) + softplus(-1)) / 2,
        ),
        ("hinge", (0 + 1) / 2 + (0 + 2) / 2, 0.0),
        ("relativistic", (softplus(-3) + softplus(1)) / 2, (softplus(3) + softplus(-1)) / 2),
    ],
)
def test_losses_are_those_of_the_papers(name, discriminator, generator):
    loss = LOSSES[name]
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    assert loss.generator(REAL, FAKE).item() == pytest.approx(generator)


def test_relative_logits_are_judged_beside_the_others():
    real, fake = torch.tensor([5.0, 6.0, 7.0, 3.0]), torch.tensor([4.0, 4.0, 4.0, 6.0])
    right = LOSSES["relativistic"].accuracy(real, fake)
    assert (right["d_real"], right["d_fake"]) == (0.75, 0.75)
    right = LOSSES["bce"].accuracy(real, fake)
    assert (right["d_real"], right["d_fake"]) == (1.0, 0.0)


def test_the_penalty_is_half_the_mean_square_of_the_gradients_length():
    samples = torch.tensor([[1.0, 2.0], [0.0, 3.0]], requires_grad=True)
    logits = samples.square().sum(1)  # the gradient is twice the sample
    penalty = gradient_penalty(logits, samples)
    assert penalty.item() == pytest.approx(0.5 * 4 * ((1 + 4) + 9) / 2)
    assert penalty.requires_grad, "the discriminator is to learn from it"
