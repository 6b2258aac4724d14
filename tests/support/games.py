"""Small networks and objectives to train on."""

from contextlib import nullcontext

import numpy as np
import torch
import yaml

from support.project import ROOT
from vidpipe.config.models import TrainingConfig
from vidpipe.config.schema import Params
from vidpipe.models import dcgan as convolutional
from vidpipe.models import mlp_gan as dense
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.noise import NoiseObjective
from vidpipe.models.pix2pix import (
    Discriminator,
    MotionObjective,
    NextFrameObjective,
    PairData,
    make_generator,
)
from vidpipe.training.adversarial import Hyperparameters, Networks, TrainState
from vidpipe.utils.names import model_name

HYPERPARAMETERS = {
    "loss": "bce", "r1": 0.0, "r2": 0.0, "penalty_every": 1, "learning_rate": 2e-4, "beta1": 0.5,
    "beta2": 0.999, "adversarial_weight": 1.0, "ema": 0.9, "cooldown": 0.0,
}  # fmt: skip


def state_of(generator, *discriminators, **hyperparameters):
    """A training state of some networks; the discriminators are named by their number."""
    names = ["discriminator", *(f"discriminator_{n}" for n in range(2, len(discriminators) + 1))]
    networks = Networks(generator, dict(zip(names, discriminators, strict=True)))
    return TrainState(networks, Hyperparameters(**HYPERPARAMETERS | hyperparameters))


def pix2pix(
    *,
    seed=0,
    pairs=6,
    residual=True,
    dropout=0.5,
    history=1,
    motion="none",
    latent=0,
    frames=None,
    task=None,
    **hyperparameters,
):
    """State and objective of a tiny pix2pix, on a few random frames or those that are given."""
    torch.manual_seed(seed)
    generator = make_generator(
        size=64, channels=3, width=4, history=history, motion=motion, dropout=dropout,
        residual=residual, latent=latent,
    )  # fmt: skip
    discriminator = Discriminator(channels=3, width=4, history=history)
    state = state_of(generator, discriminator, **hyperparameters)
    if frames is None:
        frames = torch.randint(0, 256, (pairs + 1, 3, 64, 64), dtype=torch.uint8)
    data = PairData(frames, np.arange(len(frames), 0, -1))
    options = {"batch": 2, "l1_weight": 100.0, "noise": 0.1, "views": 0.5, "pushforward": 1}
    options |= {"history_dropout": 0.1, "history": history}
    options |= {"latent": latent, **(task or {})}
    objective_of = MotionObjective if motion == "flow" else NextFrameObjective
    return state, objective_of(data, **options)


def dcgan(*, seed=0, norm="batch", hidden=0, real=None, batch=4, **hyperparameters):
    """State and objective of dcgan, on a few random pictures."""
    torch.manual_seed(seed)
    generator = convolutional.Generator(latent=10, codes=3, hidden=hidden)
    discriminator = convolutional.Discriminator(norm=norm, dropout=0.25, hidden=hidden)
    state = state_of(generator, discriminator, **hyperparameters)
    return state, NoiseObjective(pictures(), batch=4, prior=generator.prior)


def mlp_gan(*, seed=0, **hyperparameters):
    """State and objective of mlp_gan, on a few random pictures."""
    torch.manual_seed(seed)
    generator = dense.Generator(latent=10, codes=0)
    discriminator = dense.Discriminator(dropout=0.25)
    state = state_of(generator, discriminator, **hyperparameters)
    return state, NoiseObjective(pictures(), batch=4, prior=generator.prior)


def clips(
    network, *, seed=0, norm="none", paint=None, space="pixels", encoder=0, **hyperparameters
):
    """State and objective of a tiny GAN of clips, given its module, on a few random ones.

    Parameters that only some models have are those of params.yaml, but for skips, which are on,
    and for the encoder, its memory and groups.
    """
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    block = getattr(Params.model_validate(params), model_name(network))
    small = {"latent": 10, "width": 16, "discriminator_width": 4, "norm": norm}
    small |= {"dropout": 0.25, "frame_discriminator": True, "frames": 8, "codes": "labels"}
    small |= {"space": space}
    small |= {"skips": True} if hasattr(block.model, "skips") else {}
    small |= {"paint": paint} if paint else {}
    if hasattr(block.model, "encoder"):
        coded = encoder or model_name(network) == "mocogan"
        small |= {"encoder": encoder, "memory": 12, "groups": block.model.groups and coded}
    train = {"batch": 2, "augment": 0.3, "mirror": True}
    config = TrainingConfig(
        block.model.model_copy(update=small), block.train.model_copy(update=train)
    )
    rng = np.random.default_rng(0)
    frames, mirrored = rng.integers(0, 256, (32, 32, 32, 3)).astype(np.uint8), None
    if space == "latent":
        frames, mirrored = rng.standard_normal((2, 32, 8, 8, 4), np.float32)
    index = np.arange(32, dtype=np.int32).reshape(2, 16)
    label, device = np.array([0, 2]), torch.device("cpu")
    data = ClipData(
        frames, index, label, tuple("abc"), "train", device, mirrored, np.array([1, 0]), ("x", "y")
    )
    torch.manual_seed(seed)
    networks = network.build(config, data)
    state = TrainState(networks, Hyperparameters(**HYPERPARAMETERS | hyperparameters))
    return state, network.objective(config, data)


def pictures(count=12):
    """Random digits."""
    return torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)


def plain():
    """Full precision."""
    return nullcontext()
