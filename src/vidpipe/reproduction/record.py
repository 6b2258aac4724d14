"""What a revision recorded of its results: the stages, inputs and outputs of its `dvc.lock`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.fs import localfs
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
        command: What was run.
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
    """The stages that `dvc.lock` records, by name.

    Raises:
        UserError: If there is no `dvc.lock`, it has no stages, or DVC did not write it.
    """
    if not (project / LOCK).is_file() or not (locked := read(project / LOCK).get("stages")):
        raise UserError(
            f"{LOCK}: expected recorded results in this revision, found none; run `dvc repro`, "
            f"commit {LOCK}, and take that revision"
        )
    known = declared(project)
    try:
        return {
            name: Stage(
                command=entry["cmd"],
                deps={dep["path"]: dep["md5"] for dep in entry.get("deps", [])},
                params=entry.get("params", {}),
                outs={out["path"]: out["md5"] for out in entry.get("outs", [])},
                metrics=_paths(known.get(name, {}).get("metrics", [])),
            )
            for name, entry in locked.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{LOCK} of this revision: expected cmd, and path and md5 of each file, of each stage, "
            f"as DVC writes them, got {error!r}; `dvc repro` writes it anew"
        ) from error


def needed(stages: Mapping[str, Stage], names: Sequence[str]) -> dict[str, Stage]:
    """Some stages and all that they need; every one if none is named.

    Raises:
        UserError: If a stage is not recorded.
    """
    if unknown := sorted(set(names) - set(stages)):
        raise UserError(
            f"--stage: expected one that {LOCK} records, got {', '.join(unknown)}; "
            f"there are: {', '.join(stages)}"
        )
    maker = {out: name for name, stage in stages.items() for out in stage.outs}
    todo, wanted = list(names or stages), set()
    while todo:
        wanted.add(name := todo.pop())
        makers = {maker[dep] for dep in stages[name].deps if dep in maker}
        todo += makers - wanted
    return {name: stage for name, stage in stages.items() if name in wanted}


def declared(project: Path) -> dict[str, Any]:
    """The stages of `dvc.yaml`, by name."""
    stages: dict[str, Any] = read(project / STAGES).get("stages") or {}
    return stages


def strays(project: Path, stages: Mapping[str, Stage]) -> dict[str, list[str]]:
    """By stage, what `dvc.lock` records of it that is not so in a clone, before anything is run.

    Commands, parameters, code, what it had from other stages, and those outputs that git holds.
    """
    known = declared(project)
    made = {out: md5 for stage in stages.values() for out, md5 in stage.outs.items()}
    found = {
        name: [
            *_declared(stage, known.get(name)),
            *_values(project, stage),
            *_files(project, {dep: md5 for dep, md5 in stage.deps.items() if dep not in made}),
            *_handed_on({dep: md5 for dep, md5 in stage.deps.items() if dep in made}, made),
            *_files(project, {o: md5 for o, md5 in stage.outs.items() if (project / o).exists()}),
        ]
        for name, stage in stages.items()
    }
    return {name: lines for name, lines in found.items() if lines}


def unrecorded(project: Path, stages: Mapping[str, Stage]) -> dict[str, list[str]]:
    """The stages that were never run: a line each, as `strays` has them."""
    there = declared(project)
    return {name: [f"in {STAGES}, not in {LOCK}"] for name in there if name not in stages}


def md5(path: Path) -> str:
    """Hash of a file or folder as DVC records it, from its bytes; nothing if it is not there."""
    if not path.exists():
        return ""
    nowhere = HashFileDB(localfs, str(path))  # no memory of hashes, and nothing is kept
    _, _, made = build(nowhere, str(path), localfs, "md5", dry_run=True)
    value: str = made.hash_info.value
    return value


def numbers(project: Path, stages: Mapping[str, Stage]) -> dict[str, Numbers]:
    """The metrics of some stages, by file; none where a file is not there."""
    files = [file for stage in stages.values() for file in stage.metrics]
    there = [file for file in files if (project / file).is_file()]
    found = {file: read_numbers((project / file).read_bytes(), file) for file in there}
    return {file: found.get(file, {}) for file in files}


def read_numbers(text: bytes, name: str) -> Numbers:
    """The metrics in a file's bytes.

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


def _declared(stage: Stage, declared: Mapping[str, Any] | None) -> Iterator[str]:
    if declared is None:
        yield f"{STAGES} has no such stage"
        return
    if declared["cmd"] != stage.command:
        yield f"command: recorded `{stage.command}`, {STAGES} says `{declared['cmd']}`"
    params = {key for keys in stage.params.values() for key in keys}
    recorded = {*stage.deps, *stage.outs, *params}
    for kind in ("deps", "params", *OUTPUTS):
        for path in _paths(declared.get(kind, [])):
            if "${" not in path and path not in recorded:
                yield f"{path}: in {STAGES}, not in {LOCK}"
    outs = {path for kind in OUTPUTS for path in _paths(declared.get(kind, []))}
    if not any("${" in path for path in outs):
        yield from (
            f"{path}: in {LOCK}, not in {STAGES}" for path in stage.outs if path not in outs
        )


def _values(project: Path, stage: Stage) -> Iterator[str]:
    for file, params in stage.params.items():
        current = read(project / file)
        for key, value in params.items():
            now: Any = current
            for part in key.split("."):
                now = now.get(part) if isinstance(now, dict) else None
            yield from _changes(key, value, now)


def _changes(key: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _changes(f"{key}.{name}", old.get(name), new.get(name))
    elif old != new:
        yield f"{key}: recorded {old}, params.yaml says {new}"


def _handed_on(deps: Mapping[str, str], made: Mapping[str, str]) -> Iterator[str]:
    for path, value in deps.items():
        if value != made[path]:
            yield f"{path}: recorded {value} where it is read, {made[path]} where it is made"


def _files(project: Path, deps: Mapping[str, str]) -> Iterator[str]:
    for path, value in deps.items():
        if (now := md5(project / path)) != value:
            yield f"{path}: recorded {value}, is {now or 'not there'}"


def _paths(entries: Sequence[Any]) -> list[str]:
    """Names in a list of `dvc.yaml`, whose entries may carry settings."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]
