"""vidpipe on one CUDA device; `benchmarks/gpu.sh` runs every part of it and prints the tables.

    python benchmarks/gpu.py data DIR                 clips at 128x128, pairs at 256x256, digits
    python benchmarks/gpu.py ceilings OUT             matrix rates and memory bandwidth
    python benchmarks/gpu.py step OUT MODEL LOOP      seconds per update of one loop
    python benchmarks/gpu.py digest OUT MODEL         hash of the weights after a few updates
    python benchmarks/gpu.py train OUT MODEL          `paper`, for as many steps as the time allows
    python benchmarks/gpu.py tables OUT               everything that was written, as Markdown

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
import yaml
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torch.utils.flop_counter import flop_registry

from vidpipe.config.models import TrainingConfig
from vidpipe.config.schema import Params
from vidpipe.data.clip_arrays import at_size
from vidpipe.data.npz import read_npz, write_npz
from vidpipe.data.splits import SEEN, TRAIN
from vidpipe.data.workers import processors
from vidpipe.models import dcgan, pix2pix, registry
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.noise import NoiseObjective, Prior
from vidpipe.models.windows import Past
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training.adversarial import Objective, TrainState, update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import Machine, start
from vidpipe.training.trainer import hyperparameters_of, place
from vidpipe.utils.names import model_name

ROOT = Path(__file__).parents[1]
CLIP_MODULES = {model_name(module): module for module in registry.CLIP_GANS}
CLIP_GANS = tuple(CLIP_MODULES)
MODELS = ("pix2pix", *CLIP_GANS, "dcgan")
LOOPS = ("plain", "plain_tuned", "fp32", "bf16", "bf16_free")
ENOUGH = 10**9  # steps of a loop that is stopped from outside
ROUNDS = 3


# ---------------------------------------------------------------------------------------- set-up


def parameters(scale: str, *, painting: bool = False) -> Params:
    """`params.yaml` with a preset of conf/presets/scale laid over it.

    GANs of clips work on pixels: latents would need an autoencoder that is trained before.

    Args:
        scale: Name of the preset.
        painting: Let pix2pix paint from one frame, as published: what a plain loop is written for.
    """
    blocks = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    preset = ROOT / f"conf/presets/scale/{scale}.yaml"
    _lay_over(blocks, yaml.safe_load(preset.read_text(encoding="utf-8")))
    _lay_over(blocks, {name: {"model": {"space": "pixels"}} for name in CLIP_GANS})
    if painting:
        _lay_over(blocks, {"pix2pix": {"model": {"history": 1, "motion": "none"}}})
    return Params.model_validate(blocks)


def _lay_over(blocks: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            _lay_over(blocks[key], value)
        else:
            blocks[key] = value


def networks(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine
) -> tuple[TrainState, Objective]:
    """State and training objective of a model, as its training stage makes them."""
    torch.manual_seed(0)
    block = getattr(params, name)
    config = TrainingConfig(block.model, block.train)
    if name == "pix2pix":
        pairs = pix2pix.PairData.of(arrays, machine.device)
        made = place(pix2pix.build(config, pairs), machine)
        state = TrainState(made, pix2pix.hyperparameters(block.train))
        return state, pix2pix.objective(config, pairs)
    if name == "dcgan":
        made = place(dcgan.build(config), machine)
        real = torch.from_numpy(arrays["pictures"][arrays["split"] == SEEN])[:, None]
        prior = Prior(block.model.latent, block.model.codes)
        objective = NoiseObjective(real.to(machine.device), batch=block.train.batch, prior=prior)
        return TrainState(made, hyperparameters_of(block.train)), objective
    clips = ClipData.of(at_size(arrays, block.model.size), machine.device)
    made = place(CLIP_MODULES[name].build(config, clips), machine)
    state = TrainState(made, hyperparameters_of(block.train))
    return state, CLIP_MODULES[name].objective(config, clips)


def arrays_of(name: str, folder: Path) -> dict[str, np.ndarray]:
    """What a model is trained on."""
    file = {"pix2pix": "pairs", "dcgan": "digits"}.get(name, "clips")
    return read_npz(folder / f"{file}.npz")


def synchronise(device: torch.device) -> None:
    """Wait for what is queued."""
    if device.type == "cuda":
        torch.cuda.synchronize()


# ------------------------------------------------------------------------------ the loops compared


def ours(name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine) -> Iterator:
    """The project's own update, step after step."""
    state, objective = networks(name, params, arrays, machine)
    for step in range(1, ENOUGH):
        update(state, objective, step=step, rng=step_rng(0, step), autocast=machine.autocast)
        yield


