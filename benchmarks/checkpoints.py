"""What checkpoints cost a training, and how soon one that was killed goes on.

    python benchmarks/checkpoints.py gan3d [MODEL...] [--seconds 60]

Each model trains in a clone, with the committed numbers and the data that `dvc repro` made here, is
killed after that time, and started again. Prints a table in Markdown; the last two columns are
seconds from the start of the command, Python and Kedro included, to the end of the first step.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from vidpipe.config.loader import read
from vidpipe.pipeline_registry import STAGES
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.training.runtime import pin_instructions

ROOT = Path(__file__).parents[1]
INPUTS = ("data/05_model_input", "data/06_models/clip_autoencoder")
MODELS = [name for name in EXPERIMENTS if f"{name}_train" in STAGES]  # others keep no checkpoints


@click.command(help=__doc__)
@click.argument("models", nargs=-1, type=click.Choice(MODELS))
@click.option("--seconds", default=60.0, show_default=True, help="Of training.")
@click.option("--watched", is_flag=True, hidden=True)
def main(models: tuple[str, ...], seconds: float, watched: bool) -> None:
    """Print a row for each model."""
    if watched:
        train(*models)
        return
    click.echo("| model | MiB | ms to save | share of time | first step | again |")
    click.echo("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "vidpipe"
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        for inputs in INPUTS:
            shutil.copytree(ROOT / inputs, project / inputs, dirs_exist_ok=True)
        for model in models or MODELS:
            click.echo(row(model, *(list(told(project, model, s)) for s in (seconds, 0.0))))


def row(model: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    """What a training told before it was killed, and what the next one did."""
    first, *saved = before
    [again] = after
    if not saved:
        raise click.ClickException(f"{model}: nothing was saved; raise --seconds")
    took = [one["seconds"] for one in saved]
    cells = [
        f"{saved[-1]['bytes'] / 2**20:.1f}",
        f"{1000 * statistics.median(took):.0f}",
        f"{100 * sum(took) / (saved[-1]['at'] - first['at']):.2f} %",
        f"{first['at']:.1f}",
        f"{again['at']:.1f}, from step {again['step']}",
    ]
    return f"| {model} | {' | '.join(cells)} |"


def told(project: Path, model: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Its first step, then each file, until it is killed so many seconds after that step."""
    command = [sys.executable, __file__, model, "--watched"]
    begun, end = time.monotonic(), float("inf")
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if not line.startswith("{"):
                continue
            one = json.loads(line)
            one["at"] -= begun
            yield one
            end = min(end, one["at"] + seconds)
            if one["at"] >= end:
                break
        process.kill()


def train(model: str) -> None:
    """Train as `kedro run` does, and tell of the first step and of each file."""
    pin_instructions(read(Path("params.yaml"))["runtime"]["determinism"])
    from vidpipe.training import loop  # noqa: PLC0415 (it imports torch)
    from vidpipe.training.checkpoint import Checkpoints  # noqa: PLC0415

    update, write = loop.update, Checkpoints._write

    def updated(*args: Any, step: int, **words: Any) -> Any:
        losses = update(*args, step=step, **words)
        tell(step=step)
        loop.update = update
        return losses

    def written(self: Checkpoints, *args: Any) -> None:
        begun = time.monotonic()
        write(self, *args)
        newest = max(self.folder.glob("*.safetensors"))
        tell(seconds=time.monotonic() - begun, bytes=newest.stat().st_size)

    loop.update, Checkpoints._write = updated, written  # type: ignore[method-assign]
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd()) as session:
        session.run(pipeline_names=[f"{model}_train"])


def tell(**more: Any) -> None:
    """A line for the process that started this one."""
    print(json.dumps({"at": time.monotonic(), **more}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
