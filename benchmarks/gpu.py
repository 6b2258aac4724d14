"""vidpipe on one CUDA device; `benchmarks/gpu.sh` runs every part of it and prints the tables.

    python -m benchmarks.gpu data DIR                 clips at 128x128, pairs at 256x256, digits
    python -m benchmarks.gpu ceilings OUT             matrix rates and memory bandwidth
    python -m benchmarks.gpu step OUT MODEL LOOP      seconds per update of one loop
    python -m benchmarks.gpu digest OUT MODEL         hash of the weights after a few updates
    python -m benchmarks.gpu autoencoder OUT          and the classifier that it is scored by
    python -m benchmarks.gpu train OUT MODEL          `paper`, for as many steps as the time allows
    python -m benchmarks.gpu tables OUT               everything that was written, as Markdown

The parts that train import neither Kedro, DVC nor MLflow, so that a machine without a network
needs only a few small wheels: av, isal, pydantic, rarfile, scikit-video.
"""

import hashlib
import json
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from benchmarks import inputs
from benchmarks import plain as loops
from benchmarks.games import CLIP_MODULES, ENOUGH, Operations, networks
from benchmarks.inputs import PAINTING, arrays_of, cycle, parameters
from vidpipe.config.schema import Params, Runtime
from vidpipe.data.workers import processors
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training.adversarial import update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import Machine, start

CLIP_GANS = tuple(CLIP_MODULES)
MODELS = ("pix2pix", *CLIP_GANS, "dcgan")
LOOPS = ("plain", "plain_tuned", "fp32", "bf16", "bf16_free")
ROUNDS = 3
FIRST = "scratch-first"  # classifier and autoencoder, which GANs of clips need


def ours(name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine) -> Iterator:
    """The project's own update, step after step, without a wait for the device."""
    state, objective = networks(name, params, arrays, machine)
    for step in range(1, ENOUGH):
        update(state, objective, step=step, rng=step_rng(0, step), autocast=machine.autocast)
        yield


def plain(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], device: torch.device
) -> Iterator:
    """A plain loop, with four workers that load; convolutions in tf32, as PyTorch sets it.

    pix2pix is as published, without the noise, views and steps ahead that the project's has to
    pay for.
    """
    workers = min(4, processors())
    if name != "pix2pix":
        return loops.from_noise(name, params, arrays, device, workers=workers)
    model = params.pix2pix.model
    generator = loops.UNet(size=arrays["frames"].shape[1], width=model.width)
    discriminator = loops.PatchGan(width=model.discriminator_width)
    for network in (generator, discriminator):
        network.apply(loops.drawn_weights).to(device)
    batches = loops.loader(loops.seen_pairs(arrays), params.pix2pix.train.batch, workers=workers)
    return loops.pix2pix(generator, discriminator, batches, device)


def synchronise(device: torch.device) -> None:
    """Wait for what is queued."""
    if device.type == "cuda":
        torch.cuda.synchronize()


# ------------------------------------------------------------------------------------------ parts


@click.group(help=__doc__, context_settings={"show_default": True})
def main() -> None:
    """Each part is a command, so that each has a process, and an environment, of its own."""


