"""A clean work tree of a revision, with a cache, scratch folders and MLflow database of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

from dvc.config import Config
from dvc.utils.flatten import flatten

from vidpipe.config.loader import FILE, read
from vidpipe.utils import children
from vidpipe.utils.errors import UserError
from vidpipe.utils.locked_folders import LockedFolders

SCRATCH = "vidpipe-reproduce"
STDERR = 2
EXPERIMENT_REFS = "refs/exps/"
INTERNAL = ("exec/", "stash", "celery/", "apply/")  # refs that are no experiments
RUN = ("src", "conf", FILE, "dvc.yaml")  # what a run depends on beside data
RESULTS = ("dvc.lock", "metrics", "plots")
DIFF = ("diff-index", "--name-only", "--relative", "--text", "-G.")
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
        known = git(project, "rev-list", "--all", "--max-count=1")
        advice = (
            "`git tag` lists tags, and `git fetch --tags` brings those of others"
            if known
            else "there is no commit yet: git add --all && git commit --message Start"
        )
        raise UserError(
            f"{revision}: expected a tag, branch or commit of this repository; {advice}"
        ) from error


def uncommitted(project: Path, commit: str) -> list[str]:
    """Return which of code, parameters and results differ from a commit's in the work tree."""
    # By content (`-G`), for files are often only touched; `git diff` would write to the index.
    changed = git(project, *DIFF, commit, "--", *RUN, *RESULTS)
    tops = [line.split("/", 1)[0] for line in changed.splitlines()]
    return list(dict.fromkeys(tops))


def experiments(project: Path) -> dict[str, str]:
    """Return the hashes of the commits that DVC keeps of its experiments, by name."""
    refs = git(project, "for-each-ref", "--format=%(objectname) %(refname)", EXPERIMENT_REFS)
    pairs = [line.split(" ", 1) for line in refs.splitlines()]
    return {
        ref.rpartition("/")[2]: commit
        for commit, ref in pairs
        if not ref.removeprefix(EXPERIMENT_REFS).startswith(INTERNAL)
    }


def results_commit(project: Path, commit: str) -> str:
    """Return the hash of the last commit that has the code and the parameters of one.

    Results are committed after they were made, on top of the commit that made them.

    Raises:
        UserError: If git has no such commit.
    """
    first = last = commit_of(project, commit)
    later = git(project, "rev-list", "--reverse", "--ancestry-path", f"{first}..HEAD").split()
    for candidate in later:
        if git(project, "diff", "--name-only", first, candidate, "--", *RUN):
            break
        last = candidate
    return last


@contextmanager
def scratch(*, keep: bool) -> Iterator[Path]:
    """Make an empty folder under TMPDIR, removed at the end unless it is to be kept.

    What killed processes have left there is removed first.
    """
    if keep:
        yield Path(mkdtemp(prefix=f"{SCRATCH}-kept-"))
        return
    user = getattr(os, "getuid", str)()  # on Windows, each has a folder of temporary files anyway
    folders = LockedFolders(Path(gettempdir(), f"{SCRATCH}-{user}"))
    folders.clear(folders.names("*"))
    folder = folders.create("")
    try:
        yield folder.path / "clone"  # the lock is beside it
    finally:
        folders.remove(folder)


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


def lend(source: Path, project: Path, outs: Sequence[str]) -> None:
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
    texts = [value for value in flatten(read(project / FILE)).values() if isinstance(value, str)]
    for path in sorted({Path(text) for text in texts}):
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


def clear(project: Path, outs: Sequence[str]) -> None:
    """Remove outputs that git holds: one that no run replaces would agree with itself.

    Raises:
        UserError: If a lock edited by hand names a path outside of the clone.
    """
    tracked = git(project, "ls-files", "-z", "--", *outs) if outs else ""
    for path in filter(None, tracked.split("\0")):
        (project / path).unlink()


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

    It ends with this process, however that ends.

    Raises:
        UserError: If it fails.
    """
    if code := children.run(command, cwd=project, env=environment(project), stdout=STDERR):
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
