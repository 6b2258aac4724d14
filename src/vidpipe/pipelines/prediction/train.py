"""Stage `pix2pix_train`."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from vidpipe.config.models import Pix2pixModel, Pix2pixTrain
from vidpipe.config.schema import Runtime
from vidpipe.data.splits import SEEN
from vidpipe.models.pix2pix import Discriminator, Generator, NextFrame, predict
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import Players, Rules
from vidpipe.training.trainer import start, train_gan
from vidpipe.visualization.sheets import grid


def train_pix2pix(
    pairs: dict[str, np.ndarray],
    model: Pix2pixModel,
    train: Pix2pixTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
) -> Path:
    """Train on the pairs that are `seen`.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/` of what the generator
        made of the same frames as training went on.
    """
    machine = start(runtime, train)
    task = _task(pairs, train, machine.device)
    built = {"size": task.frames.shape[-1], "channels": task.frames.shape[1], **model.model_dump()}
    rules = Rules(
        loss="bce",
        r1=0.0,
        r2=0.0,
        slope_every=1,
        learning_rate=train.learning_rate,
        beta1=train.beta1,
        beta2=0.999,
        adversarial_weight=train.adversarial_weight,
        ema=train.ema,
        cooldown=0.0,
    )
    generator = Generator(**built)
    discriminator = Discriminator(channels=built["channels"], width=model.width)
    return train_gan(
        "pix2pix",
        Players(machine.place(generator), machine.place(discriminator), rules),
        task,
        lambda sampled: progress_sheet(sampled, task),
        built=built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
        checkpoints=checkpoints,
    )


def _task(pairs: dict[str, np.ndarray], train: Pix2pixTrain, device: torch.device) -> NextFrame:
    frames = torch.from_numpy(pairs["frames"]).permute(0, 3, 1, 2).contiguous()
    return NextFrame(
        frames.to(device),
        torch.from_numpy(pairs["pairs"][pairs["pair_split"] == SEEN]).long(),
        batch=train.batch,
        l1_weight=train.l1_weight,
        noise=train.noise,
        views=train.views,
        pushforward=train.pushforward,
    )


def progress_sheet(generator: nn.Module, task: NextFrame) -> np.ndarray:
    """Four seen pairs in rows: source, prediction, target."""
    rows = torch.linspace(0, len(task.pairs) - 1, 4).round().long()
    source, target = task.frames[task.pairs[rows, 0]], task.frames[task.pairs[rows, 1]]
    made = to_uint8(predict(generator, to_float(source)))
    columns = torch.stack([source, made, target], dim=1).permute(0, 1, 3, 4, 2).cpu().numpy()
    return grid([list(row) for row in columns], columns=["frame", "predicted next", "real next"])
