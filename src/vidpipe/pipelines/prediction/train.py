"""Stage `pix2pix_train`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidpipe.config.models import Pix2pixModel, Pix2pixTrain, TrainingConfig
from vidpipe.config.schema import Runtime
from vidpipe.data.pair_arrays import check_history
from vidpipe.data.splits import SEEN
from vidpipe.models import pix2pix
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.windows import roll_out, stack_window
from vidpipe.pipelines.devices import on_devices
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import TrainState
from vidpipe.training.trainer import place, prepare, train_gan
from vidpipe.visualization.sheets import grid


@on_devices
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

    Raises:
        UserError: If no shot is as long as a window and the frame after it.
    """
    check_history(pairs, SEEN, model.history)
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


def progress_sheet(generator: Any, data: pix2pix.PairData) -> np.ndarray:
    """Draw four seen windows in rows: last frame, prediction, target.

    Args:
        generator: A `NextFrameGenerator`.
        data: Frames and pairs.
    """
    starts = data.starts(history=generator.history)
    first = starts[torch.linspace(0, len(starts) - 1, 4).round().long()]
    frames = [data.frames[first + offset] for offset in range(generator.history + 1)]
    source, target = frames[-2:]
    window = stack_window([to_float(frame) for frame in frames[:-1]])
    prediction = to_uint8(roll_out(generator, window, 1)[:, 0])
    tiles = torch.stack([source, prediction, target], dim=1).permute(0, 1, 3, 4, 2).cpu().numpy()
    return grid([list(row) for row in tiles], columns=["frame", "predicted next", "real next"])
