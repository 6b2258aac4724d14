"""Results as a revision recorded them: the stages, inputs and outputs of its `dvc.lock`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.fs import localfs
from dvc.ignore import DvcIgnoreFilter
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from pydantic import TypeAdapter, ValidationError

from vidpipe.config.loader import read
from vidpipe.utils.errors import UserError

LOCK, STAGES = "dvc.lock", "dvc.yaml"
OUTPUTS = ("outs", "metrics", "plots")  # of a stage
Numbers = dict[str, float]


@dataclass(frozen=True)
class Stage:
    """A stage as it was run.

    Attributes:
        command: Command line.
        deps: md5 by path, of code and data.
        params: Values by key, by file.
        outs: md5 by path; that of a folder ends in `.dir`.
        metrics: Those outputs that hold numbers by name.
    """

    command: str
    deps: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]]
    outs: Mapping[str, str]
    metrics: Sequence[str]


def recorded(project: Path) -> dict[str, Stage]:
    """Return the stages that `dvc.lock` records, by name.

    Raises:
        UserError: If there is no `dvc.lock`, it has no stages, or DVC did not write it.
    """
    if not (project / LOCK).is_file() or not (locked := read(project / LOCK).get("stages")):
        raise UserError(
            f"{LOCK}: expected recorded results in this revision, found none; run `dvc repro`, "
            f"commit {LOCK}, and take that revision"
        )
    declarations = declared(project)
    try:
        return {
            name: Stage(
                command=entry["cmd"],
                deps={dep["path"]: dep["md5"] for dep in entry.get("deps", [])},
                params=entry.get("params", {}),
                outs={out["path"]: out["md5"] for out in entry.get("outs", [])},
                metrics=paths(declarations.get(name, {}).get("metrics", [])),
            )
            for name, entry in locked.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{LOCK} of this revision: expected cmd, and path and md5 of each file, of each stage, "
            f"as DVC writes them, got {error!r}; `dvc repro` writes it anew"
        ) from error


def declared(project: Path) -> dict[str, Any]:
    """Return the stages of `dvc.yaml`, by name."""
    stages: dict[str, Any] = read(project / STAGES).get("stages") or {}
    return stages


def paths(entries: Sequence[Any]) -> list[str]:
    """Return the names in a list of `dvc.yaml`, whose entries may carry settings."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def with_upstream(stages: Mapping[str, Stage], names: Sequence[str]) -> dict[str, Stage]:
    """Return the named stages and all that they need; every stage if none is named.

    Raises:
        UserError: If a stage is not recorded.
    """
    if unknown := sorted(set(names) - set(stages)):
        raise UserError(
            f"--stage: expected one that {LOCK} records, got {', '.join(unknown)}; "
            f"there are: {', '.join(stages)}"
        )
    # Walk from the named stages to those that produce what they read.
    producer = {out: name for name, stage in stages.items() for out in stage.outs}
    queue = list(names or stages)
    selected = set[str]()
    while queue:
        selected.add(name := queue.pop())
        queue += {producer[dep] for dep in stages[name].deps if dep in producer} - selected
    return {name: stage for name, stage in stages.items() if name in selected}


