import pytest
import torch
from torch import nn

from vidpipe.training.health import WARNING_SIGNS, gradient_norm, warning_signs

WELL = {"diversity": 0.9, "motion": 1.1, "mask_mean": 0.3, "d_real": 0.8, "d_fake": 0.7}
WELL |= {"d_held_out": 0.6, "generator": 1.2, "discriminator": 0.4}

RIGHT = {"d_real": 1.0, "d_fake": 1.0, "d_held_out": 1.0}


def test_nothing_shows_while_all_is_well():
    assert warning_signs(WELL) == {}


@pytest.mark.parametrize(
    ("sign", "numbers"),
    [
        ("collapsed", {"diversity": 0.1}),
        ("frozen", {"motion": 0.05}),
        ("boiling", {"motion": 3.5}),
        ("dead_mask", {"mask_mean": 0.01}),
        ("dead_mask", {"mask_mean": 0.99}),
        ("saturated", {**RIGHT, "discriminator": 0.01}),
        ("overfit", {"d_real": 0.9, "d_held_out": 0.2}),
    ],
)
def test_each_sign_shows_by_its_own_numbers(sign, numbers):
    assert warning_signs({**WELL, **numbers}) == {sign: WARNING_SIGNS[sign].message}


def test_a_discriminator_that_is_right_but_not_sure_still_teaches():
    assert warning_signs({**WELL, **RIGHT, "discriminator": 0.24}) == {}


def test_numbers_that_are_not_there_show_nothing():
    assert warning_signs({}) == {}
    assert warning_signs({"d_real": 1.0}) == {}


def test_the_norm_is_of_all_gradients_together():
    network = nn.Linear(2, 1)
    assert gradient_norm(network) == 0
    network(torch.tensor([[3.0, 0.0]])).sum().backward()
    assert gradient_norm(network) == pytest.approx((3**2 + 1) ** 0.5)
