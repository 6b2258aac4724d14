"""The machine that was measured on, and the versions of what ran."""

import os
import platform
from importlib import metadata
from typing import Any

import psutil

from vidpipe.data.workers import processors

PACKAGES = ("torch", "numpy", "av", "isal", "kedro", "dvc", "mlflow")
LIBRARIES = ("opencv-python-headless", "imageio", "torchcodec", "decord")
# Of what the processor says, what decides how fast networks train.
SETS = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, Any]:
    """Processor, cores, instruction sets, memory, versions; no name of a host."""
    import torch  # noqa: PLC0415 (two seconds)

    processor = getattr(torch.cpu, "get_capabilities", dict)()
    return {
        "processor": processor.get("cpu_name") or platform.processor() or platform.machine(),
        "cores": processors(),
        "instruction_sets": [name for name in SETS if processor.get(name)],
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES}
        | {name: version for name in LIBRARIES if (version := _version(name))},
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
