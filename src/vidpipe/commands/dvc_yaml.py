"""`vidpipe dvc-yaml`: DVC's stages, made from Kedro's pipelines and catalog.

A stage is a registered pipeline. Its data are the datasets it reads and writes, its parameters
the `params:` it asks for, its code what its nodes' modules import, directly or not, and the model
it is named after.
"""

import io
import re
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML

from vidpipe.reproduction.code import Imports, by_name
from vidpipe.utils.errors import UserError

FILE = "dvc.yaml"
HEADER = (
    "# Made by `vidpipe dvc-yaml` from Kedro's pipelines and conf/base/catalog.yml: change those.\n"
)


@click.command("dvc-yaml")
@click.option("--check", is_flag=True, help="Write nothing; fail if dvc.yaml is stale.")
def dvc_yaml(check: bool) -> None:
    """Write dvc.yaml from Kedro's pipelines and catalog."""
    made = render(Path.cwd())
    path = Path(FILE)
    fresh = path.is_file() and path.read_text(encoding="utf-8") == made
    if check and not fresh:
        raise UserError(f"{FILE} is stale: run `vidpipe dvc-yaml` and commit it")
    if not fresh:
        path.write_text(made, encoding="utf-8")
    click.echo(f"{FILE} is up to date" if fresh else f"{FILE} written")


def render(project: Path) -> str:
    """The text of dvc.yaml."""
    from kedro.inspection import get_project_snapshot  # noqa: PLC0415
    from kedro.io import CatalogConfigResolver  # noqa: PLC0415

    from vidpipe.pipeline_registry import STAGES  # noqa: PLC0415

    snapshot = get_project_snapshot(project)
    text = (project / "conf/base/catalog.yml").read_text(encoding="utf-8")
    # A path that params.yaml says: DVC reads it there too, by a spelling of its own.
    entries = YAML(typ="safe").load(re.sub(r"\$\{params:", "${", text))
    known = CatalogConfigResolver(entries, default_runtime_patterns={"{any}": {}})
    pipelines = {pipeline.name: pipeline for pipeline in snapshot.pipelines}
    code = Imports(project)
    stages, plots = {}, []
    for name in STAGES:
        nodes = pipelines[name].nodes
        written = [output for node in nodes for output in node.outputs]
        read = [i for node in nodes for i in node.inputs if i not in written]
        catalog = {
            i: known.resolve_pattern(i)
            for i in (*read, *written)
            if i in entries or known.match_dataset_pattern(i)
        }
        modules = {node.source.filepath for node in nodes if node.source} | by_name(name)
        stages[name] = _stage(name, code.closure(modules), read, written, catalog)
        plots += [plot for output in written for plot in _plots(catalog[output])]
    yaml, made = YAML(), io.StringIO()
    yaml.default_flow_style = False
    yaml.dump({"stages": stages, "plots": plots}, made)
    return HEADER + made.getvalue()


def _stage(
    name: str, code: list[str], read: list[str], written: list[str], catalog: dict[str, Any]
) -> dict[str, Any]:
    params = sorted({i.removeprefix("params:") for i in read if i.startswith("params:")})
    data = sorted({catalog[i]["filepath"] for i in read if i in catalog})
    stage: dict[str, Any] = {"cmd": f"kedro run --pipelines={name}", "deps": [*data, *code]}
    if params:
        stage["params"] = params
    for kind in ("outs", "metrics"):
        kept = [_out(catalog[o]) for o in written if _hints(catalog[o]).get("kind", "outs") == kind]
        if kept:
            stage[kind] = kept
    return stage


def _out(entry: dict[str, Any]) -> Any:
    path = entry["filepath"]
    return {path: {"cache": False}} if _hints(entry).get("cache") is False else path


def _plots(entry: dict[str, Any]) -> list[dict[str, Any]]:
    folder = entry["filepath"]
    return [
        {
            plot["title"]: {
                "x": plot["x"],
                "y": {f"{folder}/{file}": columns for file, columns in plot["y"].items()},
            }
        }
        for plot in _hints(entry).get("plots", [])
    ]


def _hints(entry: dict[str, Any]) -> dict[str, Any]:
    hints: dict[str, Any] = entry.get("metadata", {}).get("dvc", {})
    return hints
