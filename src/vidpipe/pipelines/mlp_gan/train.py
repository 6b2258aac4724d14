"""Stage `mlp_gan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.models.mlp_gan import Discriminator, Generator
from vidpipe.params import Runtime
from vidpipe.params_gans import FromNoiseTrain, MlpGanModel
from vidpipe.pipelines.digits.train import train_digit_gan
from vidpipe.pipelines.training import start
from vidpipe.training.tracker import Tracker


def train_mlp_gan(
    digits: dict[str, np.ndarray],
    model: MlpGanModel,
    train: FromNoiseTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> Path:
    """Train on the digits that are `seen`: see `train_digit_gan`."""
    machine = start(runtime, train)
    return train_digit_gan(
        "mlp_gan",
        Generator(latent=model.latent, codes=model.codes),
        Discriminator(dropout=model.dropout),
        {"latent": model.latent, "codes": model.codes},
        digits=digits,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
    )
