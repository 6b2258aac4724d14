"""One hash of everything that the result of a training depends on."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kedro.pipeline.node import Node
from pydantic_core import to_jsonable_python

from vidpipe.reproduction.code import Imports, code_of
from vidpipe.tracking.provenance import device
from vidpipe.utils.hashing import md5

DIGITS = 16


def identity(
    project: Path, node: Node, params: Mapping[str, Any], files: Mapping[str, Path]
) -> str:
    """Hash the code, parameters and data of a node, the version of torch, and the device.

    The device counts only where bits depend on it: not with `determinism: portable`.

    Args:
        project: The work tree.
        node: Its code is its module and all that this imports.
        params: Parameters by name of the input.
        files: Data files by name of the input.
    """
    values = to_jsonable_python(params)
    runtime = values["params:runtime"]
    portable = runtime["determinism"] == "portable"
    settings = [values, version("torch"), None if portable else device(runtime["device"])]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())

    # Add every file by name and content: the node's code in order of path, then its data.
    data = [file for name in sorted(files) for file in _files(Path(files[name]))]
    code = Imports(project).closure(code_of(node.func))
    for file in [*map(project.joinpath, code), *data]:
        digest.update(f"{file.name} {md5(file)}\n".encode())
    return digest.hexdigest()[:DIGITS]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
