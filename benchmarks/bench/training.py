"""Steps of training: a plain loop, and the project's under `portable` and under `fast`.

    python -m benchmarks.bench.training MODEL SIDE DATA [--quick]

is one side: it waits for what `sides.in_turn` asks of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from PIL import Image

from benchmarks.bench.sides import Side, in_turn, serve
from benchmarks.inputs import arrays_of, cycle, parameters, portable, recipe
from vidpipe.config.schema import Params
from vidpipe.data.npz import read_npz
from vidpipe.data.pairs import side_by_side
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.processor import fastest_runtime

MODELS = {
    "pix2pix": "pix2pix, 256x256, batch 1: the published networks",
    "dcgan": "dcgan, 28x28, batch 32: the networks of the recipe `report`",
    "gan3d": "gan3d at `laptop`: latents of 16 frames of 64x64, batch 8",
    "convlstm_gan": "convlstm_gan at `laptop`: latents of 16 frames of 64x64, batch 8",
}
SIDES = ("plain", "portable", "fast")
PUBLISHED = {"pix2pix": {"model": {"width": 64, "discriminator_width": 64}, "train": {"batch": 1}}}
SMALL_DATA = {
    "sources": {"clips": {"actions": {"actors": 3, "seconds": 2.0}}},
    "digits": {"count": 2000},
}
WARM = 4  # steps, at least, that are not timed
ONE_THREAD = {"threads": 1}  # of a try: threads that wait for busy cores would take minutes


def params_of(model: str, *, quick: bool) -> Params:
    """Parameters of a training; `quick` has the sizes of `smoke`."""
    patches: list[Any] = [recipe("report", model)] if model in ("pix2pix", "dcgan") else []
    if quick:
        return parameters("smoke", *patches)
    return parameters("laptop", *patches, *([PUBLISHED] if model == "pix2pix" else []))


def data_params(*, quick: bool) -> Params:
    """Parameters of what all of them train on."""
    if quick:
        return parameters("smoke")
    return parameters("laptop", SMALL_DATA, {"frames": {"footage": {"size": 256}}})


def write_pictures(data: Path) -> None:
    """Write the pairs as the published code reads them: a picture of both, side by side."""
    arrays = read_npz(data / "pairs.npz")
    folder = data / "png"
    folder.mkdir()
    for number, pair in enumerate(arrays["pairs"]):
        picture = side_by_side(arrays["frames"], pair)
        Image.fromarray(picture).save(folder / f"{number:05d}.png")


def compare(data: Path, *, rounds: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Time all sides of each model."""
    extra = ("--quick",) if quick else ()
    return {
        model: in_turn(
            [Side(side, "training", (model, side, str(data), *extra)) for side in SIDES],
            rounds=rounds,
            seconds=seconds,
        )
        for model in MODELS
    }


@click.command(help=__doc__)
@click.argument("model", type=click.Choice([*MODELS]))
@click.argument("side", type=click.Choice(SIDES))
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True)
def main(model: str, side: str, data: Path, quick: bool) -> None:
    """Train, as long as steps are asked for."""
    params = params_of(model, quick=quick)
    threads = ONE_THREAD if quick else {}
    if side == "plain":
        steps, facts = plain(model, params, data, **threads)
    else:
        runtime = portable() if side == "portable" else fastest_runtime()
        steps, facts = ours(model, params, data, runtime={**runtime, **threads})
    every = cycle(params, model)
    serve(lambda: next(steps), every=every, warm_up=max(WARM, every), facts=facts)


def ours(
    model: str, params: Params, data: Path, *, runtime: dict[str, Any]
) -> tuple[Iterator[object], Any]:
    """The project's loop, as a stage starts it, and what there is to say of it."""
    pin_instructions(runtime["determinism"])
    from benchmarks import games  # noqa: PLC0415 (it imports torch)
    from vidpipe.training.runtime import start  # noqa: PLC0415

    machine = start(**runtime)
    state, objective = games.networks(model, params, arrays_of(model, data), machine)
    facts = {"runtime": runtime, "weights": games.weights(*state.networks.by_name().values())}
    return games.steps(state, objective, machine), facts


def plain(
    model: str, params: Params, data: Path, *, threads: int | None = None
) -> tuple[Iterator[object], Any]:
    """A plain loop; its loader works in its own process, for others would take its cores."""
    import torch  # noqa: PLC0415

    from benchmarks import games  # noqa: PLC0415
    from benchmarks import plain as loops  # noqa: PLC0415

    if threads:
        torch.set_num_threads(threads)
    cpu, block = torch.device("cpu"), getattr(params, model)
    if model in games.CLIP_MODULES:
        return loops.from_noise(model, params, arrays_of(model, data), cpu, workers=0), {}
    if model == "pix2pix":
        size = params.frames.footage.size if block.model.width < 64 else 256
        generator = loops.UNet(size=size, width=block.model.width)
        discriminator: Any = loops.PatchGan(width=block.model.discriminator_width)
        pictures: Any = loops.PngPairs(data / "png")
        loop = loops.pix2pix
    else:
        arrays = arrays_of(model, data)
        generator, discriminator = loops.dcgan_networks(dropout=block.model.dropout)
        pictures = loops.seen_digits(arrays)
        loop = loops.dcgan
    for network in (generator, discriminator):
        network.apply(loops.drawn_weights)
    batches = loops.loader(pictures, block.train.batch, workers=0)
    return loop(generator, discriminator, batches, cpu), {
        "weights": games.weights(generator, discriminator)
    }


if __name__ == "__main__":
    main()
