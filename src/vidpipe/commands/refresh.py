"""`vidpipe refresh`: record stages anew whose code changed without a change of behaviour."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from vidpipe.config.loader import FILE, read
from vidpipe.reproduction import worktree
from vidpipe.reproduction.record import (
    LOCK,
    Stage,
    declared,
    md5,
    mismatched_inputs,
    paths,
    recorded,
)
from vidpipe.reproduction.syntax import first_difference
from vidpipe.utils.errors import UserError

CODE = "src/"
STALE = 1  # exit code


@click.command()
def refresh() -> None:
    """Record stages anew, without a run, whose code does the same as before.

    A stage's code is compared with that of the commit in which dvc.lock was last changed. Comments,
    docstrings, layout and the annotations of functions and variables may differ; then `dvc commit
    --force` records the stage. Anything else needs `dvc repro`, and is named. Ends with 0 if no
    stage is stale afterwards, 1 otherwise.
    """
    here = Path.cwd()
    read(here / FILE)  # fails with advice outside of a project
    commit = worktree.git(here, "log", "-1", "--format=%H", "--", LOCK)
    if not commit:
        raise UserError(f"{LOCK}: expected it in a commit, found none; run `dvc repro`, commit it")
    with worktree.scratch(keep=False) as folder:
        base = worktree.clone(here, commit, Path(folder))
        stale = _stale_stages(here, base)
    # Name what cannot be recorded, and record the others.
    blocked = {name: reason for name, reason in stale.items() if reason}
    for name, reason in blocked.items():
        click.echo(f"{name}: {reason}")
    if equal := [name for name in stale if name not in blocked]:
        command = [sys.executable, "-m", "dvc", "commit", "--force", "--quiet", *equal]
        if code := subprocess.run(command, check=False).returncode:
            raise UserError(f"`dvc commit --force` ended with {code}, see above")
    click.echo(f"{len(equal)} recorded anew, {len(blocked)} still stale")
    if blocked:
        sys.exit(STALE)


def _stale_stages(here: Path, base: Path) -> dict[str, str]:
    """Return the reason why each stale stage cannot be recorded; empty if it can be.

    Args:
        here: The project.
        base: The project as it was when `dvc.lock` was committed.
    """
    declarations = declared(here)
    records = {name: stage for name, stage in recorded(here).items() if name in declarations}
    # Parameters, data and commands are compared apart from code.
    data = {name: replace(stage, deps=_data(stage)) for name, stage in records.items()}
    without_code = {
        name: entry | {"deps": [dep for dep in paths(entry.get("deps", [])) if not _is_code(dep)]}
        for name, entry in declarations.items()
    }
    mismatches = mismatched_inputs(here, data, without_code)
    committed = recorded(base)
    stale = {}
    for name, entry in declarations.items():
        code = [dep for dep in paths(entry.get("deps", [])) if _is_code(dep)]
        if name not in records:
            stale[name] = "needs a run, it was never run"
        elif name in mismatches:
            stale[name] = f"needs a run, {mismatches[name][0]}"
        elif not _is_recorded(here, records[name], code):
            # The lock may name code of an earlier refresh that is in no commit; where all but the
            # code is the same, the committed record holds too.
            reference = committed.get(name, records[name])
            if replace(reference, deps=_data(reference)) != data[name]:
                reference = records[name]
            differences = _differences(here, base, reference, code)
            stale[name] = next(differences, "") or _data_mismatch(here, data[name])
    return stale


def _is_recorded(here: Path, stage: Stage, code: list[str]) -> bool:
    """Return True if a stage's record names its code as it is."""
    return {dep: md5(here, dep) for dep in code} == {
        dep: value for dep, value in stage.deps.items() if _is_code(dep)
    }


def _differences(here: Path, base: Path, stage: Stage, code: list[str]) -> Iterator[str]:
    """Yield the code of a stage that behaves otherwise than what was recorded."""
    files = set[str]()
    for dep in {*code, *filter(_is_code, stage.deps)}:
        value = stage.deps.get(dep)
        if value == md5(here, dep):
            continue
        if value not in {None, md5(base, dep)}:
            yield f"needs a run, {dep} was recorded of a version that {LOCK}'s commit does not have"
            return
        files |= _files(here, dep) | _files(base, dep)
    for file in sorted(files):
        old = base / file
        new = here / file
        if not old.is_file() or not new.is_file():
            yield f"needs a run, {file} is {'new' if new.is_file() else 'gone'}"
        elif old.read_bytes() != new.read_bytes():
            # Kedro makes a node's parameters what its annotations say.
            hints = "pipelines" in new.parts
            line: int | None = 1
            if new.suffix == ".py":
                line = first_difference(old.read_bytes(), new.read_bytes(), hints=hints)
            if line:
                yield f"needs a run, {file}:{line} differs"


def _data_mismatch(here: Path, data: Stage) -> str:
    """Return the first file in the work tree that a record of the stage would have wrong."""
    for path, value in {**data.deps, **data.outs}.items():
        if not (current := md5(here, path)):
            return f"{path} is not there; bring it by `dvc checkout` or `dvc pull`"
        if current != value:
            return f"needs a run, {path} is not the recorded one"
    return ""


def _files(project: Path, dep: str) -> set[str]:
    """Return a file, or the files of a folder, from the project."""
    path = project / dep
    files = [path] if path.is_file() else path.rglob("*")
    return {
        file.relative_to(project).as_posix()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def _data(stage: Stage) -> dict[str, str]:
    return {dep: value for dep, value in stage.deps.items() if not _is_code(dep)}


def _is_code(dep: str) -> bool:
    return f"{dep}/".startswith(CODE)
