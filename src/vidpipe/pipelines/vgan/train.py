"""Stage `vgan_train`."""

from pathlib import Path

import numpy as np

from vidpipe.data.splits import TRAIN
from vidpipe.models.clips import ClipDiscriminator
from vidpipe.models.vgan import Generator, TwoStreams
from vidpipe.params import Runtime
from vidpipe.params_gans import ClipGanModel, VganTrain
from vidpipe.pipelines.moving.train import judge_of, real_clips, shape_of, train_clip_gan
from vidpipe.pipelines.training import start
from vidpipe.training.tracker import Tracker


def train_vgan(
    clips: dict[str, np.ndarray],
    model: ClipGanModel,
    train: VganTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> Path:
    """Train on the clips that are for training: see `train_clip_gan`."""
    machine = start(runtime, train)
    shape = shape_of(clips, model)
    built = {"latent": model.latent, "codes": model.codes, "width": model.width, **shape}
    generator = Generator(**built)
    discriminator = ClipDiscriminator(layers=4, **shape, **judge_of(model, train))
    real = real_clips(clips, TRAIN, length=model.frames, mirror=train.mirror, device=machine.device)
    return train_clip_gan(
        "vgan",
        generator,
        discriminator,
        TwoStreams(real, batch=train.batch, prior=generator.prior, mask_weight=train.mask_weight),
        built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
    )