def note(out: Path, name: str, **facts: Any) -> None:
    """Write facts as OUT/<name>.json, and print them."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{name}: {json.dumps(facts)}")


FOLDER = click.Path(path_type=Path, file_okay=False)
scale_option = click.option("--scale", default="paper", help="Preset of sizes and steps.")
device_option = click.option("--device", default="cuda", help="cpu, to try this script out.")
data_option = click.option("--data", "folder", type=FOLDER, required=True)


@main.command()
@click.argument("folder", type=FOLDER)
@scale_option
def data(folder: Path, scale: str) -> None:
    """Make clips.npz, pairs.npz and digits.npz by the nodes of the pipeline, without Kedro."""
    inputs.make_data(folder, parameters(scale))


@main.command()
@click.argument("out", type=FOLDER)
@device_option
@click.option("--side", default=8192, help="Of the matrices.")
def ceilings(out: Path, device: str, side: int) -> None:
    """Measure what the device does at most: matrix products, and copies within its memory."""
    rates = {}
    for kind, dtype, tf32 in (
        ("fp32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("bf16", torch.bfloat16, False),
    ):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        seconds = _median_seconds(partial(torch.mm, one, other), torch.device(device))
        rates[f"{kind}_tflops"] = round(2 * side**3 / seconds / 1e12, 1)
    torch.backends.cuda.matmul.allow_tf32 = False
    one = torch.randn(side * side * 4, device=device)
    other = torch.empty_like(one)
    seconds = _median_seconds(partial(other.copy_, one), torch.device(device))
    rates["copy_tb_per_s"] = round(2 * one.nbytes / seconds / 1e12, 2)
    cuda = device == "cuda"
    name = torch.cuda.get_device_name() if cuda else "cpu"
    note(out, "ceilings", device=name, torch=torch.__version__, **rates)


def _median_seconds(call: Callable[[], object], device: torch.device, times: int = 10) -> float:
    for _ in range(3):
        call()
    taken = []
    for _ in range(times):
        synchronise(device)
        begun = time.perf_counter()
        call()
        synchronise(device)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


@main.command()
@click.argument("out", type=FOLDER)
@click.argument("model", type=click.Choice(MODELS))
@click.argument("loops", type=click.Choice(LOOPS), nargs=-1, required=True)
@click.option("--batch", type=int, help="Samples per step; those of the preset, if not given.")
@click.option("--seconds", default=1.0, help="Length of each of three rounds, after a warm-up.")
@data_option
@scale_option
@device_option
def step(
    out: Path,
    model: str,
    loops: tuple[str, ...],
    batch: int | None,
    seconds: float,
    folder: Path,
    scale: str,
    device: str,
) -> None:
    """Time loops of one model, one after the other: the median of three rounds, warmed up."""
    arrays, params = arrays_of(model, folder), parameters(scale, PAINTING)
    block = getattr(params, model)
    if batch:
        train = block.train.model_copy(update={"batch": batch})
        block = block.model_copy(update={"train": train})
        params = params.model_copy(update={model: block})
    for loop in loops:
        facts = _one_loop(model, loop, params, arrays, device, seconds)
        note(out, f"step-{model}-{block.train.batch}-{loop}", batch=block.train.batch, **facts)


def _one_loop(
    model: str,
    loop: str,
    params: Params,
    arrays: Mapping[str, np.ndarray],
    device: str,
    seconds: float,
) -> dict[str, Any]:
    place, facts = torch.device(device), {"model": model, "loop": loop}
    if loop.startswith("plain"):
        torch.backends.cudnn.benchmark = loop == "plain_tuned"
        steps = plain(model, params, arrays, place)
    else:
        precision, _, free = loop.partition("_")
        machine = start(
            device=device, precision=precision, threads=params.runtime.threads,
            determinism="machine",
        )  # fmt: skip
        if free:
            torch.set_deterministic_debug_mode("default")
            torch.backends.cudnn.benchmark = True
        else:
            facts |= counted(model, params, arrays, machine)
        steps = ours(model, params, arrays, machine)
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times, count = timed(steps, place, seconds, every=cycle(params, model))
    facts |= {"seconds": statistics.median(times), "rounds": times, "steps": count}
    if place.type == "cuda":
        facts["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    steps.close()
    return facts


def timed(
    steps: Iterator, device: torch.device, seconds: float, *, every: int
) -> tuple[list[float], int]:
    """Seconds per step of three rounds, and the steps of each, a multiple of `every`."""
    for _ in range(8):  # kernels are chosen, caches filled, both kinds of step seen
        next(steps)
    synchronise(device)
    begun = time.perf_counter()
    for _ in range(every):
        next(steps)
    synchronise(device)
    count = max(1, round(seconds / (time.perf_counter() - begun))) * every
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(count):
            next(steps)
        synchronise(device)
        rounds.append((time.perf_counter() - begun) / count)
    return rounds, count


def counted(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine
) -> dict[str, Any]:
    """What an update takes: products and sums, time on the device, and waits for it.

    Of as many updates as lie between two gradient penalties, and four at least.
    """
    state, objective = networks(name, params, arrays, machine)

    def one(step: int) -> None:
        update(state, objective, step=step, rng=step_rng(0, step), autocast=machine.autocast)

    numbers = range(1, max(4, cycle(params, name)) + 1)
    with Operations() as operations:
        for number in numbers:
            one(number)
    facts: dict[str, Any] = {"tflop_per_step": operations.total / len(numbers) / 1e12}
    if machine.device.type != "cuda":
        return facts
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in numbers:
            one(number)
    torch.cuda.set_sync_debug_mode("default")
    facts["waits_per_step"] = sum("synchroniz" in str(w.message) for w in caught) / len(numbers)
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        for number in numbers:
            one(number)
        torch.cuda.synchronize()
    kernels = sorted(profile.key_averages(), key=lambda e: -e.self_device_time_total)
    facts["device_seconds"] = sum(e.self_device_time_total for e in kernels) / len(numbers) / 1e6
    facts["kernels_per_step"] = sum(e.count for e in kernels) / len(numbers)
    facts["longest_kernels"] = {
        e.key[:90]: round(e.self_device_time_total / len(numbers) / 1e3, 3) for e in kernels[:8]
    }
    return facts


@main.command()
@click.argument("out", type=FOLDER)
@click.argument("model", type=click.Choice(MODELS))
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="bf16")
@click.option("--run", "number", default=1, help="Which of several, for the file's name.")
@data_option
@scale_option
@device_option
def digest(
    out: Path, model: str, precision: str, number: int, folder: Path, scale: str, device: str
) -> None:
    """Hash all that eight updates have changed; two processes must agree."""
    params = parameters(scale)
    machine = start(
        device=device, precision=precision, threads=params.runtime.threads, determinism="machine"
    )
    state, objective = networks(model, params, arrays_of(model, folder), machine)
    for done in range(1, 9):
        update(state, objective, step=done, rng=step_rng(0, done), autocast=machine.autocast)
    md5 = hashlib.md5()
    for name, value in sorted(state.state_dict().items()):
        md5.update(name.encode())
        md5.update(value.cpu().contiguous().numpy().tobytes())
    note(out, f"digest-{model}-{precision}-{number}", model=model, md5=md5.hexdigest())


@main.command()
@click.argument("out", type=FOLDER)
@click.option("--steps", default=2000, show_default=True, help="Of the autoencoder, at most.")
@data_option
@scale_option
@device_option
def autoencoder(out: Path, steps: int, folder: Path, scale: str, device: str) -> None:
    """Train what GANs of clips need first, by the pipeline's own nodes, and score it."""
    from vidpipe.pipelines.clips.autoencoder import train_clip_autoencoder  # noqa: PLC0415
    from vidpipe.pipelines.clips.classifier import train_action_classifier  # noqa: PLC0415

    params = parameters(scale)
    runtime = on(device, params)
    arrays = arrays_of("gan3d", folder)
    scratch = out / FIRST
    scratch.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()

    # Half a minute for the classifier, not two: it is the GANs that are looked at here.
    few = {"steps": min(400, params.action_classifier.steps)}
    classifier = params.action_classifier.model_copy(update=few)
    judge, _ = train_action_classifier(arrays, classifier, runtime, scratch)
    block = params.clip_autoencoder
    train = block.train.model_copy(update={"steps": min(steps, block.train.steps)})
    evaluate = block.evaluate.model_copy(update={"samples": min(512, block.evaluate.samples)})
    _, metrics, samples = train_clip_autoencoder(
        arrays, judge, block.model, train, evaluate, runtime, NullTracker(), scratch
    )
    note(
        out, "train-autoencoder", steps=train.steps, batch=train.batch, precision=runtime.precision,
        seconds_in_all=time.perf_counter() - begun, metrics=metrics,
    )  # fmt: skip
    samples.rename(out / "autoencoder-samples")


