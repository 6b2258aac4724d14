"""A copy of this project at smoke scale, in a folder whose name has a space, and its commands."""

import os
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ["conf", "src", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", ".telemetry"]
KEPT += ["params.yaml", "pyproject.toml", "dvc.yaml", "data/01_raw/glyphs"]
KEPT += ["plots/live/nothing.csv"]


def copy(folder: Path, *, locked: bool = False) -> Path:
    """The project's files, in a git repository of their own, with the preset `smoke`.

    Args:
        folder: Where.
        locked: With a `requirements.lock` of the packages that are here.
    """
    from vidpipe.config.presets import apply_preset

    project = folder / "a project"
    for name in KEPT:
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            # With the bytecode, which stays valid: it takes seconds to compile anew. Without that
            # which another process is writing: it is renamed in the middle of the copy.
            ignored = shutil.ignore_patterns("*.egg-info", "*.pyc.*")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copyfile(source, target)
    if locked:
        packages = sorted({f"{d.name}=={d.version}" for d in metadata.distributions()})
        (project / "requirements.lock").write_text("\n".join(packages) + "\n", encoding="utf-8")
    apply_preset(project, "smoke")
    run(project, "git", "init", "--quiet")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "Start")
    return project


def environment(**extra: str) -> dict[str, str]:
    """Ours, with this Python's commands first, and a name for git."""
    bench = Path(sys.executable).parent
    who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@localhost"}
    who |= {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@localhost"}
    quiet = {"DVC_NO_ANALYTICS": "1", "COLUMNS": "200"}
    # Of the tests, not of a user; the last would have every command compile the package anew.
    ours = ("DVC_", "MLFLOW_TRACKING", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | who | quiet | {"PATH": f"{bench}{os.pathsep}{os.environ['PATH']}"} | extra


def run(project: Path, *command: str, code: int = 0, **extra: str) -> str:
    """A command's output, standard error included; it must end with `code`."""
    done = subprocess.run(
        command,
        cwd=project,
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def metrics(project: Path, model: str = "pix2pix") -> dict[str, float]:
    """The numbers of a model."""
    from vidpipe.reproduction.record import read_numbers

    return read_numbers((project / f"metrics/{model}.json").read_bytes(), model)


def mlflow_runs(project: Path, experiment: str) -> tuple[Any, list[Any]]:
    """A client of the project's own database, and the runs of an experiment."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{project}/mlflow/mlflow.db")
    return client, client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def work_off(project: Path, jobs: int) -> str:
    """Run what waits in DVC's queue, by so many workers; how it stands at the end."""
    run(project, "dvc", "queue", "start", "--jobs", str(jobs))
    deadline = time.monotonic() + 900
    try:
        while "Queued" in (state := run(project, "dvc", "queue", "status")) or "Running" in state:
            assert time.monotonic() < deadline, state
            time.sleep(5)  # to ask takes seconds of a core
    finally:
        run(project, "dvc", "queue", "stop", "--kill")
    return state
