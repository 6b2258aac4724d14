"""On a CUDA device: every model learns as on the CPU, with no operator that has no fixed order."""

import math
from importlib import import_module

import numpy as np
import pytest
import torch
from support import moving_clips as moving

from vidpipe.config.models import ClipGanModel, ClipGanTrain, ConvlstmGanModel, VganTrain
from vidpipe.data.splits import TRAIN
from vidpipe.models import dcgan, pix2pix
from vidpipe.models.noise import NoiseObjective
from vidpipe.pipelines.clips.train import game_of, players_of, prior_of, real_clips
from vidpipe.training.adversarial import Hyperparameters, TrainState, update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import Machine, start

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

CLIP_GANS = ("gan3d", "vgan", "convlstm_gan")
RULES = Hyperparameters(
    loss="relativistic", r1=0.2, r2=0.2, slope_every=1, learning_rate=1e-4, beta1=0.0, beta2=0.99,
    adversarial_weight=1.0, ema=0.9, cooldown=0.0,
)  # fmt: skip


def machine(device, precision="fp32"):
    return start(device=device, precision=precision, threads=2, determinism="machine")


def clip_gan(name, place: Machine):
    network = import_module(f"vidpipe.models.{name}")
    clips = moving.packed(size=32)
    built = {
        "latent": 20, "codes": "labels", "frames": 8, "width": 16, "discriminator_width": 4,
        "norm": "none", "dropout": 0.0, "frame_judge": True,
    }  # fmt: skip
    model = ClipGanModel(**built)
    if name == "convlstm_gan":
        model = ConvlstmGanModel(**built, skips=True)
    how = {
        "seed": 0, "steps": 4, "batch": 4, "learning_rate": 1e-4, "beta1": 0.0, "beta2": 0.99,
        "ema": 0.9, "loss": "relativistic", "r1": 0.2, "r2": 0.2, "slope_every": 1,
        "cooldown": 0.0, "augment": 0.3, "mirror": True, "report_every": 1, "sample_every": 2,
    }  # fmt: skip
    train = VganTrain(**how, mask_weight=0.02) if name == "vgan" else ClipGanTrain(**how)
    prior = prior_of(model, clips["labels"].tolist())
    shape = {"size": 32, "channels": 3}
    state, _ = players_of(network, shape, model, prior, train, place)
    real = real_clips(clips, TRAIN, 8, mirror=True, device=place.device)
    return state, game_of(network, real, prior, train)


def next_frame(place: Machine):
    frames = torch.from_numpy(moving.clips(1, frames=12, size=64)[0][0].numpy())
    objective = pix2pix.NextFrameObjective(
        frames.permute(0, 3, 1, 2).contiguous().to(place.device),
        torch.tensor([[n, n + 1] for n in range(11)]),
        batch=2, l1_weight=100.0, noise=0.1, views=0.5, pushforward=2,
    )  # fmt: skip
    generator = pix2pix.Generator(size=64, channels=3, width=4, dropout=0.0, residual=True)
    discriminator = pix2pix.Discriminator(channels=3, width=4)
    return TrainState(place.place(generator), place.place(discriminator), RULES), objective


def numerals(place: Machine):
    generator = dcgan.Generator(latent=20, codes=10, hidden=16)
    discriminator = dcgan.Discriminator(norm="none", dropout=0.0, hidden=16)
    real = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (32, 1, 28, 28), np.uint8))
    objective = NoiseObjective(real.to(place.device), batch=8, prior=generator.prior)
    return TrainState(place.place(generator), place.place(discriminator), RULES), objective


def game(name, place):
    """Networks and objective of a model, small, from the same first weights everywhere."""
    torch.manual_seed(0)
    if name in CLIP_GANS:
        return clip_gan(name, place)
    return {"pix2pix": next_frame, "dcgan": numerals}[name](place)


def losses(name, device, precision="fp32", steps=2):
    place = machine(device, precision)
    state, objective = game(name, place)
    found = [
        update(state, objective, step=step, rng=step_rng(0, step), autocast=place.autocast)
        for step in range(1, steps + 1)
    ]
    return state, [{key: value.item() for key, value in one.items()} for one in found]


NAMES = (*CLIP_GANS, "pix2pix", "dcgan")


@pytest.mark.parametrize("name", NAMES)
def test_a_model_learns_as_on_the_cpu(name):
    _, here = losses(name, "cpu")
    _, there = losses(name, "cuda")
    for cpu, cuda in zip(here, there, strict=True):
        assert cuda == pytest.approx(cpu, rel=5e-3, abs=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_learns_in_bf16(name):
    _, found = losses(name, "cuda", "bf16", steps=4)
    assert all(math.isfinite(value) for one in found for value in one.values())


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_give_the_same_weights(name):
    one, other = (losses(name, "cuda", "bf16", steps=4)[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_what_was_learnt_there_goes_on_here():
    there, _ = losses("gan3d", "cuda")
    here, _ = game("gan3d", machine("cpu"))
    here.load_state_dict(there.state_dict())
    for key, value in there.state_dict().items():
        assert torch.equal(here.state_dict()[key], value.cpu())


def test_frames_stay_as_bytes_on_the_device():
    _, objective = game("pix2pix", machine("cuda"))
    assert objective.frames.is_cuda
    assert objective.frames.dtype == torch.uint8