def on(device: str, params: Params) -> Runtime:
    """The scale's runtime on this device, with bits of this machine."""
    return params.runtime.model_copy(update={"device": device, "determinism": "machine"})


@main.command()
@click.argument("out", type=FOLDER)
@click.argument("model", type=click.Choice(["pix2pix", *CLIP_GANS]))
@click.option("--seconds", default=60.0, help="Of training, about.")
@data_option
@scale_option
@device_option
def train(out: Path, model: str, seconds: float, folder: Path, scale: str, device: str) -> None:
    """Train by the pipeline's own nodes, score, and leave history, samples and films."""
    params = parameters(scale)
    runtime = on(device, params)
    arrays, block = arrays_of(model, folder), getattr(params, model)
    # How long a step takes here says how many there will be; the schedule fits that number.
    machine = start(**runtime.model_dump())
    updates = ours(model, params, arrays, machine)
    rounds, _ = timed(updates, machine.device, 1, every=cycle(params, model))
    per_step = statistics.median(rounds)
    every = block.train.report_every
    steps = max(every, int(seconds / per_step) // every * every)
    short = block.train.model_copy(update={"steps": steps, "sample_every": every * 10})
    if model in CLIP_GANS:
        # The walk learns on alone: at `paper` for longer than all that this has time for.
        few = {"walk_steps": min(1000, block.train.walk_steps)}
        short = short.model_copy(update=few)
    scratch = out / f"scratch-{model}"
    scratch.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    numbers, _, plots, samples = _trained(model, block, short, arrays, params, runtime, scratch)
    note(
        out, f"train-{model}", model=model, steps=steps, batch=short.batch,
        precision=runtime.precision,
        seconds_per_step=per_step, seconds_in_all=time.perf_counter() - begun, metrics=numbers,
    )  # fmt: skip
    for kind in (plots, samples):
        kind.rename(out / f"{model}-{kind.name}")


def _trained(
    model: str,
    block: Any,
    short: Any,
    arrays: dict[str, np.ndarray],
    params: Params,
    runtime: Any,
    scratch: Path,
) -> tuple[dict[str, Any], dict[str, Any], Path, Path]:
    tracker = NullTracker()
    saves = scratch / "checkpoints"
    if model == "pix2pix":
        from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix  # noqa: PLC0415
        from vidpipe.pipelines.prediction.train import train_pix2pix  # noqa: PLC0415

        made = train_pix2pix(arrays, block.model, short, runtime, tracker, saves, scratch)
        return evaluate_pix2pix(arrays, made, block.evaluate, runtime, tracker, scratch)
    from vidpipe.pipelines.clips.evaluate import make_evaluate_node  # noqa: PLC0415
    from vidpipe.pipelines.clips.train import make_train_node  # noqa: PLC0415

    # What the part `autoencoder` has left.
    first = scratch.parent / FIRST
    judge, frames = first / "action_classifier", first / "clip_autoencoder"
    train_node = make_train_node(CLIP_MODULES[model])
    made = train_node(arrays, block.model, short, runtime, tracker, saves, scratch, frames)
    evaluate = block.evaluate.model_copy(update={"samples": min(512, block.evaluate.samples)})
    evaluate_node = make_evaluate_node(CLIP_MODULES[model])
    return evaluate_node(arrays, made, judge, evaluate, runtime, tracker, scratch)


# ----------------------------------------------------------------------------------------- tables


@main.command()
@click.argument("out", type=FOLDER)
def tables(out: Path) -> None:
    """Gather everything in OUT/gpu.json, and print it as Markdown."""
    parts = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(out.glob("*.json"))
        if file.stem != "gpu"
    }
    (out / "gpu.json").write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    top = parts.get("ceilings", {})
    click.echo(f"\n{top}\n")
    rate = top.get("bf16_tflops")
    click.echo("| model, batch | " + " | ".join(LOOPS) + " | bf16 / plain | bf16 / tuned "
               "| device busy | waits a step | TFLOP a step | of the matrix rate |")  # fmt: skip
    click.echo("|---|" + "---|" * (len(LOOPS) + 6))
    rows = sorted({tuple(n.split("-")[1:3]) for n in parts if n.startswith("step-")})
    for model, batch in rows:
        found = {loop: parts.get(f"step-{model}-{batch}-{loop}", {}) for loop in LOOPS}
        ms = {loop: 1000 * facts["seconds"] for loop, facts in found.items() if facts}
        cells = [f"{ms[loop]:.1f} ms" if loop in ms else "" for loop in LOOPS]
        for rival in ("plain", "plain_tuned"):
            both = rival in ms and "bf16" in ms
            cells.append(f"{ms[rival] / ms['bf16']:.2f}" if both else "")
        bf16 = found["bf16"]
        if "device_seconds" in bf16:
            share = bf16["tflop_per_step"] / bf16["seconds"] / rate if rate else 0.0
            cells += [
                f"{bf16['device_seconds'] / bf16['seconds']:.0%}",
                f"{bf16['waits_per_step']:.1f}",
                f"{bf16['tflop_per_step']:.3f}",
                f"{share:.1%}",
            ]
        click.echo(f"| {model}, {batch} | " + " | ".join(cells) + " |")
    digests: dict[tuple[str, str], set[str]] = {}
    for name, facts in parts.items():
        if name.startswith("digest-"):
            _, model, precision, _ = name.split("-")
            digests.setdefault((model, precision), set()).add(facts["md5"])
    for (model, precision), md5s in digests.items():
        word = "equal" if len(md5s) == 1 else "NOT equal"
        click.echo(f"two processes, {model}, {precision}: {word}")


if __name__ == "__main__":
    main()