class Windows(Dataset):  # type: ignore[type-arg]
    """Windows of clips as a plain loop reads them: one at a time, by worker processes."""

    def __init__(self, arrays: Mapping[str, np.ndarray], length: int) -> None:
        rows = arrays["split"] == TRAIN
        self.frames, self.clips = arrays["frames"], arrays["clips"][rows]
        self.label, self.length = arrays["label"][rows].astype(np.int64), length

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        clip = self.clips[index]
        begin = int(torch.randint(len(clip) - self.length + 1, ()))
        pixels = torch.from_numpy(self.frames[clip[begin : begin + self.length]])
        clip = pixels.permute(3, 0, 1, 2).float() / 127.5 - 1
        return (clip.flip(-1) if torch.rand(()) < 0.5 else clip), int(self.label[index])


class Rows(Dataset):  # type: ignore[type-arg]
    """Pairs of frames, or pictures: whatever stands in a row of indices."""

    def __init__(self, pixels: np.ndarray, rows: np.ndarray) -> None:
        self.pixels, self.rows = pixels, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> list[Tensor]:
        return [
            torch.from_numpy(self.pixels[one]).permute(2, 0, 1).float() / 127.5 - 1
            for one in np.atleast_1d(self.rows[index])
        ]


def loader(data: Dataset, batch: int) -> DataLoader:  # type: ignore[type-arg]
    """Batches without end, by four workers, into pinned memory."""
    return DataLoader(
        data,
        batch,
        sampler=RandomSampler(data, replacement=True, num_samples=ENOUGH),  # type: ignore[arg-type]
        num_workers=min(4, processors()),
        pin_memory=torch.cuda.is_available(),
    )


def plain(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], device: torch.device
) -> Iterator:
    """The same networks and losses as one writes them first: PyTorch's defaults throughout.

    fp32 tensors (convolutions in tf32, as PyTorch sets it), channels first, Adam as it comes, a
    DataLoader with workers. pix2pix is the paper's own, without the project's noise, views and
    steps ahead, which the published loop has not to pay for.
    """
    machine = Machine(device, lambda: torch.autocast(device.type, enabled=False))
    state, objective = networks(name, params, arrays, machine)
    generator, discriminator = state.generator, state.discriminators[0]
    for network in (generator, discriminator):
        for weight in network.parameters():
            weight.data = weight.data.contiguous()
    if name == "pix2pix":
        yield from _plain_pix2pix(generator, discriminator, params.pix2pix.train, arrays, device)
        return
    train = getattr(params, name).train
    if name == "dcgan":
        seen = np.flatnonzero(arrays["split"] == SEEN)
        batches = ((real, None) for real, in loader(Rows(arrays["pictures"][..., None], seen),
                                                    train.batch))  # fmt: skip
    else:
        model = getattr(params, name).model
        windows = Windows(at_size(arrays, model.size), model.frames)
        batches = iter(loader(windows, train.batch))
    adams = [
        torch.optim.Adam(network.parameters(), train.learning_rate, (train.beta1, train.beta2))
        for network in (generator, discriminator)
    ]
    average = {key: value.clone() for key, value in generator.state_dict().items()}
    for step, (pixels, label) in enumerate(batches, 1):
        real = pixels.to(device, non_blocking=True)
        noise = generator.prior.draw(len(real), torch.default_generator, label).to(device)
        source = generator.source(noise, real[:, :, 0]) if name in CLIP_GANS else noise
        fake, penalties = objective.generate_with_losses(generator, source, real)
        steep = step % train.penalty_every == 0
        sides = [real.requires_grad_(steep), fake.detach().requires_grad_(steep)]
        logits = [discriminator(source, side) for side in sides]
        loss = F.softplus(logits[1] - logits[0]).mean()
        for weight, side, judged in zip((train.r1, train.r2), sides, logits, strict=True):
            if steep:
                (slope,) = torch.autograd.grad(judged.sum(), side, create_graph=True)
                penalty = 0.5 * slope.square().flatten(1).sum(1).mean()
                loss = loss + train.penalty_every * weight * penalty
        adams[1].zero_grad()
        loss.backward()
        adams[1].step()
        loss = F.softplus(logits[0].detach() - discriminator(source, fake)).mean()
        adams[0].zero_grad()
        (loss + sum(penalties.values())).backward()
        adams[0].step()
        with torch.no_grad():
            for key, value in generator.state_dict().items():
                if value.is_floating_point():
                    average[key].lerp_(value, 1 - train.ema)
        yield


