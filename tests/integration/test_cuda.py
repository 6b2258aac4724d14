"""On a CUDA device: every model learns as on the CPU, with no operator that has no fixed order."""

import math

import numpy as np
import pytest
import torch
from support import games

from vidpipe.models.pix2pix import PairData
from vidpipe.models.registry import CLIP_GANS
from vidpipe.training.adversarial import TrainState, update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import start
from vidpipe.training.trainer import place
from vidpipe.utils.names import model_name

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

HYPERPARAMETERS = {"loss": "relativistic", "r1": 0.2, "r2": 0.2, "learning_rate": 1e-4}
CLIPS = {model_name(network): network for network in CLIP_GANS}
PAINTING, MOVING = "pix2pix that paints", "pix2pix that moves"
NAMES = (*CLIPS, PAINTING, MOVING, "dcgan")


def machine(device, precision="fp32"):
    return start(device=device, precision=precision, threads=2, determinism="machine")


def game(name, machine):
    """State and objective of a model, small, from the same first weights everywhere."""
    if name in CLIPS:
        state, objective = games.clips(CLIPS[name], **HYPERPARAMETERS)
        objective.real.device = machine.device
    elif name in (PAINTING, MOVING):
        model = {"motion": "flow", "history": 3} if name == MOVING else {}
        state, objective = games.pix2pix(dropout=0.0, **model, **HYPERPARAMETERS)
        on_device = {key: value for key, value in vars(objective).items() if torch.is_tensor(value)}
        for key, tensor in on_device.items():
            setattr(objective, key, tensor.to(machine.device))
    else:
        state, objective = games.dcgan(norm="none", **HYPERPARAMETERS)
        objective.real = objective.real.to(machine.device)
    for network in state.networks.by_name().values():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0  # its random numbers differ from device to device
    return TrainState(place(state.networks, machine), state.hyperparameters), objective


def losses(name, device, precision="fp32", steps=2):
    place = machine(device, precision)
    state, objective = game(name, place)
    found = [
        update(state, objective, step=step, rng=step_rng(0, step), autocast=place.autocast)
        for step in range(1, steps + 1)
    ]
    return state, [{key: value.item() for key, value in one.items()} for one in found]


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
    frames = torch.zeros(3, 8, 8, 3, dtype=torch.uint8).numpy()
    pairs = torch.tensor([[0, 1], [1, 2]]).numpy()
    arrays = {"frames": frames, "pairs": pairs, "pair_split": np.array(["seen", "seen"])}
    data = PairData.of(arrays, torch.device("cuda"))
    assert data.frames.is_cuda
    assert data.frames.dtype == torch.uint8
