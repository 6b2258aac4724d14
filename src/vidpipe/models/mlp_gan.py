"""The GAN without convolutions: the baseline that dcgan is held against.

Goodfellow et al. 2014, "Generative Adversarial Nets", section 5: every layer is dense, so that it
must learn for each pixel anew what a stroke is.

Shapes: b batch, float in [-1, 1].
"""

from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.config.models import FromNoiseTrain, MlpGanModel, TrainingConfig
from vidpipe.models.noise import FromNoiseGenerator, Noise, Prior
from vidpipe.training.adversarial import Networks

ModelConfig = MlpGanModel

Pictures = Float[Tensor, "b 1 28 28"]
SIDE = 28


def build(config: TrainingConfig[MlpGanModel, FromNoiseTrain]) -> Networks:
    """Make both networks."""
    architecture = {"latent": config.model.latent, "codes": config.model.codes}
    generator = Generator(**architecture)
    discriminator = Discriminator(dropout=config.model.dropout)
    return Networks(generator, {"discriminator": discriminator}, architecture)


class Generator(FromNoiseGenerator):
    """Three dense layers of growing width, then one to the picture.

    Args:
        latent: Numbers of noise.
        codes: Number of categorical codes among them.
    """

    def __init__(self, *, latent: int, codes: int) -> None:
        super().__init__()
        self.prior = Prior(latent, codes)
        self.layers = nn.Sequential(
            *_dense(latent, 256),
            *_dense(256, 512),
            *_dense(512, 1024),
            nn.Linear(1024, SIDE * SIDE),
            nn.Tanh(),
            nn.Unflatten(1, (1, SIDE, SIDE)),
        )

    def forward(self, noise: Noise) -> Pictures:
        pictures: Tensor = self.layers(noise)
        return pictures


class Discriminator(nn.Module):
    """Two dense layers of shrinking width, then one logit.

    Args:
        dropout: Rate after each layer, while training.
    """

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, 512),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(256, 1),
        )

    def forward(self, noise: Noise, pictures: Pictures) -> Float[Tensor, "b 1"]:
        """Return a logit of each picture. The noise is unused: a real picture has none."""
        logits: Tensor = self.layers(pictures)
        return logits


def _dense(inner: int, outer: int) -> list[nn.Module]:
    """Return a dense layer with batch norm and leaky ReLU."""
    return [nn.Linear(inner, outer), nn.BatchNorm1d(outer), nn.LeakyReLU(0.2)]
