"""Results as a revision recorded them in its `dvc.lock`, and what of that is so in a work tree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from dvc.dvcfile import load_file
from dvc.exceptions import DvcException
from dvc.fs import localfs
from dvc.ignore import DvcIgnoreFilter
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.utils.flatten import flatten
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from pydantic import TypeAdapter, ValidationError

from vidpipe.config.loader import FILE, read
from vidpipe.evaluation.protocol import METRICS, PROTOCOL, Protocol
from vidpipe.tracking.descriptions import flat_params
from vidpipe.utils.errors import UserError

LOCK, STAGES = "dvc.lock", "dvc.yaml"
NOTHING = "nothing"
Numbers = dict[str, float]


@dataclass(frozen=True)
class Stage:
    """A stage as it was run.

    Attributes:
        command: Command line.
        params: Values by their whole key, such as `digits.count`.
        deps: md5 by path, of code and data.
        outs: md5 by path; that of a folder ends in `.dir`.
    """

    command: str
    params: Mapping[str, Any]
    deps: Mapping[str, str]
    outs: Mapping[str, str]


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
    return parsed(locked)


def parsed(stages: Mapping[str, Any]) -> dict[str, Stage]:
    """Return the stages of a `dvc.lock` that was read.

    Raises:
        UserError: If DVC did not write it.
    """
    try:
        return {
            name: Stage(
                command=entry["cmd"],
                params=_by_key(entry.get("params", {}).values()),
                deps={dep["path"]: dep["md5"] for dep in entry.get("deps", [])},
                outs={out["path"]: out["md5"] for out in entry.get("outs", [])},
            )
            for name, entry in stages.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{LOCK} of this revision: expected cmd, and path and md5 of each file, of each stage, "
            f"as DVC writes them, got {error!r}; `dvc repro` writes it anew"
        ) from error


def declared(project: Path) -> dict[str, PipelineStage]:
    """Return the stages of `dvc.yaml` as DVC reads them, by name.

    Raises:
        UserError: If DVC cannot read them.
    """
    if not (project / STAGES).is_file():
        return {}
    try:
        with Repo(str(project), uninitialized=True) as repo:
            return dict(load_file(repo, str(project / STAGES)).stages)
    except DvcException as error:
        raise UserError(f"{STAGES} of this revision: {error}") from error


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


def params_of(stages: Mapping[str, Stage], name: str) -> dict[str, str]:
    """Return the parameters that a stage and all before it ran with, as strings by dotted key.

    Where stages ran with different ones, the named stage's own count.
    """
    if name not in stages:
        return {}
    params: dict[str, str] = {}
    for stage in (*with_upstream(stages, (name,)).values(), stages[name]):
        params |= flat_params(stage.params)
    return params


def changed_since(project: Path, stage: str) -> list[str]:
    """Return the parameters that a stage or one before it ran with, and that have changed since.

    There are none where nothing is recorded.
    """
    if not (project / LOCK).is_file():
        return []
    now = flat_params(read(project / FILE))
    ran_with = params_of(recorded(project), stage)
    # Stages depend on keys of other files too.
    return [key for key, value in ran_with.items() if key in now and now[key] != value]


def mismatches(
    project: Path, stages: Mapping[str, Stage], declarations: Mapping[str, PipelineStage]
) -> dict[str, dict[str, str]]:
    """Return a line for each part of a record that is not so in the work tree.

    Compared are commands, parameters, code, data handed on between stages, and those outputs that
    are there: metrics, which git holds.

    Args:
        project: The work tree, before anything is run.
        stages: The records.
        declarations: Stages of `dvc.yaml`.

    Returns:
        Lines by stage and by what differs: `command`, a parameter's key, a path.
    """
    produced = {out: value for stage in stages.values() for out, value in stage.outs.items()}
    differences: dict[str, dict[str, str]] = {}
    for name, stage in stages.items():
        if name not in declarations:
            differences[name] = {STAGES: f"{STAGES} has no such stage"}
            continue
        old = {"command": stage.command, **stage.params, **stage.deps, **stage.outs}
        new = _as_it_is(project, declarations[name], produced)
        differing = sorted(key for key in {*old, *new} if not _equal(old.get(key), new.get(key)))
        lines = {
            key: f"{key}: recorded {old.get(key, NOTHING)}, is {new.get(key, NOTHING)}"
            for key in differing
        }
        differences |= {name: lines} if lines else {}
    return differences


def numbers(project: Path, declarations: Mapping[str, PipelineStage]) -> dict[str, Numbers]:
    """Return the metrics of stages, by file; none where a file is not there.

    These are the JSON files of the folder `metrics`: DVC lists the headline scores alone.
    """
    outs = [out for declaration in declarations.values() for out in declaration.outs]
    files = {out.def_path: project / out.def_path for out in outs if _has_metrics(out.def_path)}
    return {
        name: read_numbers(file.read_bytes(), name) if file.is_file() else {}
        for name, file in files.items()
    }


def _has_metrics(path: str) -> bool:
    return PurePath(path).match(f"{METRICS}/*.json")


def read_numbers(text: bytes, name: str) -> Numbers:
    """Return the metrics in a file's bytes, without the protocol of their evaluation.

    Raises:
        UserError: With the file's name, if they are no JSON of numbers by name.
    """
    return read_scores(text, name)[0]


def read_scores(text: bytes, name: str) -> tuple[Numbers, Protocol]:
    """Return the metrics in a file's bytes, and the protocol of their evaluation if it is there.

    Raises:
        UserError: With the file's name, if they are no JSON of numbers by name.
    """
    try:
        numbers = TypeAdapter(dict[str, Any]).validate_json(text)
        protocol = numbers.pop(PROTOCOL, {})
        return (
            TypeAdapter(Numbers).validate_python(numbers, strict=True),
            TypeAdapter(Protocol).validate_python(protocol),
        )
    except ValidationError as error:
        got = text[:40].decode(errors="replace")
        raise UserError(
            f"{name}: expected JSON of numbers by name, got {got!r}; `dvc repro` makes it anew"
        ) from error


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


def _as_it_is(
    project: Path, declaration: PipelineStage, produced: Mapping[str, str]
) -> dict[str, Any]:
    """Return what would be recorded of a stage, by command, key and path."""
    params = _by_key(dep.read_params() for dep in declaration.params)
    files = [dep.def_path for dep in declaration.deps if dep not in declaration.params]
    outs = [out.def_path for out in declaration.outs]
    # What another stage makes is not there before a run: it is as that stage's record says.
    hashes = {path: produced.get(path) or md5(project, path) or "not there" for path in files}
    hashes |= {path: md5(project, path) or produced.get(path, "not there") for path in outs}
    return {"command": declaration.cmd, **params, **hashes}


def _equal(old: Any, new: Any) -> bool:
    """Compare two values; `.nan`, by which a stage runs each time, is equal to itself here."""
    return bool(old == new) or (old != old and new != new)  # noqa: PLR0124


def _by_key(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Join blocks of parameters; the key of each value names the blocks that it is in.

    A value may be listed twice, also by itself.
    """
    parts = [{name: value} for block in blocks for name, value in block.items()]
    return {key: value for part in parts for key, value in flatten(part).items()}
