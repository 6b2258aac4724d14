import resource
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


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_large_tensors_take_over_the_memory_of_those_before():
    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    runtime.start(**CPU)
    for _ in range(2):
        before = faults()
        for _ in range(8):
            torch.ones(2**22).mul(2)
    pages = 2**22 * 4 // resource.getpagesize()
    assert faults() - before < pages


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
