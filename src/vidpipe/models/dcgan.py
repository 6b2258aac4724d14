"""DCGAN for pictures of 28x28: convolutions, from noise to a numeral and back.

Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", as the project report built it: nearest up-sampling, and a discriminator that
ends in 4,096 features.

Shapes: b batch, float in [-1, 1].
"""

from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from vidpipe.config.models import DcganModel, FromNoiseTrain, TrainingConfig
from vidpipe.models.noise import FromNoiseGenerator, Noise, Prior
from vidpipe.training.adversarial import Networks

ModelConfig = DcganModel

Pictures = Float[Tensor, "b 1 28 28"]
WIDTHS = (128, 64, 32)  # channels after the dense layer and the first two convolutions
BASE = 7  # side of the generator's first feature maps
FEATURES = 4 * 4 * 256  # of the discriminator's last convolution


def build(config: TrainingConfig[DcganModel, FromNoiseTrain]) -> Networks:
    """Make both networks."""
    model = config.model
    architecture = {"latent": model.latent, "codes": model.codes, "hidden": model.generator_hidden}
    generator = Generator(**architecture)
    discriminator = Discriminator(
        norm=model.norm, dropout=model.dropout, hidden=model.discriminator_hidden
    )
    return Networks(generator, {"discriminator": discriminator}, architecture)


class Generator(FromNoiseGenerator):
    """Dense to 7x7x128, then three convolutions, the first two after doubling the side.

    Args:
        latent: Numbers of noise.
        codes: Number of categorical codes among them.
        hidden: Width of a dense layer before the feature maps, for what all parts of the picture
            have in common; 0: none, as in the report.
    """

    def __init__(self, *, latent: int, codes: int, hidden: int) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.prior = Prior(latent, codes)
        self.dense = nn.Sequential(
            *([nn.Linear(latent, hidden), nn.LeakyReLU(0.2)] if hidden else []),
            nn.Linear(hidden or latent, first * BASE * BASE),
        )
        self.layers = nn.Sequential(
            nn.BatchNorm2d(first),
            nn.LeakyReLU(0.2),
            DoubledConv2d(first, second),
            nn.BatchNorm2d(second),
            nn.LeakyReLU(0.2),
            DoubledConv2d(second, third),
            nn.BatchNorm2d(third),
            nn.LeakyReLU(0.2),
            nn.Conv2d(third, 1, 3, 1, 1),
        )

    def forward(self, noise: Noise) -> Pictures:
        # Channels last, the layout of the weights.
        base = self.dense(noise).unflatten(1, (-1, BASE, BASE))
        pictures: Tensor = self.layers(base.contiguous(memory_format=torch.channels_last))
        return torch.tanh(pictures)


class DoubledConv2d(nn.Module):
    """Nearest up-sampling to twice the side, then a 3x3 convolution, in 4 products for 9.

    Each pixel is repeated, so rows and columns of the kernel that meet the same pixel can be added
    up beforehand: what is left is a transposed convolution of kernel 4 and stride 2.

    Args:
        inner: Channels that come in.
        outer: Channels that go out.
    """

    gather: Tensor

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        plain = nn.Conv2d(inner, outer, 3)  # for its way of drawing the first weights
        self.weight, self.bias = plain.weight, plain.bias
        rows = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
        self.register_buffer("gather", rows, persistent=False)

    def forward(self, hidden: Float[Tensor, "b inner h w"]) -> Float[Tensor, "b outer h2 w2"]:
        # Add up the rows and columns of the kernel that meet the same pixel.
        kernel = torch.einsum("yi,xj,ocij->coyx", self.gather, self.gather, self.weight)
        return F.conv_transpose2d(hidden, kernel, self.bias, stride=2, padding=1)


class Discriminator(nn.Module):
    """Four convolutions, three of them strided, to 4x4x256 features, and one logit from them.

    Args:
        norm: `batch` norm as in the report, `spectral` norm (Miyato et al. 2018), or `none`.
        dropout: Rate after each convolution, while training.
        hidden: Width of a dense layer between features and logit, in which parts of two numerals
            can be told not to belong together; 0: none, as in the report.
    """

    def __init__(
        self, *, norm: Literal["batch", "spectral", "none"], dropout: float, hidden: int
    ) -> None:
        super().__init__()
        # Convolutions: the first three halve the side, 28 to 4; batch norm in all but the first.
        widths = (1, 32, 64, 64, 256)
        layers: list[nn.Module] = []
        for level, (inner, outer) in enumerate(pairwise(widths)):
            stride = 2 if level < 3 else 1
            layers.append(_normalised(nn.Conv2d(inner, outer, 3, stride, 1), norm))
            if norm == "batch" and level > 0:
                layers.append(nn.BatchNorm2d(outer))
            layers += [nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        self.features = nn.Sequential(*layers, nn.Flatten())

        # The logit, from a hidden layer if there is one.
        layers = []
        if hidden:
            layers = [_normalised(nn.Linear(FEATURES, hidden), norm), nn.LeakyReLU(0.2)]
        last = _normalised(nn.Linear(hidden or FEATURES, 1), norm)
        self.judgement = nn.Sequential(*layers, last)

    def forward(self, noise: Noise, pictures: Pictures) -> Float[Tensor, "b 1"]:
        """Return a logit of each picture. The noise is unused: a real picture has none."""
        logits: Tensor = self.judgement(self.features(pictures))
        return logits


def _normalised(layer: nn.Module, norm: str) -> nn.Module:
    """Return the layer, under spectral norm if that is wanted."""
    return spectral_norm(layer) if norm == "spectral" else layer
