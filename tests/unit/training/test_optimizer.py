import subprocess
import sys

import pytest
import torch
from torch import nn

from vidpipe.training.optimizer import Adam


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    layers[0].weight.data = layers[0].weight.data.contiguous(memory_format=torch.channels_last)
    return layers


def test_it_moves_as_torchs_own_does_bit_by_bit():
    ours, theirs = network(), network()
    adam = Adam(ours, rate=1e-2, betas=(0.5, 0.9))
    other = torch.optim.Adam(theirs.parameters(), lr=1e-2, betas=(0.5, 0.9), fused=True)
    for step in range(5):
        batch = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(step))
        adam.rate = other.param_groups[0]["lr"] = 1e-2 / (step + 1)
        adam.descend(ours(batch).square().sum())
        other.zero_grad()
        theirs(batch).square().sum().backward()
        other.step()
    for one, same, state in zip(ours.parameters(), theirs.parameters(), adam.state, strict=True):
        assert torch.equal(one, same)
        assert all(torch.equal(state[name], value) for name, value in other.state[same].items())
        assert state["exp_avg"].stride() == one.stride()


def test_what_a_loss_does_not_depend_on_stays_with_its_moments():
    layers = network()
    adam, before = Adam(layers, rate=1.0), [w.clone() for w in layers.parameters()]
    layers(torch.randn(2, 3, 4, 4)).sum().backward()  # forgotten
    adam.descend(layers[0](torch.randn(2, 3, 4, 4)).sum())
    moved = [not torch.equal(*pair) for pair in zip(before, layers.parameters(), strict=True)]
    assert moved == [True, True, False, False]
    assert [int(state["step"]) for state in adam.state] == [1, 1, 0, 0]


@pytest.mark.parametrize("compiler", ["torch._dynamo", "torch._inductor"])
def test_no_compiler_is_loaded_to_train(compiler):
    program = f"""
import sys
from torch import nn, ones
from vidpipe.training.optimizer import Adam
from vidpipe.training.runtime import start

start(device="cpu", precision="fp32", threads=1, determinism="machine")
layer = nn.Linear(2, 1)
Adam(layer, rate=1.0).descend(layer(ones(1, 2)).sum())
sys.exit({compiler!r} in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
