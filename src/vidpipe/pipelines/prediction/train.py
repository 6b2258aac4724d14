"""Stage `pix2pix_train`."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from vidpipe.config.models import Pix2pixModel, Pix2pixTrain, TrainingConfig
from vidpipe.config.schema import Runtime
from vidpipe.models import pix2pix
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.windows import stack_window
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import TrainState
from vidpipe.training.trainer import place, prepare, train_gan
from vidpipe.visualization.sheets import grid


def train_pix2pix(
    pairs: dict[str, np.ndarray],
    model: Pix2pixModel,
    train: Pix2pixTrain,
    runtime: Runtime,
    tracker: Tracker,
    checkpoints: Path,
    scratch: Path,
) -> Path:
    """Train on the pairs that are `seen`.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/` of predictions from the
        same frames as training went on.
    """
    machine = prepare(runtime, train)
    config = TrainingConfig(model, train)
    data = pix2pix.PairData.of(pairs, machine.device)
    networks = place(pix2pix.build(config, data), machine)
    return train_gan(
        "pix2pix",
        TrainState(networks, pix2pix.hyperparameters(train)),
        pix2pix.objective(config, data),
        lambda generator: progress_sheet(generator, data),
        train=train,
        machine=machine,
        tracker=tracker,
        checkpoints=checkpoints,
        scratch=scratch,
    )


def progress_sheet(generator: nn.Module, data: pix2pix.PairData) -> np.ndarray:
    """Draw four seen pairs in rows: source, prediction, target."""
    rows = torch.linspace(0, len(data.pairs) - 1, 4).round().long()
    source = data.frames[data.pairs[rows, 0]]
    target = data.frames[data.pairs[rows, 1]]
    window = stack_window([to_float(source)])
    prediction = to_uint8(pix2pix.predict(generator, window))
    tiles = torch.stack([source, prediction, target], dim=1).permute(0, 1, 3, 4, 2).cpu().numpy()
    return grid([list(row) for row in tiles], columns=["frame", "predicted next", "real next"])
