"""Stage `mlp_gan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.config.models import FromNoiseTrain, MlpGanModel
from vidpipe.config.schema import Runtime
from vidpipe.models.mlp_gan import Discriminator, Generator
from vidpipe.pipelines.digits.train import train_digit_gan
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.trainer import start


def train_mlp_gan(
    digits: dict[str, np.ndarray],
    model: MlpGanModel,
    train: FromNoiseTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
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
        checkpoints=checkpoints,
    )
