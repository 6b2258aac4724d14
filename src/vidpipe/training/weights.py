"""Weights as safetensors: plain numbers, nothing that runs, the same bytes every time."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from vidpipe.utils.errors import UserError

Network = TypeVar("Network", bound=nn.Module)

KEY = "vidpipe"  # one key: with several, the order of safetensors' metadata changes from run to run
MEND = "train again, or check --weights"


def save(network: nn.Module, path: Path, architecture: Mapping[str, Any]) -> None:
    """Write a network's weights with the arguments that build it again."""
    # Contiguous, so that the bytes do not depend on the layout in memory.
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    note = json.dumps(architecture, sort_keys=True, separators=(",", ":"))
    save_file(tensors, path, metadata={KEY: note})


def architecture(path: Path) -> dict[str, Any]:
    """Return the arguments that `save` wrote beside the weights.

    Raises:
        UserError: If the file is missing or was not written by vidpipe.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected trained weights, found no such file; train first")
    try:
        with safe_open(path, framework="pt") as file:
            arguments: dict[str, Any] = dict(json.loads((file.metadata() or {})[KEY]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: expected weights that vidpipe wrote, got: {error!r}; {MEND}"
        ) from error
    return arguments


def build(model: Callable[..., Network], path: Path) -> Network:
    """Build a trained network, in evaluation mode.

    Args:
        model: Its class, or a function that makes it of the arguments beside the weights.
        path: File of the weights.

    Raises:
        UserError: If there are no weights, or not of this model.
    """
    # Build it on the meta device first: a file that claims absurd sizes costs no memory.
    arguments = architecture(path)
    try:
        with torch.device("meta"), _Undrawn():
            described = model(**arguments)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        name = model.__module__.split(".")[-1]
        raise UserError(
            f"{path}: expected weights of {name}, built of {arguments}; {MEND}"
        ) from error

    # Names and shapes fit the description: only now is memory taken.
    _fill(described, path, assign=True)
    network = model(**arguments)
    load(network, path)
    return network.eval()


class _Undrawn(TorchFunctionMode):
    """A block in which no first weights are drawn.

    On the meta device normal ones import torch's compiler, which takes longer than to generate.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return None if func is nn.init.normal_ else func(*args, **(kwargs or {}))


def load(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights of a file.

    Raises:
        UserError: If names or shapes differ.
    """
    _fill(network, path, assign=False)


def _fill(network: nn.Module, path: Path, *, assign: bool) -> None:
    """Copy the tensors of a file into a network; with `assign`, put them in their place."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network.load_state_dict(tensors, assign=assign)
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{path}: these weights do not fit the model; {MEND}: {error}") from error
