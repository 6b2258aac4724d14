"""`vidpipe refresh`: record stages anew whose code changed without a change of behaviour."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
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
    committed = recorded(base)
    code = {name: _code(paths(entry.get("deps", []))) for name, entry in declarations.items()}
    # Compare commands, parameters and data first, apart from code.
    data = {name: _without_code(stage) for name, stage in records.items()}
    data_declarations = {
        name: entry | {"deps": [d for d in paths(entry.get("deps", [])) if d not in code[name]]}
        for name, entry in declarations.items()
    }
    mismatches = mismatched_inputs(here, data, data_declarations)
    stale = {}
    for name in declarations:
        if name not in records:
            stale[name] = "needs a run, it was never run"
        elif name in mismatches:
            stale[name] = f"needs a run, {mismatches[name][0]}"
        elif {dep: md5(here, dep) for dep in code[name]} != _code(records[name].deps):
            # The lock may name code of an earlier refresh that is in no commit; where all but the
            # code is the same, the committed record holds too.
            reference = committed.get(name, records[name])
            if _without_code(reference) != data[name]:
                reference = records[name]
            difference = _difference(here, base, _code(reference.deps), code[name])
            stale[name] = difference or _data_mismatch(here, data[name])
    return stale


def _difference(
    here: Path, base: Path, recorded: Mapping[str, str], declared: Mapping[str, str]
) -> str:
    """Return the first file that behaves otherwise than what was recorded; empty if none does."""
    # Collect the files of all that changed; a folder may have taken the place of its files.
    files = set[str]()
    for dep in {*recorded, *declared}:
        if recorded.get(dep) == md5(here, dep):
            continue
        if dep in recorded and recorded[dep] != md5(base, dep):
            return (
                f"needs a run, {dep} was recorded of a version that {LOCK}'s commit does not have"
            )
        files |= _files(here, dep) | _files(base, dep)
    # Compare what they do.
    for file in sorted(files):
        old = base / file
        new = here / file
        if not old.is_file() or not new.is_file():
            return f"needs a run, {file} is {'new' if new.is_file() else 'gone'}"
        line = None if old.read_bytes() == new.read_bytes() else 1
        if line and new.suffix == ".py":
            # Kedro reads the annotations of nodes: they say what a parameter becomes.
            hints = "pipelines" in Path(file).parts
            line = first_difference(old.read_bytes(), new.read_bytes(), hints=hints)
        if line:
            return f"needs a run, {file}:{line} differs"
    return ""


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
    return {
        file.relative_to(project).as_posix()
        for file in (path, *path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def _code(deps: Iterable[str]) -> dict[str, str]:
    """Return those dependencies that are code, with their hash where one is recorded."""
    hashes = deps if isinstance(deps, Mapping) else dict.fromkeys(deps, "")
    return {dep: value for dep, value in hashes.items() if f"{dep}/".startswith(CODE)}


def _without_code(stage: Stage) -> Stage:
    return replace(stage, deps={d: v for d, v in stage.deps.items() if d not in _code(stage.deps)})