def mismatched_inputs(
    project: Path, stages: Mapping[str, Stage], declarations: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return, by stage, a line for each part of its record that is not so in the work tree.

    Compared are commands, parameters, code, data handed on between stages, and those outputs that
    are there.

    Args:
        project: The work tree, before anything is run.
        stages: The records.
        declarations: Stages of `dvc.yaml`.
    """
    produced = {out: md5 for stage in stages.values() for out, md5 in stage.outs.items()}
    lines: dict[str, list[str]] = {}
    for name, stage in stages.items():
        # A dependency without a producer is code, or data that git holds: it is there already.
        sources = {dep: md5 for dep, md5 in stage.deps.items() if dep not in produced}
        # Outputs are there before a run only where git holds them, as it does metrics.
        outs = {out: md5 for out, md5 in stage.outs.items() if (project / out).exists()}
        lines[name] = [
            *_declaration(stage, declarations.get(name)),
            *_params(project, stage),
            *_files(project, sources),
            *(
                f"{dep}: recorded {md5} where it is read, {produced[dep]} where it is made"
                for dep, md5 in stage.deps.items()
                if md5 != produced.get(dep, md5)
            ),
            *_files(project, outs),
        ]
    return {name: found for name, found in lines.items() if found}


def md5(project: Path, path: str) -> str:
    """Return the hash of a file or folder as DVC records it; empty if it is not there.

    It is taken from the bytes, without DVC's memory of hashes. As for DVC, what `.dvcignore` leaves
    out does not belong to a folder.
    """
    target = project / path
    if not target.exists():
        return ""
    # DVC's own function, with a store that holds nothing and is not written to.
    nowhere = HashFileDB(localfs, str(target))
    ignore = DvcIgnoreFilter(localfs, str(project))
    _, _, content = build(nowhere, str(target), localfs, "md5", ignore=ignore, dry_run=True)
    value: str = content.hash_info.value
    return value


def numbers(project: Path, stages: Mapping[str, Stage]) -> dict[str, Numbers]:
    """Return the metrics of the stages, by file; none where a file is not there."""
    files = [file for stage in stages.values() for file in stage.metrics]
    return {
        file: read_numbers((project / file).read_bytes(), file)
        if (project / file).is_file()
        else {}
        for file in files
    }


def read_numbers(text: bytes, name: str) -> Numbers:
    """Return the metrics in a file's bytes.

    Raises:
        UserError: With the file's name, if they are no JSON of numbers by name.
    """
    try:
        return TypeAdapter(Numbers).validate_json(text, strict=True)
    except ValidationError as error:
        got = text[:40].decode(errors="replace")
        raise UserError(
            f"{name}: expected JSON of numbers by name, got {got!r}; `dvc repro` makes it anew"
        ) from error


def _declaration(stage: Stage, declaration: Mapping[str, Any] | None) -> Iterator[str]:
    """Differences between a record and what `dvc.yaml` asks for now."""
    if declaration is None:
        yield f"{STAGES} has no such stage"
        return
    if declaration["cmd"] != stage.command:
        yield f"command: recorded `{stage.command}`, {STAGES} says `{declaration['cmd']}`"
    params = {key for keys in stage.params.values() for key in keys}
    inputs = paths([*declaration.get("deps", []), *declaration.get("params", [])])
    outs = paths([out for kind in OUTPUTS for out in declaration.get(kind, [])])
    # DVC fills `${...}` in from params.yaml: such a path is recorded by another name.
    for path in (*inputs, *outs):
        if "${" not in path and path not in {*stage.deps, *stage.outs, *params, *stage.params}:
            yield f"{path}: in {STAGES}, not in {LOCK}"
    # An output that dvc.yaml no longer names would be compared with what no run replaces.
    if not any("${" in path for path in outs):
        yield from (f"{out}: in {LOCK}, not in {STAGES}" for out in stage.outs if out not in outs)


def _params(project: Path, stage: Stage) -> Iterator[str]:
    for file, params in stage.params.items():
        # A key is a path of names, a value may be a whole block.
        values = read(project / file)
        for key, value in params.items():
            current: Any = values
            for part in key.split("."):
                current = current.get(part) if isinstance(current, dict) else None
            yield from _changes(key, value, current)


def _changes(key: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _changes(f"{key}.{name}", old.get(name), new.get(name))
    elif old != new and (old == old or new == new):  # noqa: PLR0124  `.nan` is not equal to itself
        yield f"{key}: recorded {old}, params.yaml says {new}"


def _files(project: Path, hashes: Mapping[str, str]) -> Iterator[str]:
    for path, value in hashes.items():
        if (current := md5(project, path)) != value:
            yield f"{path}: recorded {value}, is {current or 'not there'}"
