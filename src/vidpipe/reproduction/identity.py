"""What the result of a training depends on, as one hash."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kedro.pipeline.node import Node
from pydantic_core import to_jsonable_python

from vidpipe.reproduction.code import Imports, by_name
from vidpipe.tracking.provenance import device, md5

DIGITS = 16


def identity(
    project: Path, node: Node, params: Mapping[str, Any], files: Mapping[str, Path]
) -> str:
    """Hash of the code, the parameters and the data of a node, and of the torch it runs on.

    Args:
        project: The work tree.
        node: Whose module's imports are the code.
        params: By name of the input.
        files: By name of the input.
    """
    values = to_jsonable_python(params)
    runtime = values["params:runtime"]
    portable = runtime["determinism"] == "portable"
    known = [values, version("torch"), None if portable else device(runtime["device"])]
    state = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
    module = f"src/{node.func.__module__.replace('.', '/')}.py"
    data = [file for name in sorted(files) for file in _files(Path(files[name]))]
    code = Imports(project).closure({module} | by_name(node.name))
    for file in [*map(project.joinpath, code), *data]:
        state.update(f"{file.name} {md5(file)}\n".encode())
    return state.hexdigest()[:DIGITS]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
