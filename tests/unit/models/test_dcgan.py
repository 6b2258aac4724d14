import pytest
import torch
from support.network_layers import shapes
from torch import nn
from torch.nn import functional as F

from vidpipe.models.dcgan import Discriminator, DoubledConv2d, Generator


def test_the_generator_goes_by_the_layers_of_the_report():
    generator = Generator(latent=100, codes=0, hidden=0)
    assert shapes(generator, torch.zeros(2, 100)) == [
        (7 * 7 * 128,), (64, 14, 14), (32, 28, 28), (1, 28, 28)
    ]  # fmt: skip
    kinds = [type(layer) for layer in generator.layers]
    assert kinds.count(nn.BatchNorm2d) == kinds.count(nn.LeakyReLU) == 3


def test_a_dense_layer_stands_before_the_feature_maps_if_asked_for():
    generator = Generator(latent=100, codes=20, hidden=16)
    assert shapes(generator, torch.zeros(2, 100))[:2] == [(16,), (7 * 7 * 128,)]


@pytest.mark.parametrize("norm", ["batch", "spectral", "none"])
def test_the_discriminator_flattens_to_4096_features(norm):
    discriminator = Discriminator(norm=norm, dropout=0.25, hidden=0)
    pictures = torch.zeros(2, 1, 28, 28)
    assert shapes(discriminator, torch.zeros(2, 4), pictures) == [
        (32, 14, 14), (64, 7, 7), (64, 4, 4), (256, 4, 4), (1,)
    ]  # fmt: skip
    assert discriminator.features(pictures).shape == (2, 4096)
    norms = sum(isinstance(layer, nn.BatchNorm2d) for layer in discriminator.modules())
    assert norms == (3 if norm == "batch" else 0)


def test_a_hidden_layer_stands_before_the_judgement_if_asked_for():
    discriminator = Discriminator(norm="none", dropout=0.0, hidden=16)
    assert shapes(discriminator, torch.zeros(2, 4), torch.zeros(2, 1, 28, 28))[-2:] == [(16,), (1,)]


def test_the_discriminator_does_not_look_at_the_noise():
    discriminator = Discriminator(norm="none", dropout=0.0, hidden=0).eval()
    pictures = torch.rand(2, 1, 28, 28)
    with_noise = discriminator(torch.randn(2, 100), pictures)
    assert torch.equal(with_noise, discriminator(torch.randn(2, 100), pictures))


def test_the_short_way_equals_upsampling_and_then_convolving():
    short = DoubledConv2d(5, 3)
    hidden = torch.randn(2, 5, 7, 6)
    long = F.conv2d(F.interpolate(hidden, scale_factor=2), short.weight, short.bias, padding=1)
    torch.testing.assert_close(short(hidden), long, rtol=1e-5, atol=1e-5)


def test_the_gradients_of_the_short_way_are_those_of_the_long_one():
    short = DoubledConv2d(4, 2)
    hidden, aim = torch.randn(2, 4, 5, 5), torch.randn(2, 2, 10, 10)
    gradients = []
    for way in (
        short,
        lambda x: F.conv2d(F.interpolate(x, scale_factor=2), short.weight, short.bias, padding=1),
    ):
        loss = (way(hidden) * aim).sum()
        gradients.append(torch.autograd.grad(loss, [short.weight, short.bias]))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_pictures_lie_between_minus_one_and_one():
    made = Generator(latent=8, codes=0, hidden=0)(100 * torch.randn(4, 8))
    assert made.abs().max() <= 1
