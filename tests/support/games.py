"""Small games to train on."""

from contextlib import nullcontext

import numpy as np
import torch

from vidpipe.models import convlstm_gan, vgan
from vidpipe.models import dcgan as convolutional
from vidpipe.models import mlp_gan as dense
from vidpipe.models.clip_gan import RealClips
from vidpipe.models.noise import FromNoise
from vidpipe.models.pix2pix import Discriminator, Generator, NextFrame
from vidpipe.training.adversarial import Players, Rules

RULES = {"loss": "bce", "r1": 0.0, "r2": 0.0, "slope_every": 1, "learning_rate": 2e-4, "beta1": 0.5}
RULES |= {"beta2": 0.999, "adversarial_weight": 1.0, "ema": 0.9, "cooldown": 0.0}


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


def dcgan(*, seed=0, norm="batch", hidden=0, real=None, batch=4, **rules):
    """Players and task of dcgan, on a few random pictures."""
    torch.manual_seed(seed)
    players = Players(
        convolutional.Generator(latent=10, codes=3, hidden=hidden),
        convolutional.Discriminator(norm=norm, dropout=0.25, hidden=hidden),
        Rules(**{**RULES, **rules}),
    )
    return players, FromNoise(
        pictures() if real is None else real, batch=batch, prior=players.generator.prior
    )


def mlp_gan(*, seed=0, real=None, batch=4, **rules):
    """Players and task of mlp_gan, on a few random pictures."""
    torch.manual_seed(seed)
    players = Players(
        dense.Generator(latent=10, codes=0),
        dense.Discriminator(dropout=0.25),
        Rules(**{**RULES, **rules}),
    )
    return players, FromNoise(
        pictures() if real is None else real, batch=batch, prior=players.generator.prior
    )


def clips(network, *, seed=0, batch=2, norm="none", **rules):
    """Players and task of a tiny GAN of clips, told by its module, on a few random ones."""
    torch.manual_seed(seed)
    shape = {"size": 32, "frames": 8, "channels": 3}
    judge = {"width": 4, "norm": norm, "dropout": 0.25, "frame_judge": True, "augment": 0.3}
    frames = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3)).astype(np.uint8)
    index = np.arange(32, dtype=np.int32).reshape(2, 16)
    real = RealClips(
        frames, index, np.array([0, 2]), length=8, mirror=True, device=torch.device("cpu")
    )
    painter = {"skips": True} if network is convlstm_gan else {}
    generator = network.Generator(latent=10, codes=3, width=16, labels="abc", **shape, **painter)
    players = Players(
        generator, network.Discriminator(**judge, **shape, labels=3), Rules(**{**RULES, **rules})
    )
    price = {"mask_weight": 0.1} if network is vgan else {}
    return players, network.Game(real, batch=batch, prior=generator.prior, **price)


def pictures(count=12):
    """Random digits."""
    return torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)


def plain():
    """Full precision."""
    return nullcontext()
