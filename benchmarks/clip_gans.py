"""A step of each GAN of clips of a scale: time and memory on a CPU, and what a GPU would hold.

    python -m benchmarks.clip_gans [--scale paper] [--batch 8]

Each model runs in a process of its own, as that preset has it, on random clips or latents. Peak
memory is what that process held at most. What a GPU would hold is computed from tensors: weights,
Adam's moments and the average, and the most that a step with gradient penalties allocates at a
time, in fp32.
"""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import click
import numpy as np
from torch.profiler import ProfilerActivity, profile

from benchmarks.games import CLIP_MODULES, networks, weights
from benchmarks.inputs import parameters
from vidpipe.data.splits import TRAIN
from vidpipe.training.adversarial import Objective, TrainState, update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import Machine, start

STEPS = 3
MIB = 2**20


def most_allocated(step: Callable[[], object]) -> int:
    """The most bytes of tensors that a step has at a time, beside those that were there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        step()
    events = seen.profiler.kineto_results.events()
    memory = sorted(
        (event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"
    )
    return max(accumulate(size for _, size in memory), default=0)


def game(name: str, scale: str, batch: int, machine: Machine) -> tuple[TrainState, Objective]:
    """State and objective of a model of that scale, on random clips."""
    params = parameters(scale, {name: {"train": {"batch": batch}}})
    size = params.frames.clips.size
    frames = np.random.default_rng(0).integers(0, 256, (32, size, size, 3), np.uint8)
    arrays = {
        "frames": frames,
        "clips": np.arange(32, dtype=np.int32).reshape(2, 16),
        "label": np.arange(2),
        "labels": np.array(["one", "other"]),
        "group": np.zeros(2, np.int32),
        "groups": np.array(["all"]),
        "split": np.array([TRAIN, TRAIN]),
    }
    return networks(name, params, arrays, machine)


def measure(name: str, scale: str, batch: int, answers: Any) -> None:
    """Take a few steps, and answer seconds per step, bytes held, and numbers of weights."""
    machine = start(device="cpu", precision="fp32", threads=2, determinism="machine")
    state, objective = game(name, scale, batch, machine)
    seconds = []

    def step(number: int) -> None:
        rng = step_rng(0, number)
        update(state, objective, step=number, rng=rng, autocast=machine.autocast)

    for number in range(1, STEPS + 1):
        begun = time.perf_counter()
        step(number)
        seconds.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    most = most_allocated(lambda: step(state.hyperparameters.penalty_every))
    counts = weights(state.generator, state.discriminators[0])
    kept = 4 * (4 * counts[0] + 3 * counts[1])
    answers.put((statistics.median(seconds), peak, counts, kept + most))


@click.command(help=__doc__)
@click.option("--scale", default="paper", show_default=True, help="Preset of the networks.")
@click.option("--batch", default=8, show_default=True, help="Clips per step.")
def main(scale: str, batch: int) -> None:
    """Print a row for each model."""
    click.echo("| model | weights of G, D | s per step | peak MiB | tensors MiB |")
    click.echo("|---|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    for name in CLIP_MODULES:
        answers = context.Queue()
        process = context.Process(target=measure, args=(name, scale, batch, answers))
        process.start()
        seconds, peak, (g, d), held = answers.get()
        process.join()
        click.echo(
            f"| {name} | {g / 1e6:.2f} M, {d / 1e6:.2f} M | {seconds:.2f} | {peak / MIB:,.0f} | "
            f"{held / MIB:,.0f} |"
        )


if __name__ == "__main__":
    main()
