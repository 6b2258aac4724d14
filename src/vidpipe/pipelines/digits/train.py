"""How a GAN of digits is trained, whatever its networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vidpipe.config.models import FromNoiseTrain
from vidpipe.data.splits import SEEN
from vidpipe.models.modes import evaluating
from vidpipe.models.noise import FromNoise, FromNoiseGenerator
from vidpipe.models.pixels import to_uint8
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import Players
from vidpipe.training.runtime import Machine
from vidpipe.training.trainer import rules_of, train_gan
from vidpipe.visualization.sheets import grid

SIDE = 10  # of the sheet that shows how training goes, in pictures


def train_digit_gan(
    name: str,
    generator: FromNoiseGenerator,
    discriminator: nn.Module,
    built: Mapping[str, Any],
    *,
    digits: dict[str, np.ndarray],
    train: FromNoiseTrain,
    machine: Machine,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
) -> Path:
    """Train two networks on the digits that are `seen`.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/` of what the generator
        made of the same noise as training went on.
    """
    seen = torch.from_numpy(digits["pictures"][digits["split"] == SEEN])[:, None]
    task = FromNoise(seen.to(machine.device), batch=train.batch, prior=generator.prior)
    shown = generator.prior.draw(SIDE**2, torch.Generator().manual_seed(train.seed))
    return train_gan(
        name,
        Players(machine.place(generator), machine.place(discriminator), rules_of(train)),
        task,
        lambda network: progress_sheet(network, shown.to(machine.device)),
        built=built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
        checkpoints=checkpoints,
    )


@torch.no_grad()
def progress_sheet(generator: nn.Module, shown: torch.Tensor) -> np.ndarray:
    """What the generator makes of noise, in rows of ten."""
    with evaluating(generator):
        made = to_uint8(generator(shown)).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)
    pictures = made.cpu().numpy()
    return grid([list(pictures[i : i + SIDE]) for i in range(0, len(pictures), SIDE)], tile=56)
