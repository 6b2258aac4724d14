"""A clean work tree of a revision, with a cache, scratch folders and MLflow database of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import click
import psutil
from dvc.config import Config

from vidpipe.config.loader import FILE, read
from vidpipe.utils.errors import UserError

STDERR = 2
GRACE = 30.0  # seconds that processes have to end by themselves, before they are killed
# Variables of the user's shell that name other caches, databases and code.
FOREIGN = ("DVC_", "MLFLOW_", "KEDRO_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PYTHONPATH")


def commit_of(project: Path, revision: str) -> str:
    """Return the hash of a tag, branch or commit.

    Raises:
        UserError: If git has none of that name, or there is no repository.
    """
    git(project, "rev-parse", "--git-dir")
    try:
        options = ("--verify", "--quiet", "--end-of-options")
        return git(project, "rev-parse", *options, f"{revision}^{{commit}}")
    except UserError as error:
        raise UserError(
            f"{revision}: expected a tag, branch or commit of this repository; "
            "`git tag` lists tags, `git fetch --tags` brings others'"
        ) from error


def scratch(*, keep: bool) -> AbstractContextManager[str]:
    """Make an empty folder under TMPDIR, removed at the end unless it is to be kept."""
    prefix = "vidpipe-reproduce-"
    if keep:
        return nullcontext(mkdtemp(prefix=prefix))
    return TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)


def clone(source: Path, commit: str, target: Path) -> Path:
    """Check a commit out into an empty folder, and return the project in it.

    The clone reads objects from the source's repository, which is not written to.

    Raises:
        UserError: If the source's repository lacks some of the commit.
    """
    prefix = git(source, "rev-parse", "--show-prefix")
    options = ("--quiet", "--shared", "--no-checkout", "--template=")
    git(source, "clone", *options, git(source, "rev-parse", "--show-toplevel"), str(target))
    try:
        git(target, "checkout", "--quiet", "--detach", commit)
        missing = git(target, "ls-files", "--deleted")  # a partial clone leaves files out silently
    except UserError as error:
        missing = str(error)
    if missing:
        raise UserError(
            f"{commit[:12]}: this repository has not all of that commit "
            f"({missing.splitlines()[0]}); `git fetch --unshallow` brings it to a shallow clone, "
            "`git fetch --refetch --no-filter` to a partial one"
        )
    project = target / prefix
    # Users may share one cache among projects: a rebuild must not find its outputs there.
    _configure(project, {"cache": {"dir": str(project / ".dvc" / "cache")}})
    return project


def lend(source: Path, project: Path, outs: Iterable[str]) -> None:
    """Link the user's own files that `params.yaml` names by a relative path and git does not hold.

    The recorded hashes say whether they are still the same. Outputs of stages are never linked.

    Args:
        source: The user's project.
        project: The clone.
        outs: Paths of all outputs, from the project.

    Raises:
        UserError: If a path leads out of the project: from the clone, it leads elsewhere.
    """
    # Any text may be a path: those count that exist in the user's project.
    for path in sorted({Path(text) for text in _texts(read(project / FILE))}):
        if any(path.is_relative_to(out) or Path(out).is_relative_to(path) for out in outs):
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
    """Remove outputs that git holds: one that no run replaces would agree with itself."""
    # A lock edited by hand may name anything: nothing outside of the clone is removed.
    root = project.resolve()
    for path in [project / out for out in outs]:
        if not path.resolve().is_relative_to(root):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def pull(source: Path, project: Path, remote: str | None, stages: list[str]) -> None:
    """Bring the outputs of stages from a remote of the user's project.

    What the remote lacks is left out.

    Raises:
        UserError: If there is no such remote, or it cannot be reached.
    """
    config = Config(str(source / ".dvc"))
    name = remote or config["core"].get("remote")
    if name not in config["remote"]:
        raise UserError(
            f"--remote: expected one that DVC knows, got {name or 'no default either'}; "
            f"`dvc remote list` shows them: {', '.join(config['remote']) or 'none yet'}"
        )
    # The clone has no remote of the user's own settings, nor their passwords: hand one on.
    _configure(project, {"remote": {name: config["remote"][name]}, "core": {"remote": name}})
    run(project, "dvc", "pull", "--quiet", "--allow-missing", "--no-run-cache", *stages)


def run(project: Path, *command: str) -> None:
    """Run a command with the project's own code; its output goes to standard error.

    Raises:
        UserError: If it fails.
    """
    # In a session of its own, so that Ctrl-C reaches the stages through `_end` alone.
    process = subprocess.Popen(
        command, cwd=project, env=environment(project), stdout=STDERR, start_new_session=True
    )
    try:
        code = process.wait()
    except BaseException:
        _end(process.pid)
        process.wait()
        raise
    if code:
        raise UserError(f"`{' '.join(command)}` ended with {code}, see above")


def environment(project: Path) -> dict[str, str]:
    """Return this process's variables, with this Python and the project's own code first."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(project / "src"),
        "DVC_SITE_CACHE_DIR": str(project / ".dvc/tmp/site"),
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def git(where: Path, *words: str) -> str:
    """Return what a git command prints, without a user's hooks.

    Raises:
        UserError: If it fails.
    """
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(where), *words]
    english = inherited | {"LC_ALL": "C"}
    done = subprocess.run(command, env=english, capture_output=True, text=True, check=False)
    if "not a git repository" in done.stderr:
        raise UserError(
            f"{where}: expected a git repository, found a folder without one; clone the project, "
            "or make one: `git init && git add --all && git commit --message Start`"
        )
    if done.returncode:
        raise UserError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _end(session: int) -> None:
    """End a command and the stages it started, and wait: they write into the clone."""
    click.echo("ending what runs; that may take some seconds", err=True)
    signals = iter([signal.SIGTERM, signal.SIGKILL])
    deadline = 0.0
    # Listed anew each time: a stage may have started another process meanwhile.
    while processes := [p for p in psutil.process_iter() if _runs_in(p, session)]:
        if time.monotonic() > deadline:
            number = next(signals, signal.SIGKILL)
            for process in processes:
                with suppress(psutil.Error):
                    process.send_signal(number)
            deadline = time.monotonic() + GRACE
        time.sleep(0.05)


def _runs_in(process: psutil.Process, session: int) -> bool:
    """Return True for a process of the session; a zombie has ended, and waits for its parent."""
    with suppress(psutil.Error, ProcessLookupError, PermissionError):
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    return False


def _link(source: Path, target: Path) -> None:
    """Link what is not there; in a folder of which git holds hidden files alone, each entry."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.resolve())
    elif target.is_dir() and all(entry.name.startswith(".") for entry in target.iterdir()):
        for entry in source.iterdir():
            _link(entry, target / entry.name)


def _configure(project: Path, settings: Mapping[str, Any]) -> None:
    """Write DVC settings that git does not hold and that override all others."""
    (project / ".dvc").mkdir(exist_ok=True)  # a revision may be older than DVC's use
    with Config(str(project / ".dvc")).edit("local", validate=False) as local:
        local.update(settings)


def _texts(value: Any) -> Iterator[str]:
    """Yield all strings in nested blocks and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)
