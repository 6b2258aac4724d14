"""Stage `convlstm_gan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.data.splits import TRAIN
from vidpipe.models.convlstm_gan import ClipsFromImage, Discriminator, Generator
from vidpipe.params import Runtime
from vidpipe.params_gans import ClipGanTrain, ConvlstmGanModel
from vidpipe.pipelines.moving.train import judge_of, real_clips, shape_of, train_clip_gan
from vidpipe.pipelines.training import start
from vidpipe.training.tracker import Tracker


def train_convlstm_gan(
    clips: dict[str, np.ndarray],
    model: ConvlstmGanModel,
    train: ClipGanTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> Path:
    """Train on the clips that are for training: see `train_clip_gan`."""
    machine = start(runtime, train)
    shape = shape_of(clips, model)
    built = {
        "latent": model.latent,
        "codes": model.codes,
        "width": model.width,
        "paint_over": model.paint_over,
        **shape,
    }
    generator = Generator(**built)
    discriminator = Discriminator(layers=5, **shape, **judge_of(model, train))
    real = real_clips(clips, TRAIN, length=model.frames, mirror=train.mirror, device=machine.device)
    return train_clip_gan(
        "convlstm_gan",
        generator,
        discriminator,
        ClipsFromImage(real, batch=train.batch, prior=generator.prior),
        built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
    )