def _plain_pix2pix(
    generator: nn.Module,
    discriminator: nn.Module,
    train: Any,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
) -> Iterator:
    seen = arrays["pairs"][arrays["pair_split"] == SEEN]
    adams = [
        torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))
        for network in (generator, discriminator)
    ]
    loss = nn.BCEWithLogitsLoss()
    for pair in loader(Rows(arrays["frames"], seen), train.batch):
        frame, target = (frames.to(device, non_blocking=True) for frames in pair)
        source = Past(frame.unsqueeze(1))  # a window of one
        fake = generator(source)
        real_logits = discriminator(source, target)
        fake_logits = discriminator(source, fake.detach())
        d_loss = 0.5 * (
            loss(real_logits, torch.ones_like(real_logits))
            + loss(fake_logits, torch.zeros_like(fake_logits))
        )
        adams[1].zero_grad()
        d_loss.backward()
        adams[1].step()
        discriminator.requires_grad_(False)
        logits = discriminator(source, fake)
        g_loss = loss(logits, torch.ones_like(logits)) + 100 * F.l1_loss(fake, target)
        adams[0].zero_grad()
        g_loss.backward()
        adams[0].step()
        discriminator.requires_grad_(True)
        yield


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
    import pandas as pd  # noqa: PLC0415

    from vidpipe.pipelines.data import (  # noqa: PLC0415
        clips_fetch,
        clips_frames,
        digits,
        footage_fetch,
        footage_frames,
    )
    from vidpipe.pipelines.data import pairs as footage_pairs  # noqa: PLC0415
    from vidpipe.pipelines.data.clips import cut  # noqa: PLC0415

    params, scratch = parameters(scale), folder / "scratch"
    scratch.mkdir(parents=True)
    videos, manifest = footage_fetch.fetch_footage(params.sources.footage, ROOT, scratch)
    frames = footage_frames.extract_footage(videos, manifest, params.frames.footage, scratch)
    write_npz(folder / "pairs.npz", footage_pairs.pack(frames, manifest, params.pairs)[0])

    # Drawing takes a minute; what `clips_fetch` has drawn is taken where it is there.
    videos, table = ROOT / "data/01_raw/clips", ROOT / "data/01_raw/clips.csv"
    if table.is_file():
        manifest = pd.read_csv(table, keep_default_na=False)
    else:
        videos, manifest, _ = clips_fetch.fetch_clips(params.sources.clips, ROOT, scratch)
    frames = clips_frames.extract_clips(videos, manifest, params.frames.clips, scratch)
    write_npz(folder / "clips.npz", cut(frames, manifest, params.clips)[0])

    glyphs = ROOT / "data/01_raw/glyphs"
    write_npz(folder / "digits.npz", digits.make_digits(glyphs, params.digits)[0])


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
    arrays, params = arrays_of(model, folder), parameters(scale, painting=True)
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
    times, count = timed(steps, place, seconds)
    facts |= {"seconds": statistics.median(times), "rounds": times, "steps": count}
    if place.type == "cuda":
        facts["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    steps.close()
    return facts


def timed(steps: Iterator, device: torch.device, seconds: float) -> tuple[list[float], int]:
    """Seconds per step of three rounds, and the steps of each."""
    for _ in range(8):  # kernels are chosen, caches filled, both kinds of step seen
        next(steps)
    synchronise(device)
    begun = time.perf_counter()
    for _ in range(4):
        next(steps)
    synchronise(device)
    count = max(4, round(4 * seconds / (time.perf_counter() - begun) / 4) * 4)
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(count):
            next(steps)
        synchronise(device)
        rounds.append((time.perf_counter() - begun) / count)
    return rounds, count


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of matrix products and convolutions.

    torch's own FlopCounterMode follows modules by hooks that fail within `autograd.grad`.
    """

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        value = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func._overloadpacket):
            self.total += count(*args, **(kwargs or {}), out_val=value)
        return value


def counted(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine
) -> dict[str, Any]:
    """What an update takes: products and sums, time on the device, and waits for it.

    Four updates, of which one has gradient penalties if the model has any.
    """
    state, objective = networks(name, params, arrays, machine)

    def one(step: int) -> None:
        update(state, objective, step=step, rng=step_rng(0, step), autocast=machine.autocast)

    four = range(1, 5)
    with Operations() as operations:
        for number in four:
            one(number)
    facts: dict[str, Any] = {"tflop_per_step": operations.total / len(four) / 1e12}
    if machine.device.type != "cuda":
        return facts
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in four:
            one(number)
    torch.cuda.set_sync_debug_mode("default")
    facts["waits_per_step"] = sum("synchroniz" in str(w.message) for w in caught) / len(four)
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        for number in four:
            one(number)
        torch.cuda.synchronize()
    kernels = sorted(profile.key_averages(), key=lambda e: -e.self_device_time_total)
    facts["device_seconds"] = sum(e.self_device_time_total for e in kernels) / len(four) / 1e6
    facts["kernels_per_step"] = sum(e.count for e in kernels) / len(four)
    facts["longest_kernels"] = {
        e.key[:90]: round(e.self_device_time_total / len(four) / 1e3, 3) for e in kernels[:8]
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
@click.argument("model", type=click.Choice(["pix2pix", *CLIP_GANS]))
@click.option("--seconds", default=60.0, help="Of training, about.")
@data_option
@scale_option
@device_option
def train(out: Path, model: str, seconds: float, folder: Path, scale: str, device: str) -> None:
    """Train by the pipeline's own nodes, score, and leave history, samples and films."""
    params = parameters(scale)
    precision = params.runtime.precision
    runtime = params.runtime.model_copy(update={"device": device, "determinism": "machine"})
    arrays, block = arrays_of(model, folder), getattr(params, model)
    # How long a step takes here says how many there will be; the schedule fits that number.
    machine = start(**runtime.model_dump())
    per_step = statistics.median(timed(ours(model, params, arrays, machine), machine.device, 1)[0])
    every = block.train.report_every
    steps = max(every, int(seconds / per_step) // every * every)
    short = block.train.model_copy(update={"steps": steps, "sample_every": every * 10})
    scratch = out / f"scratch-{model}"
    scratch.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    numbers, plots, samples = _trained(model, block, short, arrays, params, runtime, scratch)
    note(
        out, f"train-{model}", model=model, steps=steps, batch=short.batch, precision=precision,
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
) -> tuple[dict[str, float], Path, Path]:
    tracker = NullTracker()
    saves = scratch / "checkpoints"
    if model == "pix2pix":
        from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix  # noqa: PLC0415
        from vidpipe.pipelines.prediction.train import train_pix2pix  # noqa: PLC0415

        made = train_pix2pix(arrays, block.model, short, runtime, tracker, saves, scratch)
        return evaluate_pix2pix(arrays, made, block.evaluate, runtime, tracker, scratch)
    from vidpipe.pipelines.clips.classifier import train_action_classifier  # noqa: PLC0415
    from vidpipe.pipelines.clips.evaluate import make_evaluate_node  # noqa: PLC0415
    from vidpipe.pipelines.clips.train import make_train_node  # noqa: PLC0415

    # Half a minute for the classifier, not two: it is the GAN that is looked at here.
    few = {"steps": min(400, params.action_classifier.steps)}
    classifier = params.action_classifier.model_copy(update=few)
    judge, _ = train_action_classifier(arrays, classifier, runtime, scratch)
    train_node = make_train_node(CLIP_MODULES[model])
    made = train_node(arrays, block.model, short, runtime, tracker, saves, scratch)
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
