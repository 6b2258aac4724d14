"""Device, threads, precision and determinism: set in one place, before torch is imported.

`portable` gives the same bits on every x86-64 processor with AVX2: the instruction set is
pinned for PyTorch, MKL and oneDNN by environment variables that they read when first used.
oneDNN is held to AVX: its AVX2 kernels (`brgemm`) cut sums to fit the processor's caches.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from vidpipe.utils.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import nn

    Network = TypeVar("Network", bound=nn.Module)

PORTABLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX",
}

# OpenMP's, of a cluster or a shell: they leave a parallel region fewer threads than it asked for.
# Sums are then cut otherwise, and kernels that count on their threads read memory nobody wrote.
FEWER_THREADS = ("OMP_DYNAMIC", "OMP_MAX_ACTIVE_LEVELS", "OMP_THREAD_LIMIT")

# Of glibc's malloc.h: options of mallopt.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


@dataclass(frozen=True)
class Machine:
    """Device and precision of a node.

    Attributes:
        device: Of tensors and networks.
        autocast: Makes the context in which networks run.
    """

    device: "torch.device"
    autocast: Callable[[], AbstractContextManager[None]]

    def place(self, network: "Network") -> "Network":
        """Return the network on the device, its weights laid out channels last."""
        import torch  # noqa: PLC0415

        # Kernels of convolutions are faster on this layout, and results keep the layout of weights.
        layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
        network.to(self.device)
        for weight in network.parameters():
            if weight.dim() in layouts:
                weight.data = weight.data.contiguous(memory_format=layouts[weight.dim()])
        return network


def pin_instructions(determinism: Literal["portable", "machine"]) -> None:
    """Choose the instruction set, and allow all threads. Works only before torch is imported.

    Raises:
        UserError: If torch is there already, with another instruction set or a limit of threads.
    """
    _allow_all_threads()
    if determinism == "machine":
        return

    # torch, MKL and oneDNN read these variables once, as they are loaded.
    if "torch" in sys.modules and any(os.environ.get(k) != v for k, v in PORTABLE.items()):
        variables = " ".join(f"{key}={value}" for key, value in PORTABLE.items())
        raise UserError(
            "runtime.determinism: portable must be set before torch is imported, but it is "
            f"imported already; start Python with {variables}"
        )
    os.environ.update(PORTABLE)


def start(
    *,
    device: Literal["cpu", "cuda", "auto"],
    precision: Literal["fp32", "bf16"],
    threads: int,
    determinism: Literal["portable", "machine"],
    devices: int = 1,
) -> Machine:
    """Set up torch as `runtime` in params.yaml says, in one process.

    `devices` is a matter of `pipelines.devices`, which starts a process for each.

    Raises:
        UserError: If the device is not there, or torch was imported too early to pin it.
    """
    pin_instructions(determinism)
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    # Choose the device, and refuse one that is not there before anything is trained.
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "runtime.device: expected a CUDA device, found none that this build of torch "
            f"({torch.__version__}) can use; set device: cpu (`vidpipe preset laptop`)"
        )

    # The number of threads cuts sums, so it decides the last bits.
    torch.set_num_threads(threads)
    _keep_freed_memory()

    # On CUDA, operators without a fixed order of sums raise an error instead of differing.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # As use_deterministic_algorithms, which loads a compiler besides: two seconds.
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a sixth of each step, for nothing
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # fp32 means fp32

    def autocast() -> AbstractContextManager[None]:
        if precision == "fp32":
            return nullcontext()
        return torch.autocast(device, dtype=torch.bfloat16)

    return Machine(torch.device(device), autocast)


def _allow_all_threads() -> None:
    """Take out what would give torch fewer threads than `runtime.threads`.

    OpenMP reads these variables once, as torch is imported.

    Raises:
        UserError: If torch is imported already, and one of them is set.
    """
    limits = [name for name in FEWER_THREADS if name in os.environ]
    if limits and "torch" in sys.modules:
        raise UserError(
            f"{', '.join(limits)}: expected to be unset before torch is imported, but it is "
            f"imported already; start Python by `env {' '.join(f'-u {name}' for name in limits)}`"
        )
    for name in limits:
        del os.environ[name]


def _keep_freed_memory() -> None:
    """Let glibc, where it is there, reuse the memory of the step before.

    By itself it returns large blocks back to the system, which fills each page with zeros anew: a
    tenth of a step of dcgan.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(MMAP_MAX, 0)
