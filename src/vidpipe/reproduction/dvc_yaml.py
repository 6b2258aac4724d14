"""DVC's stages, rendered from Kedro's pipelines and catalog.

A stage is a registered pipeline. Its data are the datasets it reads and writes, its parameters
the `params:` inputs of its nodes, its code the modules of its node functions and all they import.
"""

import io
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from vidpipe.config.loader import FILE as PARAMS
from vidpipe.config.loader import read as read_yaml
from vidpipe.reproduction.code import INSTALLED, Imports, by_folder, code_of, has_code, installed
from vidpipe.tracking import descriptions, live_history
from vidpipe.utils.errors import UserError

FILE = "dvc.yaml"
CATALOG = "conf/base/catalog.yml"
# Names that DVC leaves out of the keys of its run cache wherever they are, for they are also facts
# of outputs: it would restore a run with another `frames.footage.size`.
NOT_IN_RUN_CACHE = ("size", "nfiles")
WIDTH = 120  # columns of a line
HEADER = (
    "# Made by `vidpipe dvc-yaml` from Kedro's pipelines and conf/base/catalog.yml: change those.\n"
)


def render_files(project: Path) -> dict[str, str]:
    """Return the text of dvc.yaml by its name, and of what it names that may not be there."""
    table = ",".join(("step", *live_history.COLUMNS)) + "\n"
    files = {FILE: render(project), live_history.PLACEHOLDER: table}
    return files if has_code(project) else {**files, INSTALLED: installed()}


def render(project: Path) -> str:
    """Return the text of dvc.yaml.

    Raises:
        UserError: If the catalog lacks an output of a stage.
    """
    from kedro.io import CatalogConfigResolver  # noqa: PLC0415

    from vidpipe.pipeline_registry import STAGES, register_pipelines  # noqa: PLC0415

    # Where the catalog takes a path from params.yaml, so does DVC, by a notation of its own.
    text = (project / CATALOG).read_text(encoding="utf-8")
    entries = YAML(typ="safe").load(re.sub(r"\$\{params:", "${", text))
    values = descriptions.flat_params(read_yaml(project / PARAMS))
    resolver = CatalogConfigResolver(entries, default_runtime_patterns={"{any}": {}})
    pipelines = register_pipelines()
    imports = Imports(project)
    stages = {}
    plots = []
    for name in STAGES:
        nodes = pipelines[name].nodes
        written = [output for node in nodes for output in node.outputs]
        read = [source for node in nodes for source in node.inputs if source not in written]
        catalog = {
            dataset: resolver.resolve_pattern(dataset)
            for dataset in (*read, *written)
            if dataset in entries or resolver.match_dataset_pattern(dataset)
        }
        if missing := [output for output in written if output not in catalog]:
            raise UserError(
                f"{CATALOG}: expected {', '.join(missing)}, which the stage {name} writes, found "
                "no entry; `vidpipe new` elsewhere makes the file as this version has it"
            )
        # A stage may depend on data that its nodes do not read.
        followed = [
            _hints(catalog[o])["follows"] for o in written if "follows" in _hints(catalog[o])
        ]
        read += followed
        catalog |= {dataset: resolver.resolve_pattern(dataset) for dataset in followed}
        files = set().union(*(code_of(node.func) for node in nodes))
        # The catalog calls what writes npz files; their bytes are the stage's.
        if any(catalog[output]["type"].endswith(".Npz") for output in written):
            files.add("src/vidpipe/data/npz.py")
        code = by_folder(project, imports.closure(files))
        stages[name] = _stage(name, code, read, written, catalog, values)
        plots += [plot for output in written for plot in _plots(catalog[output])]
    live = {"title": "trainings that run now, or were stopped", "x": "step"}
    plots.append({live_history.FOLDER: {**live, "y": list(live_history.COLUMNS)}})
    yaml = YAML()
    yaml.default_flow_style = None  # lists and mappings of words alone are in one line
    yaml.width = sys.maxsize
    stream = io.StringIO()
    yaml.dump({"stages": stages, "plots": plots}, stream)
    return HEADER + "".join(f"{_broken(line)}\n" for line in stream.getvalue().splitlines())


def _stage(
    name: str,
    code: list[str],
    read: list[str],
    written: list[str],
    catalog: dict[str, Any],
    values: Mapping[str, str],
) -> dict[str, Any]:
    data = sorted({catalog[i]["filepath"] for i in read if i in catalog})
    blocks = {i.removeprefix("params:") for i in read if i.startswith("params:")}
    params: list[Any] = sorted({key for block in blocks for key in _counted_keys(block, values)})
    params += [_hints(catalog[o])["params"] for o in written if "params" in _hints(catalog[o])]
    lists: dict[str, list[Any]] = {"deps": [*data, *code], "params": params}
    for kind in ("outs", "metrics"):
        hints = {output: _hints(catalog[output]) for output in written}
        lists[kind] = [_out(catalog[o]) for o in written if hints[o].get("kind", "outs") == kind]
    filled = {key: _in_one_line(values) for key, values in lists.items() if values}
    return {"cmd": f"kedro run --pipelines={name}", **filled}


def _counted_keys(block: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield a block of parameters, and those in it that DVC counts only under their whole key."""
    yield block
    for key in values:
        if key.startswith(f"{block}.") and key.rsplit(".", 1)[1] in NOT_IN_RUN_CACHE:
            yield key


def _out(entry: dict[str, Any]) -> Any:
    path = entry["filepath"]
    settings = {key: value for key, value in _hints(entry).items() if key in ("cache", "persist")}
    return {path: settings} if settings else path


def _in_one_line(values: list[Any]) -> CommentedSeq:
    """Return a list that is written in one line, with all that it holds."""
    line = CommentedSeq(values)
    line.fa.set_flow_style()
    return line


def _broken(line: str) -> str:
    """Break the line of a long list of paths."""
    margin = " " * (line.find("[") + 1)
    return fill(
        line,
        WIDTH,
        subsequent_indent=margin,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _plots(entry: dict[str, Any]) -> list[dict[str, Any]]:
    folder = entry["filepath"]
    return [
        {
            plot["title"]: {
                "x": plot["x"],
                "y": {f"{folder}/{file}": columns for file, columns in plot["y"].items()},
                **{key: plot[key] for key in ("x_label", "y_label") if key in plot},
            }
        }
        for plot in _hints(entry).get("plots", [])
    ]


def _hints(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the hints for DVC in a catalog entry."""
    hints: dict[str, Any] = entry.get("metadata", {}).get("dvc", {})
    return hints
