"""`vidpipe refresh`: record stages anew whose code changed without a change of behaviour."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from dvc.stage import PipelineStage

from vidpipe.config.loader import FILE, read
from vidpipe.reproduction import worktree
from vidpipe.reproduction.record import (
    LOCK,
    Stage,
    declared,
    md5,
    mismatches,
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
    docstrings, layout and the annotations of functions and variables may differ, and parameters may
    be listed one by one that were part of a block; then `dvc commit --force` records the stage.
    Anything else needs `dvc repro`, and is named. Ends with 0 if no stage is stale afterwards, 1
    otherwise.
    """
    here = Path.cwd()
    read(here / FILE)  # fails with advice outside of a project
    commit = worktree.git(here, "log", "-1", "--format=%H", "--", LOCK)
    if not commit:
        raise UserError(f"{LOCK}: expected it in a commit, found none; run `dvc repro`, commit it")
    with worktree.scratch(keep=False) as folder:
        base = worktree.clone(here, commit, folder)
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
    records = recorded(here)
    committed = recorded(base)
    declarations = declared(here)
    differences = mismatches(here, records, declarations)
    stale = {name: "needs a run, it was never run" for name in declarations if name not in records}
    listed = [n for n in records if n in declarations and _lists_more(declarations[n])]
    for name in [name for name in declarations if name in {*differences, *listed}]:
        # Name what differs beside code first.
        lines = differences.get(name, {})
        others = [line for key, line in lines.items() if not _is_code(key)]
        if others:
            stale[name] = f"needs a run, {others[0]}"
            continue
        # The lock may name code of an earlier refresh that is in no commit; where all but the
        # code is the same, the committed record holds too.
        record = records[name]
        reference = committed.get(name, record)
        if _without_code(reference) != _without_code(record):
            reference = record
        code = [dep.def_path for dep in declarations[name].deps if _is_code(dep.def_path)]
        old = {dep: value for dep, value in reference.deps.items() if _is_code(dep)}
        stale[name] = _difference(here, base, old, code) or _data_mismatch(here, record)
    return stale


def _lists_more(declaration: PipelineStage) -> bool:
    """Return True if a stage lists a parameter that its record has as a part of a block alone."""
    return any(set(dep.params) - set(dep.hash_info.value or ()) for dep in declaration.params)


def _difference(
    here: Path, base: Path, recorded: Mapping[str, str], declared: Sequence[str]
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


def _data_mismatch(here: Path, record: Stage) -> str:
    """Return the first file in the work tree that a record of the stage would have wrong."""
    data = _without_code(record)
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


def _is_code(path: str) -> bool:
    return f"{path}/".startswith(CODE)


def _without_code(stage: Stage) -> Stage:
    return replace(stage, deps={d: v for d, v in stage.deps.items() if not _is_code(d)})
