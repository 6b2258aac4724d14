"""A clean work tree of a revision: with a scratch, a cache and an MLflow database of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import psutil
from dvc.config import Config

from vidpipe.config.loader import FILE, read
from vidpipe.utils.errors import UserError

STDERR = 2
GRACE = 30.0  # seconds that a stage has to end by itself, before it is killed
# Of the user's shell: where other caches, databases and code are.
FOREIGN = ("DVC_", "MLFLOW_", "KEDRO_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PYTHONPATH")


def commit_of(project: Path, revision: str) -> str:
    """The hash of a tag, branch or commit.

    Raises:
        UserError: If git knows none of that name.
    """
    wanted = ["--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        return _git(project, "rev-parse", *wanted)
    except UserError as error:
        raise UserError(
            f"{revision}: expected a tag, branch or commit of this repository; "
            "`git tag` lists tags, `git fetch --tags` brings others'"
        ) from error


@contextmanager
def folder(keep: bool) -> Iterator[Path]:
    """An empty folder elsewhere, removed at the end unless it is to be kept."""
    path = Path(tempfile.mkdtemp(prefix="vidpipe-reproduce-"))
    try:
        yield path
    finally:
        if not keep:
            shutil.rmtree(path, ignore_errors=True)


def clone(source: Path, commit: str, target: Path) -> Path:
    """Check a commit out into an empty folder; the project in it.

    Objects are read from the source's repository, which is written to in no way.

    Raises:
        UserError: If the source's repository lacks some of the commit.
    """
    prefix = _git(source, "rev-parse", "--show-prefix")
    words = ["clone", "--quiet", "--shared", "--no-checkout", "--template="]
    _git(source, *words, _git(source, "rev-parse", "--show-toplevel"), str(target))
    try:
        _git(target, "checkout", "--quiet", "--detach", commit)
        lost = _git(target, "ls-files", "--deleted")  # a partial clone leaves files out silently
    except UserError as error:
        lost = str(error)
    if lost:
        raise UserError(
            f"{commit[:12]}: this repository has not all of that commit ({lost.splitlines()[0]}); "
            "`git fetch --unshallow` brings it to a shallow clone, `git fetch --refetch "
            "--no-filter` to a partial one"
        )
    project = target / prefix
    cache = project / ".dvc" / "cache"
    _settle(project, {"cache": {"dir": str(cache)}})  # not the one that a user shares
    return project


def lend(source: Path, project: Path, outs: Iterable[str]) -> None:
    """Link what `params.yaml` names by a relative path and git does not hold: a user's own video.

    Whether it is still what it was, the recorded hashes say. What a stage writes is never lent.

    Args:
        source: The user's project.
        project: The clone.
        outs: What stages make, from the project.

    Raises:
        UserError: If a path leads out of the project: from the clone, it leads elsewhere.
    """
    made = [Path(out) for out in outs]
    for path in sorted({Path(leaf) for leaf in _texts(read(project / FILE))}):
        if any(path.is_relative_to(out) or out.is_relative_to(path) for out in made):
            continue
        if path.is_absolute() or not path.parts or not os.path.exists(source / path):
            continue
        if ".." in path.parts:
            raise UserError(
                f"{FILE} names {path}, outside the project, which is not found from a rebuild "
                f"elsewhere; name it by its absolute path, {(source / path).resolve()}"
            )
        _link(source / path, project / path)


def clear(project: Path, outs: Iterable[str]) -> None:
    """Remove those outputs that git holds: DVC keeps some (`persist`), and they would agree."""
    root = project.resolve()
    for path in [project / out for out in outs]:
        if not path.resolve().is_relative_to(root):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def pull(source: Path, project: Path, remote: str | None, stages: list[str]) -> None:
    """Bring the outputs of some stages from a remote that the user's project knows.

    What the remote lacks is left out.

    Raises:
        UserError: If there is no such remote, or it cannot be reached.
    """
    known = Config(str(source / ".dvc"))
    name = remote or known["core"].get("remote")
    if name not in known["remote"]:
        raise UserError(
            f"--remote: expected one that DVC knows, got {name or 'no default either'}; "
            f"`dvc remote list` shows them: {', '.join(known['remote']) or 'none yet'}"
        )
    _settle(project, {"remote": {name: known["remote"][name]}, "core": {"remote": name}})
    run(project, "dvc", "pull", "--quiet", "--allow-missing", "--no-run-cache", *stages)


def run(project: Path, *command: str) -> None:
    """Run a command with the project's own code; what it says goes to standard error.

    Raises:
        UserError: If it fails.
    """
    process = subprocess.Popen(
        command,
        cwd=project,
        env=environment(project),
        stdout=STDERR,  # tables alone go to standard output
        start_new_session=True,
    )
    try:
        code = process.wait()
    except BaseException:
        _end(process)
        raise
    if code:
        raise UserError(f"`{' '.join(command)}` ended with {code}, see above")


def environment(project: Path) -> dict[str, str]:
    """Ours, with this Python's commands and the project's own code first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    quiet = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    own = {"PYTHONPATH": str(project / "src"), "DVC_SITE_CACHE_DIR": str(project / ".dvc/tmp/site")}
    return kept | quiet | own | {"PATH": path}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End DVC and the stage that it runs, and see them end: they write into the clone."""
    click.echo("ending what runs; that may take some seconds", err=True)
    signals, deadline = iter([signal.SIGTERM, signal.SIGKILL]), 0.0
    while _running(process.pid):
        if time.monotonic() > deadline:
            os.killpg(process.pid, next(signals, signal.SIGKILL))
            deadline = time.monotonic() + GRACE
        time.sleep(0.05)
    process.wait()


def _running(group: int) -> bool:
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def _link(source: Path, target: Path) -> None:
    """Link what is not there yet; in a folder of which git holds hidden files alone, each entry."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.resolve())
    elif target.is_dir() and all(entry.name.startswith(".") for entry in target.iterdir()):
        for entry in source.iterdir():
            _link(entry, target / entry.name)


def _git(where: Path, *words: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(where), *words]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _settle(project: Path, settings: Mapping[str, Any]) -> None:
    """Say something in DVC's settings that git does not see and nothing overrides."""
    (project / ".dvc").mkdir(exist_ok=True)  # a revision may be older than DVC's use
    with Config(str(project / ".dvc")).edit("local", validate=False) as local:
        local.update(settings)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
