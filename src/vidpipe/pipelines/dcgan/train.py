"""Stage `dcgan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.config.models import DcganModel, FromNoiseTrain
from vidpipe.config.schema import Runtime
from vidpipe.models.dcgan import Discriminator, Generator
from vidpipe.pipelines.digits.train import train_digit_gan
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.trainer import start


def train_dcgan(
    digits: dict[str, np.ndarray],
    model: DcganModel,
    train: FromNoiseTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
) -> Path:
    """Train on the digits that are `seen`: see `train_digit_gan`."""
    machine = start(runtime, train)
    built = {"latent": model.latent, "codes": model.codes, "hidden": model.generator_hidden}
    return train_digit_gan(
        "dcgan",
        Generator(**built),
        Discriminator(norm=model.norm, dropout=model.dropout, hidden=model.discriminator_hidden),
        built,
        digits=digits,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
        checkpoints=checkpoints,
    )
