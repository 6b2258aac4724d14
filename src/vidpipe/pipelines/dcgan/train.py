"""Stage `dcgan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.models.dcgan import Discriminator, Generator
from vidpipe.params import Runtime
from vidpipe.params_gans import DcganModel, FromNoiseTrain
from vidpipe.pipelines.digits.train import train_digit_gan
from vidpipe.pipelines.training import start
from vidpipe.training.tracker import Tracker


def train_dcgan(
    digits: dict[str, np.ndarray],
    model: DcganModel,
    train: FromNoiseTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
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
    )
