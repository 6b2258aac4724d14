"""`vidpipe generate`: new pictures or clips from a trained model."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from vidpipe.commands.predict import read_image
from vidpipe.data.video import encode
from vidpipe.pipeline_registry import CLIP_GANS
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import gif, png

if TYPE_CHECKING:
    import torch

    from vidpipe.models.noise import Prior

DIGIT_GANS = ("mlp_gan", "dcgan")
WRITTEN = (".png", ".gif", ".mp4")
FILMED = 400  # tiles of a film, at most: all its pages are held in memory
LOOPS = 4  # of clips in an mp4, which players do not repeat


@click.command()
@click.argument("model", type=click.Choice((*DIGIT_GANS, *CLIP_GANS)))
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=16, show_default=True, help="How many."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Another seed makes others; the same seed the same.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=".png, .gif or .mp4  [default: out.png of digits, out.mp4 of clips]",
)
@click.option(
    "--image", type=click.Path(path_type=Path), help="The picture that convlstm_gan is to move."
)
@click.option("--label", help="What all are to show, as `wave1`  [default: any]")
@click.option(
    "--tile", type=click.IntRange(28, 512), help="Pixels of a side  [default: 56, of clips 112]"
)
@click.option(
    "--fps",
    type=click.IntRange(1, 50),
    default=12,
    show_default=True,
    help="Frames per second of a film.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Folder with generator.safetensors  [default: data/06_models/MODEL]",
)
def generate(
    model: str,
    count: int,
    seed: int,
    out: Path | None,
    image: Path | None,
    label: str | None,
    tile: int | None,
    fps: int,
    weights: Path | None,
) -> None:
    """Make new pictures or clips with MODEL.

    Digits (mlp_gan, dcgan): a .png shows them, a film each on a walk through noise, back to where
    it began. Clips (gan3d, vgan, convlstm_gan): a film shows them, a .png each frame by frame. All
    clips of convlstm_gan begin with --image, cut to a square.

    \b
      vidpipe generate dcgan --count 25 --out digits.png
      vidpipe generate gan3d --count 16 --seed 1 --out wall.mp4
      vidpipe generate gan3d --label jack --out jacks.gif
      vidpipe generate convlstm_gan --image me.png --out me.gif
    """
    out = out or Path("out.mp4" if model in CLIP_GANS else "out.png")
    _check(model, count, out, image, label)
    file = (weights or Path("data/06_models") / model) / "generator.safetensors"
    how: dict[str, Any] = {"still": out.suffix == ".png", "tile": tile}
    if model in CLIP_GANS:
        pages = _clips(model, file, count, seed, image, label, **how)
    else:
        pages = _digits(model, file, count, seed, **how)
    with whole_file(out) as partial:
        if out.suffix == ".png":
            partial.write_bytes(png(pages[0]))
        elif out.suffix == ".gif":
            partial.write_bytes(gif(pages, fps=fps, colours=256))
        else:
            partial.write_bytes(encode(pages * (LOOPS if model in CLIP_GANS else 1), fps=fps))
    click.echo(f"{out}: {count} of {model}, seed {seed}")


def _check(model: str, count: int, out: Path, image: Path | None, label: str | None) -> None:
    """What can be told before torch is there."""
    if out.suffix not in WRITTEN:
        raise UserError(f"--out {out}: expected a name that ends in {', '.join(WRITTEN)}")
    if out.suffix != ".png" and count > FILMED:
        raise UserError(f"--count {count}: a film shows {FILMED} at most; write a .png")
    for name, given in (("--image", image), ("--label", label)):
        if model in DIGIT_GANS and given:
            raise UserError(f"{name}: {model} starts from noise alone")


def _digits(
    model: str, file: Path, count: int, seed: int, *, still: bool, tile: int | None
) -> list[np.ndarray]:
    generator, rng, cpu = _ready(model, file, seed)

    from vidpipe.models.digit_sampling import sample_digits  # noqa: PLC0415
    from vidpipe.visualization.digit_films import TILE, latent_walk, wall  # noqa: PLC0415

    if not still:
        return latent_walk(generator, rng, cpu, count=count, tile=tile or TILE)
    pictures = sample_digits(generator, generator.prior.draw(count, rng), cpu)
    return [wall(pictures, tile=tile or TILE)]


def _clips(
    model: str,
    file: Path,
    count: int,
    seed: int,
    image: Path | None,
    label: str | None,
    *,
    still: bool,
    tile: int | None,
) -> list[np.ndarray]:
    generator, rng, cpu = _ready(model, file, seed)
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.models.clip_sampling import ClipSampler  # noqa: PLC0415
    from vidpipe.training.weights import facts  # noqa: PLC0415
    from vidpipe.visualization.films import TILE, frame_sheet, wall_film  # noqa: PLC0415

    if generator.from_picture and not image:
        raise UserError(f"{model} starts from a picture: give it one with --image")
    if image and not generator.from_picture:
        raise UserError(f"--image: {model} starts from noise alone")
    built = facts(file)
    picture = np.zeros((built["size"], built["size"], 3), np.uint8)
    if image:
        picture = read_image(image, built["size"])
    if built["channels"] == 1:
        picture = picture.mean(2, keepdims=True).round().astype(np.uint8)
    given = torch.from_numpy(picture).expand(count, *picture.shape)
    named = None if label is None else torch.full((count,), _number(model, generator.prior, label))
    clips = ClipSampler(model, generator, cpu)(generator.prior.draw(count, rng, named), given)
    return [frame_sheet(clips, tile=tile or TILE)] if still else wall_film(clips, tile=tile or TILE)


def _number(model: str, prior: "Prior", label: str) -> int:
    """Of a label, among those that noise can name."""
    if label not in prior.labels:
        known = ", ".join(prior.labels) or "none: it was trained with codes that name nothing"
        raise UserError(f"--label {label}: {model} knows {known}")
    return prior.labels.index(label)


def _ready(model: str, file: Path, seed: int) -> "tuple[Any, torch.Generator, torch.device]":
    """The trained generator, random numbers, and where both are."""
    from vidpipe.training.runtime import start  # noqa: PLC0415

    machine = start(device="cpu", precision="fp32", threads=2, determinism="portable")
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.training.weights import build  # noqa: PLC0415

    generator = machine.place(build(import_module(f"vidpipe.models.{model}").Generator, file))
    return generator, torch.Generator().manual_seed(seed), machine.device
