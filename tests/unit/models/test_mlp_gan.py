import torch
from torch import nn

from vidpipe.models.mlp_gan import Discriminator, Generator


def test_from_noise_to_a_picture_and_to_a_judgement():
    pictures = Generator(latent=100, codes=0)(torch.randn(3, 100))
    assert pictures.shape == (3, 1, 28, 28)
    assert pictures.abs().max() <= 1
    assert Discriminator(dropout=0.3)(torch.zeros(3, 100), pictures).shape == (3, 1)


def test_there_is_no_convolution_in_it():
    layers = [*Generator(latent=4, codes=0).modules(), *Discriminator(dropout=0.0).modules()]
    assert not any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in layers)
