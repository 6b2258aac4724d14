"""What Kedro, DVC and MLflow cost: over the same training in a script, and before anything starts.

    python -m benchmarks.bench.overhead PROJECT

is the script: the training of mlp_gan, which is short and reports as often as a long one, by the
function that its stage runs, and no more.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.bench.sides import ROOT, environment, summary
from vidpipe.config.editing import apply_patch
from vidpipe.config.loader import check, read
from vidpipe.config.presets import apply_preset
from vidpipe.data.npz import read_npz
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.errors import UserError

STAGE = "mlp_gan_train"
DATA_STAGE = "footage_files"
STARTED = "Running node"  # as Kedro's runner logs it
KEDRO = [sys.executable, "-m", "kedro", "run", f"--pipelines={STAGE}"]
DVC = [sys.executable, "-m", "dvc", "repro", "--quiet"]
# As many reports and sheets as the committed training has, and fewer steps between them.
SHORT = {"mlp_gan": {"train": {"steps": 1280, "report_every": 20, "sample_every": 320}}}
LONG = 600  # seconds of a training that overhead is compared with


def compare(folder: Path, *, rounds: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Time a training with and without Kedro, DVC and MLflow, and what comes before a training."""
    project = clone(folder, quick=quick)
    script = [sys.executable, "-m", "benchmarks.bench.overhead", str(project)]
    again = [*DVC, "--single-item", "--force", STAGE]
    run(project, [*DVC, STAGE])  # its data, its database of runs, and its line in dvc.lock
    rounds = min(rounds, 3)  # each takes long enough
    training = timed(
        {
            "a script": lambda: run(project, script),
            "Kedro and MLflow": lambda: run(project, KEDRO),
            "DVC, Kedro and MLflow": lambda: run(project, again),
        },
        rounds,
    )
    noop = [*DVC, STAGE]
    vidpipe = [sys.executable, "-m", "vidpipe", "--help"]
    start = timed(
        {
            "`kedro run` of a data stage, to its node": lambda: first_node(project, DATA_STAGE),
            "`kedro run` of a training, to its node": lambda: first_node(project, STAGE),
            "`dvc repro` of two stages that are up to date": lambda: run(project, noop),
            "`vidpipe --help`": lambda: run(project, vidpipe),
        },
        rounds,
    )
    over = training["DVC, Kedro and MLflow"]["median"] - training["a script"]["median"]
    return {"training": training, "start": start, "share_of_ten_minutes": round(over / LONG, 4)}


def clone(folder: Path, *, quick: bool) -> Path:
    """The project as it is committed, without results, in which Kedro says what it starts."""
    project = folder / "project"
    run(folder, ["git", "clone", "--quiet", str(ROOT), str(project)])
    # Nothing that was recorded is there; DVC would look for it.
    (project / "dvc.lock").unlink()
    logging = project / "conf/logging.yml"
    text = logging.read_text(encoding="utf-8")
    logging.write_text(text.replace("level: WARNING", "level: INFO", 1), encoding="utf-8")
    if quick:
        apply_preset(project, "smoke")
    else:
        apply_patch(project, SHORT)
    return project


def timed(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, Any]:
    """Seconds of each way, in turn; a way that returns a number has timed itself."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            own = way()
            took[name].append(own if isinstance(own, float) else time.perf_counter() - begun)
    return {name: summary(times) for name, times in took.items()}


def run(project: Path, command: Sequence[str]) -> None:
    """Run a command in the project; what it prints is shown only if it fails.

    Raises:
        UserError: If it does.
    """
    done = subprocess.run(
        command, cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"{' '.join(command)}: ended with {done.returncode}: {done.stderr[-2000:]}")


def first_node(project: Path, stage: str) -> float:
    """Seconds from the start of Python to that of the first node; then the run is stopped.

    Raises:
        UserError: If no node starts.
    """
    command = [sys.executable, "-m", "kedro", "run", f"--pipelines={stage}"]
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=project, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        told = []
        for line in process.stderr:
            told.append(line)
            if STARTED in line:
                took = time.perf_counter() - begun
                process.terminate()
                return took
    raise UserError(f"{' '.join(command)}: expected a node to start: {''.join(told)}")


@click.command(help=__doc__)
@click.argument("project", type=click.Path(path_type=Path))
def main(project: Path) -> None:
    """Train, and leave weights and history in a folder that is removed."""
    params = check(read(project / "params.yaml"))
    pin_instructions(params.runtime.determinism)
    from vidpipe.models import mlp_gan  # noqa: PLC0415 (it imports torch)
    from vidpipe.pipelines.digits.train import make_train_node  # noqa: PLC0415
    from vidpipe.tracking.protocol import NullTracker  # noqa: PLC0415

    digits = read_npz(project / "data/05_model_input/digits.npz")
    model = params.mlp_gan
    with tempfile.TemporaryDirectory() as folder:
        make_train_node(mlp_gan)(
            digits, model.model, model.train, params.runtime, NullTracker(),
            Path(folder) / "checkpoints", Path(folder),
        )  # fmt: skip


if __name__ == "__main__":
    main()
