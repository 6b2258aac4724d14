"""The fastest arithmetic of this machine, as torch tells it."""

from typing import Any


def fastest_runtime() -> dict[str, Any]:
    """Return the block `runtime` with which networks train fastest here.

    A CUDA device if there is one, else all cores of the processor; bf16 where it is native, for
    elsewhere it is emulated and slow.
    """
    import torch  # noqa: PLC0415 (two seconds)

    # Older versions of torch do not tell: then bf16 is not known to be native.
    processor: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    cuda = torch.cuda.is_available()
    native_bf16 = cuda or processor.get("avx512_bf16") or processor.get("amx_bf16")
    return {
        "device": "cuda" if cuda else "cpu",
        "precision": "bf16" if native_bf16 else "fp32",
        "threads": torch.get_num_threads(),
        "determinism": "machine",
    }
