import pytest
import torch

from vidpipe.config.schema import Runtime
from vidpipe.utils.processor import fastest_runtime


@pytest.mark.parametrize(
    ("cuda", "native", "device", "precision"),
    [
        (False, {}, "cpu", "fp32"),
        (False, {"avx512_bf16": True}, "cpu", "bf16"),
        (False, {"avx512_bf16": False, "amx_bf16": True}, "cpu", "bf16"),
        (True, {}, "cuda", "bf16"),
    ],
)
def test_bf16_is_taken_where_it_is_native_and_a_gpu_where_there_is_one(
    monkeypatch, cuda, native, device, precision
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: native)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    runtime = Runtime(**fastest_runtime(), devices=1)
    assert (runtime.device, runtime.precision, runtime.threads) == (device, precision, 6)
    assert runtime.determinism == "machine"


def test_a_torch_that_does_not_tell_of_the_processor_takes_fp32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert fastest_runtime()["precision"] == "fp32"
