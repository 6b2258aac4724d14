import os
import subprocess
import sys

import pytest
import torch

from vidpipe.utils.environment import FEWER_THREADS, allow_all_threads
from vidpipe.utils.errors import UserError

# A step of a small network, and the hash of its gradients.
STEP = """
import hashlib
from vidpipe.training import runtime
runtime.start(device="cpu", precision="fp32", threads=2, determinism="portable")
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.Flatten())
net(torch.randn(8, 3, 16, 16)).square().mean().backward()
print(hashlib.md5(b"".join(p.grad.numpy().tobytes() for p in net.parameters())).hexdigest())
"""


@pytest.mark.parametrize("name", FEWER_THREADS)
def test_a_limit_is_named_once_torch_is_there(monkeypatch, name):
    assert torch.__name__ in sys.modules
    monkeypatch.setenv(name, "1")
    with pytest.raises(UserError, match=f"{name}: expected to be unset .* `env -u {name}`"):
        allow_all_threads()


def test_limits_are_taken_out_before_torch_is_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    allow_all_threads()
    assert "OMP_THREAD_LIMIT" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "1"


@pytest.mark.slow
def test_bits_do_not_depend_on_variables_of_the_shell():
    values = {"OMP_DYNAMIC": "true", "OMP_MAX_ACTIVE_LEVELS": "0", "OMP_THREAD_LIMIT": "1"}
    assert set(values) == set(FEWER_THREADS)
    bare = {name: text for name, text in os.environ.items() if not name.startswith("OMP_")}
    others = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MKL_DYNAMIC": "true"}
    bits = [
        subprocess.run(
            [sys.executable, "-c", STEP], env=variables, capture_output=True, check=True
        ).stdout
        for variables in (bare, bare | others, *(bare | {k: v} for k, v in values.items()))
    ]
    assert len(set(bits)) == 1
