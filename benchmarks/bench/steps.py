"""Where the time of a step goes: arithmetic, traffic and the optimizer, beside the machine's own.

    python -m benchmarks.bench.steps machine              matrix rate and copy bandwidth
    python -m benchmarks.bench.steps MODEL DATA [--quick]

Each prints JSON. One process after the other, in the runtime `fast`; times are those of torch's
profiler, of the thread that runs the step.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.bench.sides import ROOT, environment
from benchmarks.bench.training import ONE_THREAD, WARM, params_of
from benchmarks.inputs import arrays_of, cycle
from vidpipe.utils.errors import UserError
from vidpipe.utils.processor import fastest_runtime

MODELS = ("pix2pix", "dcgan", "gan3d", "vgan", "convlstm_gan", "mocogan")
MACHINE = "machine"
SIDE, COPIED = 2048, 64 * 2**20  # of matrices; numbers that are copied
LARGEST = 3  # items of a step that are named

# Part of a step -> starts of names of its operators; the first that fits.
ARITHMETIC, NORM, OPTIMIZER, TRAFFIC = "arithmetic", "normalisation", "optimizer", "traffic"
PARTS = {
    OPTIMIZER: ("aten::_fused_adam", "aten::_foreach", "aten::lerp", "Optimizer"),
    NORM: ("aten::native_batch_norm", "aten::batch_norm", "aten::_batch_norm"),
    ARITHMETIC: (
        "aten::mkldnn_conv", "aten::convolution", "aten::_slow_conv", "aten::slow_conv",
        "aten::thnn_conv", "aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm",
        "aten::mkldnn_linear", "aten::linear", "aten::dot", "aten::mv", "mkldnn",
    ),
}  # fmt: skip


def part_of(operator: str) -> str:
    """Which part of a step an operator is of: what is no arithmetic moves numbers, once each."""
    return next((part for part, starts in PARTS.items() if operator.startswith(starts)), TRAFFIC)


def compare(data: Path, *, rounds: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Profile a step of each model, one process after the other."""
    extra = ["--quick"] if quick else []
    facts = {MACHINE: _asked([MACHINE, *extra])}
    return facts | {model: _asked([model, str(data), *extra]) for model in MODELS}


def _asked(arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bench.steps", *arguments]
    told = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if told.returncode:
        raise UserError(f"{' '.join(command)}: ended with {told.returncode}; its words are above")
    return json.loads(told.stdout.splitlines()[-1])


@click.command(help=__doc__)
@click.argument("what", type=click.Choice([MACHINE, *MODELS]))
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--quick", is_flag=True)
def main(what: str, data: Path, quick: bool) -> None:
    """Print what was measured."""
    from vidpipe.training.runtime import start  # noqa: PLC0415

    runtime = {**fastest_runtime(), **(ONE_THREAD if quick else {})}
    machine = start(**runtime)
    facts = ceilings(quick=quick) if what == MACHINE else profiled(what, data, machine, quick=quick)
    print(json.dumps({"runtime": runtime, **facts}))  # noqa: T201


def ceilings(*, quick: bool) -> dict[str, float]:
    """GFLOP/s of a product of matrices, and GB/s of a copy, read and written."""
    import torch  # noqa: PLC0415

    side, numbers = (256, 2**20) if quick else (SIDE, COPIED)
    one, other = torch.randn(side, side), torch.randn(side, side)
    source, target = torch.randn(numbers), torch.empty(numbers)

    def seconds(call: Any) -> float:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            call()
            times.append(time.perf_counter() - begun)
        return median(times[2:])

    return {
        "gflops": round(2 * side**3 / seconds(lambda: torch.mm(one, other)) / 1e9, 1),
        "gb_per_s": round(8 * numbers / seconds(lambda: target.copy_(source)) / 1e9, 1),
    }


def profiled(model: str, data: Path, machine: Any, *, quick: bool) -> dict[str, Any]:
    """Shares of a step, its operations, and its largest items; penalties have their share."""
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415

    from benchmarks import games  # noqa: PLC0415

    params = params_of(model, quick=quick)
    state, objective = games.networks(model, params, arrays_of(model, data), machine)
    steps = games.steps(state, objective, machine)
    every = cycle(params, model)
    count = -(-WARM // every) * every

    def some() -> None:
        for _ in range(count):
            next(steps)

    # Warm, then by the clock, then with each kind of instrument, for these cost time.
    some()
    begun = time.perf_counter()
    some()
    took = (time.perf_counter() - begun) / count
    with games.Operations() as operations:
        some()
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        some()
    items = [
        (event.key, event.input_shapes, event.self_cpu_time_total / count / 1e6)
        for event in profiler.key_averages(group_by_input_shape=True)
    ]
    whole = sum(seconds for *_, seconds in items)
    parts: dict[str, float] = defaultdict(float)
    largest: dict[str, float] = defaultdict(float)
    for operator, shapes, seconds in items:
        parts[part_of(operator)] += seconds / whole
        largest[f"{operator.removeprefix('aten::')} {_shown(shapes)}"] += seconds / whole
    named = sorted(largest.items(), key=lambda item: -item[1])[:LARGEST]
    return {
        "seconds": float(f"{took:.4g}"),
        "gflop": float(f"{operations.total / count / 1e9:.4g}"),
        "weights": games.weights(*state.networks.by_name().values()),
        "parts": {name: round(share, 3) for name, share in parts.items()},
        "largest": {name: round(share, 3) for name, share in named},
    }


def _shown(shapes: list[list[int]]) -> str:
    """Shapes of the first tensors, as 16x32x8x8."""
    sizes = ["x".join(map(str, shape)) for shape in shapes if shape and len(shape) > 1]
    return ", ".join(sizes[:3])


if __name__ == "__main__":
    main()
