"""A short training that shows what a test wants to be seen."""

import numpy as np
import torch

from support import games
from vidpipe.config.models import FromNoiseTrain
from vidpipe.training.runtime import Machine
from vidpipe.training.trainer import train_gan

TRAIN = {"seed": 0, "steps": 10, "batch": 4, "learning_rate": 2e-3, "beta1": 0.0, "beta2": 0.99}
TRAIN |= {"loss": "bce", "r1": 0.0, "r2": 0.0, "penalty_every": 1, "ema": 0.0, "cooldown": 0.0}
TRAIN |= {"report_every": 1, "sample_every": 10}


def train(tracker, scratch, checkpoints, show):
    """Train mlp_gan ten steps; `show` gives what is measured at a step, or ends it."""
    state, objective = games.mlp_gan(ema=0.0)
    return train_gan(
        "mlp_gan",
        state,
        objective,
        lambda generator: np.zeros((4, 4, 3), np.uint8),
        train=FromNoiseTrain(**TRAIN),
        machine=Machine(torch.device("cpu"), games.plain),
        tracker=tracker,
        checkpoints=checkpoints,
        scratch=scratch,
        diagnostics=lambda state: show(int(state.state_dict()["generator.adam.0.step"])),
    )
