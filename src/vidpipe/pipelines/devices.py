"""Training on several devices: the node starts a process for each, and starts lost ones again.

Nodes stay what they are: a function that trains. It runs in every process, with equal arguments;
what the first returns is the result. If a process is lost, torch's elastic agent ends the others,
and starts all anew: they go on from the last checkpoint.

Of several machines, each runs the node, with the environment variables of torchrun.
"""

import inspect
import logging
import os
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from mmap import mmap
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec

import numpy as np
import torch

from vidpipe.config.schema import Runtime
from vidpipe.training import distributed
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
RESTARTS = 3  # after lost processes, before training is given up
PATIENCE = 3600  # seconds that a machine waits for the others

# Environment variables of torchrun, which a launcher of several machines sets.
MACHINES, MACHINE = "PET_NNODES", "PET_NODE_RANK"
ADDRESS, PORT = "PET_MASTER_ADDR", "PET_MASTER_PORT"

Arguments = ParamSpec("Arguments")
TrainNode = Callable[Arguments, Path]


@dataclass(frozen=True)
class Recipe:
    """A function by its name, which another process can make.

    Attributes:
        module: Name of its module, or of that of its maker.
        name: Its own, or that of its maker.
        made_of: Name of the module that it is made of, if it is made.
    """

    module: str
    name: str
    made_of: str = ""

    def __call__(self) -> Callable[..., Path]:
        """Return the function."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function(import_module(self.made_of)) if self.made_of else function


def on_devices(
    node: TrainNode[Arguments],
    maker: Callable[[Any], Callable[..., Path]] | None = None,
    module: ModuleType | Any = None,
) -> TrainNode[Arguments]:
    """Let a node function train on `runtime.devices` devices; with one it is called as it is.

    Args:
        node: Has arguments `train`, `runtime` and `scratch`.
        maker: Function that makes it of `module`, if no module has it under its name.
        module: Of the model.

    Raises:
        UserError: If there are too few devices, or the batch cannot be shared equally.
    """

    @wraps(node)
    def started(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Path:
        given = inspect.signature(node).bind(*args, **kwargs).arguments
        runtime: Runtime = given["runtime"]
        if runtime.devices == 1 or distributed.is_started():
            return node(*args, **kwargs)
        if given["train"].batch % runtime.devices:
            raise UserError(
                f"train.batch: expected a multiple of runtime.devices, {runtime.devices}, got "
                f"{given['train'].batch}; change one of them"
            )
        made_of = module.__name__ if maker else ""
        recipe = Recipe(node.__module__, (maker or node).__name__, made_of)
        return _launched(recipe, args, kwargs, runtime, given["scratch"])

    return started


def _launched(recipe: Recipe, args: Any, kwargs: Any, runtime: Runtime, scratch: Path) -> Path:
    """Run a node in a process for each device, and return what the first process returns."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs  # noqa: PLC0415 (slow)
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError  # noqa: PLC0415
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch  # noqa: PLC0415

    machines = int(os.environ.get(MACHINES, "1"))
    here = _devices_here(runtime, machines)
    if machines == 1:
        meeting: dict[str, Any] = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0"}
        meeting |= {"local_addr": "localhost", "run_id": uuid.uuid4().hex}
    else:
        # By number, so that the first process is on the first machine.
        meeting = {"rdzv_backend": "static", "run_id": "vidpipe"}
        meeting["rdzv_endpoint"] = f"{_of_launcher(ADDRESS)}:{_of_launcher(PORT)}"
        meeting["rdzv_configs"] = {"rank": int(_of_launcher(MACHINE)), "timeout": PATIENCE}
    config = LaunchConfig(
        min_nodes=machines,
        max_nodes=machines,
        nproc_per_node=here,
        max_restarts=RESTARTS,
        logs_specs=DefaultLogsSpecs(log_dir=str(scratch / "processes")),
        signals_to_handle="",  # the command that trains has its own way of ending
        **meeting,
    )
    # It warns of the signals that it does not handle.
    logging.getLogger("torch.distributed.elastic.multiprocessing.api").setLevel(logging.ERROR)
    ForkingPickler.register(np.memmap, _mapped_again)
    log.info("training on %d devices, %d of them here", runtime.devices, here)
    try:
        results = elastic_launch(config, _work)(recipe, args, kwargs, runtime.device)
    except ChildFailedError as error:
        lost = "; ".join(
            f"{rank}: exit code {one.exitcode}" for rank, one in error.failures.items()
        )
        raise UserError(
            f"runtime.devices: expected {runtime.devices} processes to train to the end, lost "
            f"({lost}), {RESTARTS + 1} times; the log says why, and the same command goes on from "
            "the last checkpoint"
        ) from error
    for result in results.values():
        if isinstance(result, Exception):
            raise result
    if 0 not in results:
        log.info("this machine has done its part; the first one has the result")
        raise SystemExit(0)
    return results[0]


def _devices_here(runtime: Runtime, machines: int) -> int:
    """Return the number of processes of this machine.

    Raises:
        UserError: If the machines cannot share the devices equally, or this one has too few.
    """
    if runtime.devices % machines:
        raise UserError(
            f"runtime.devices: expected a multiple of {MACHINES}, {machines}, got {runtime.devices}"
        )
    here = runtime.devices // machines
    found = torch.cuda.device_count() if _on_cuda(runtime.device) else here
    if found < here:
        raise UserError(
            f"runtime.devices: expected {here} CUDA devices here, found {found}; lower it, or set "
            "runtime.device: cpu"
        )
    return here


def _of_launcher(variable: str) -> str:
    """Return what the launcher of several machines has set.

    Raises:
        UserError: If it has not.
    """
    if not (value := os.environ.get(variable)):
        raise UserError(
            f"{variable}: expected to be set, as {MACHINES} is, got nothing; "
            "docs/how-to/scale-out.md has all variables"
        )
    return value


def _work(recipe: Recipe, args: Any, kwargs: Any, device: str) -> Path | Exception:
    """Train in one process of several; return its error, unless another process is lost."""
    first = os.environ["RANK"] == "0"
    logging.basicConfig(level=logging.INFO if first else logging.ERROR, format="%(message)s")
    if _on_cuda(device):
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if _on_cuda(device) else "gloo")
    try:
        result: Path | Exception = recipe()(*args, **kwargs)
    except torch.OutOfMemoryError as error:
        result = error
    except RuntimeError:
        # A lost process breaks the connections of the others: all of them are started again.
        raise
    except Exception as error:  # noqa: BLE001 (another try would end alike: the command raises it)
        error.add_note(traceback.format_exc())
        result = error
    torch.distributed.destroy_process_group()
    return result


def _on_cuda(device: str) -> bool:
    return device == "cuda" or (device == "auto" and torch.cuda.is_available())


def _mapped_again(array: np.memmap) -> Any:
    """Let another process map a file that is mapped here, instead of copying its content."""
    if not isinstance(array.base, mmap):
        return np.array(array).__reduce__()
    order = "C" if array.flags.c_contiguous else "F"
    return np.memmap, (array.filename, array.dtype, "r", array.offset, array.shape, order)
