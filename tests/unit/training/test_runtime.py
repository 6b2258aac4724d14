import os
import resource
import subprocess
import sys

import pytest
import torch

from vidpipe.training import runtime
from vidpipe.utils.errors import UserError

CPU = {"device": "cpu", "precision": "fp32", "threads": 2, "determinism": "portable"}


def test_threads_and_determinism_are_set():
    machine = runtime.start(**CPU)
    assert torch.get_num_threads() == 2
    assert torch.are_deterministic_algorithms_enabled()
    assert machine.device == torch.device("cpu")


LARGE = 2**24  # numbers: beyond 32 MiB, glibc takes fresh memory unless it is told not to


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_large_tensors_take_over_the_memory_of_those_before():
    def faults_of_a_round():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(8):
            torch.ones(LARGE).mul(2)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    runtime.start(**CPU)
    pages = 4 * LARGE // resource.getpagesize()
    # The heap may grow in a round, if other tests left it in pieces; fresh memory would in each.
    assert min(faults_of_a_round() for _ in range(4)) < pages


def test_auto_takes_what_is_there():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    machine = runtime.start(**{**CPU, "device": "auto", "determinism": "machine"})
    assert machine.device.type == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_says_what_to_do():
    with pytest.raises(UserError, match=r"runtime.device: expected a CUDA device.*preset laptop"):
        runtime.start(**{**CPU, "device": "cuda", "determinism": "machine"})


def test_portable_bits_cannot_be_promised_once_torch_is_there(monkeypatch):
    monkeypatch.delenv("MKL_CBWR")
    with pytest.raises(UserError, match="MKL_CBWR=COMPATIBLE"):
        runtime.pin_instructions("portable")


def test_bf16_runs_matrices_in_bf16():
    machine = runtime.start(**{**CPU, "precision": "bf16", "determinism": "machine"})
    with machine.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


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


@pytest.mark.parametrize("name", runtime.FEWER_THREADS)
def test_a_limit_is_named_once_torch_is_there(monkeypatch, name):
    assert torch.__name__ in sys.modules
    monkeypatch.setenv(name, "1")
    with pytest.raises(UserError, match=f"{name}: expected to be unset .* `env -u {name}`"):
        runtime.pin_instructions("portable")


def test_limits_are_taken_out_before_torch_is_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    runtime.pin_instructions("portable")
    assert "OMP_THREAD_LIMIT" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "1"


@pytest.mark.slow
def test_bits_do_not_depend_on_variables_of_the_shell():
    values = {"OMP_DYNAMIC": "true", "OMP_MAX_ACTIVE_LEVELS": "0", "OMP_THREAD_LIMIT": "1"}
    assert set(values) == set(runtime.FEWER_THREADS)
    bare = {name: text for name, text in os.environ.items() if not name.startswith("OMP_")}
    others = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MKL_DYNAMIC": "true"}
    bits = [
        subprocess.run(
            [sys.executable, "-c", STEP], env=variables, capture_output=True, check=True
        ).stdout
        for variables in (bare, bare | others, *(bare | {k: v} for k, v in values.items()))
    ]
    assert len(set(bits)) == 1
