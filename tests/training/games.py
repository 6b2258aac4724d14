"""Small games to train on."""

from contextlib import nullcontext

import torch

from vidpipe.models.pix2pix import Discriminator, Generator, NextFrame
from vidpipe.training.adversarial import Players, Rules

RULES = {"learning_rate": 2e-4, "beta1": 0.5, "adversarial_weight": 1.0, "ema": 0.9}


def pix2pix(*, seed=0, pairs=6, residual=True, dropout=0.5, task=None, **rules):
    """Players and task of a tiny pix2pix."""
    torch.manual_seed(seed)
    players = Players(
        Generator(size=64, channels=3, width=4, dropout=dropout, residual=residual),
        Discriminator(channels=3, width=4),
        Rules(**{**RULES, **rules}),
    )
    frames = torch.randint(0, 256, (pairs + 1, 3, 64, 64), dtype=torch.uint8)
    index = torch.tensor([[i, i + 1] for i in range(pairs)])
    plain = {"batch": 2, "l1_weight": 100.0, "noise": 0.1, "views": 0.5, "pushforward": 1}
    return players, NextFrame(frames, index, **{**plain, **(task or {})})


def plain():
    """Full precision."""
    return nullcontext()
