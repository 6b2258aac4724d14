"""Steps of a GAN of clips in one process, in two, and in one of two threads, at scale `laptop`.

    python -m benchmarks.devices [MODEL...] [--batch N] [--steps 24] [--rounds 3]

Each process has one thread, except in *two threads*. *Half* is a step of one process with half of
the clips, alone: two would take as long if neither waited for the other. Leave the machine quiet,
with at least two cores. Each way is measured in turn, so that slow moments hit all. Frames are
random: no number depends on what they show.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from benchmarks.inputs import PRESETS, parameters
from vidpipe.config.schema import CLIP_GAN_NAMES, Params
from vidpipe.training.runtime import pin_instructions

pin_instructions("portable")  # in each process, before torch is there

from benchmarks import games  # noqa: E402
from vidpipe.pipelines.devices import on_devices  # noqa: E402
from vidpipe.training.distributed import follow_first, is_first, share_layers  # noqa: E402
from vidpipe.training.runtime import start  # noqa: E402


class Way(NamedTuple):
    """Processes that share a step, the threads of each, and the parts of a batch: one for each."""

    devices: int
    threads: int
    parts: int


# One, two, one of two threads, and one with the work of one of two.
WAYS = (Way(1, 1, 1), Way(2, 1, 1), Way(1, 2, 1), Way(1, 1, 2))
WARM = 8  # steps before the clock runs
CLIPS, LENGTH = 64, 16


@on_devices
def timed(model: str, params: Params, steps: int, train: Any, runtime: Any, scratch: Path) -> Path:
    """Train, and write the seconds of a step into a file."""
    machine = start(**runtime.model_dump())
    state, objective = games.networks(model, params, arrays(params), machine)
    share_layers(state.networks.by_name().values())
    follow_first(state.state_dict(), 0)
    training = games.steps(state, objective, machine)
    for _ in range(WARM):
        next(training)
    begun = time.perf_counter()
    for _ in range(steps):
        next(training)
    if is_first():
        seconds = (time.perf_counter() - begun) / steps
        (scratch / "seconds").write_text(str(seconds), encoding="utf-8")
    return scratch / "seconds"


def arrays(params: Params) -> dict[str, np.ndarray]:
    """Arrays like those of `clips.npz`."""
    size = params.frames.clips.size
    frames = np.random.default_rng(0).integers(0, 256, (CLIPS * LENGTH, size, size, 3), np.uint8)
    return {
        "frames": frames,
        "clips": np.arange(CLIPS * LENGTH, dtype=np.int32).reshape(CLIPS, LENGTH),
        "split": np.full(CLIPS, "train"),
        "label": (np.arange(CLIPS) % 9).astype(np.int32),
        "labels": np.array([f"action {number}" for number in range(9)]),
        "group": np.zeros(CLIPS, np.int32),
        "groups": np.array(["all"]),
    }


@click.command(help=__doc__)
@click.argument("models", nargs=-1, type=click.Choice(CLIP_GAN_NAMES))
@click.option("--batch", type=click.IntRange(2), help="Clips of a step  [default: the model's]")
@click.option("--steps", type=click.IntRange(1), default=24, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--scale", type=click.Choice([p.stem for p in (PRESETS / "scale").iterdir()]),
              default="laptop", show_default=True)  # fmt: skip
def main(models: tuple[str, ...], batch: int | None, steps: int, rounds: int, scale: str) -> None:
    """Print seconds of a step of all ways, and how they compare."""
    click.echo(
        "| model | clips | one process, s | two, s | times as fast | two threads, s | "
        "times as fast | half, s | if none waited |"
    )
    click.echo("|---" * 9 + "|")
    params = parameters(scale)
    for model in models or CLIP_GAN_NAMES:
        clips = batch or getattr(params, model).train.batch
        took: dict[Way, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                took[way].append(seconds(model, params, way, clips, steps))
        one, two, threads, half = (statistics.median(took[way]) for way in WAYS)
        cells = [f"{one:.3f}"]
        cells += [f"{way:.3f} | {one / way:.2f}" for way in (two, threads, half)]
        click.echo(f"| {model} | {clips} | {' | '.join(cells)} |")


def seconds(model: str, params: Params, way: Way, clips: int, steps: int) -> float:
    """Seconds of a step."""
    block = getattr(params, model)
    train = block.train.model_copy(update={"batch": clips // way.parts})
    params = params.model_copy(update={model: block.model_copy(update={"train": train})})
    changes: dict[str, Any] = {"devices": way.devices, "threads": way.threads, "device": "cpu"}
    runtime = params.runtime.model_copy(update=changes)
    with tempfile.TemporaryDirectory() as folder:
        file = timed(model, params, steps, train, runtime, Path(folder))
        return float(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
