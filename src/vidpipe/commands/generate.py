"""`vidpipe generate`: pictures or clips from a trained generator."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from vidpipe.commands.outputs import check_out
from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.data.images import read_image
from vidpipe.data.video import encode
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import model_name
from vidpipe.visualization.animation import gif, with_pause
from vidpipe.visualization.sheets import png

if TYPE_CHECKING:
    import torch

    from vidpipe.models.noise import Prior
    from vidpipe.training.runtime import Machine

DIGIT_GAN_NAMES = ("mlp_gan", "dcgan")
SUFFIXES = (".png", ".gif", ".mp4")
MAX_FILMED = 400  # samples in a film, whose pages are all held in memory
LOOPS = 4  # of clips in an mp4, which players do not repeat


@click.command()
@click.argument("model", type=click.Choice((*DIGIT_GAN_NAMES, *CLIP_GAN_NAMES)))
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=16,
    show_default=True,
    help="Number of samples.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Equal seeds give equal samples.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=".png, .gif or .mp4  [default: out.png of digits, out.mp4 of clips]",
)
@click.option(
    "--image", type=click.Path(path_type=Path), help="First frame of the clips of convlstm_gan."
)
@click.option(
    "--frames",
    type=click.IntRange(2, 1000),
    help="Frames of a clip; more than it was trained on: mocogan, and convlstm_gan, which goes on "
    "from its last frame  [default: as it was trained]",
)
@click.option("--label", help="Label of all clips, as `wave1`  [default: random]")
@click.option(
    "--tile",
    type=click.IntRange(28, 512),
    help="Side of a sample in pixels  [default: 56, of clips 144, of their frames 112]",
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
    frames: int | None,
    label: str | None,
    tile: int | None,
    fps: int,
    weights: Path | None,
) -> None:
    """Generate pictures or clips with MODEL.

    mlp_gan and dcgan generate digits: a .png shows them side by side, a .gif or .mp4 shows each on
    a closed walk through noise. gan3d, vgan, convlstm_gan and mocogan generate clips: a .gif or
    .mp4 plays them side by side, a .png shows each frame by frame. All clips of convlstm_gan start
    with --image, cut to a square.

    \b
      vidpipe generate dcgan --count 25 --out digits.png
      vidpipe generate gan3d --count 16 --seed 1 --out wall.mp4
      vidpipe generate mocogan --label jack --frames 64 --out jacks.gif
      vidpipe generate convlstm_gan --image me.png --frames 32 --out me.gif
    """
    out = out or Path("out.mp4" if model in CLIP_GAN_NAMES else "out.png")
    _check(model, count, out, {"--image": image, "--frames": frames, "--label": label})
    file = (weights or Path("data/06_models") / model) / "generator.safetensors"
    still = out.suffix == ".png"
    if model in CLIP_GAN_NAMES:
        clips = _clips(model, file, count, seed, image, frames, label, still=still, tile=tile)
        pages = with_pause(clips, fps)
    else:
        pages = _digits(model, file, count, seed, still=still, tile=tile)
    _write(pages, out, fps, loops=LOOPS if model in CLIP_GAN_NAMES else 1)
    click.echo(f"{out}: {count} of {model}, seed {seed}")


def _check(model: str, count: int, out: Path, of_clips: dict[str, Any]) -> None:
    """Raise UserError for arguments that are wrong whatever the weights are.

    Args:
        model: Name of the model.
        count: Number of samples.
        out: File to write.
        of_clips: Values of the options that only GANs of clips have, by name.
    """
    check_out("--out", out, SUFFIXES)
    if out.suffix != ".png" and count > MAX_FILMED:
        raise UserError(f"--count {count}: a film shows {MAX_FILMED} at most; write a .png")
    for option, value in of_clips.items():
        if model in DIGIT_GAN_NAMES and value:
            raise UserError(f"{option}: {model} starts from noise alone")


def _write(pages: Sequence[np.ndarray], out: Path, fps: int, *, loops: int) -> None:
    """Write the first page as a picture, or all of them as a film."""
    with whole_file(out) as partial:
        if out.suffix == ".png":
            partial.write_bytes(png(pages[0]))
        elif out.suffix == ".gif":
            partial.write_bytes(gif(pages, fps=fps))
        else:
            partial.write_bytes(encode([*pages] * loops, fps=fps))


def _digits(
    model: str, file: Path, count: int, seed: int, *, still: bool, tile: int | None
) -> list[np.ndarray]:
    """Generate digits: one page of them, or the pages of a walk through noise."""
    generator, rng, cpu = _load(model, file, seed)

    from vidpipe.models.digit_sampling import sample_digits  # noqa: PLC0415
    from vidpipe.visualization.digit_films import TILE, latent_walk, wall  # noqa: PLC0415

    if not still:
        return latent_walk(generator, rng, cpu, count=count, tile=tile or TILE)
    samples = sample_digits(generator, generator.prior.draw(count, rng), cpu)
    return [wall(samples, tile=tile or TILE)]


def _clips(
    model: str,
    file: Path,
    count: int,
    seed: int,
    image: Path | None,
    frames: int | None,
    label: str | None,
    *,
    still: bool,
    tile: int | None,
) -> list[np.ndarray]:
    """Generate clips: one page of their frames, or a page for each frame."""
    machine = _start()
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.models.clip_sampling import ClipSampler  # noqa: PLC0415
    from vidpipe.visualization.clip_films import SHEET_TILE, TILE, frame_sheet, wall_film  # noqa: PLC0415

    sampler = ClipSampler.load(model, _network_module(model).Generator, file.parent, machine)
    generator = sampler.generator
    rng = torch.Generator().manual_seed(seed)
    if generator.from_picture and not image:
        raise UserError(f"{model} starts from a picture: give it one with --image")
    if image and not generator.from_picture:
        raise UserError(f"--image: {model} starts from noise alone")

    # The first frame of all clips; a generator that starts from noise alone ignores it.
    assert sampler.shape
    size, channels = sampler.shape
    picture = read_image(image, size) if image else np.zeros((size, size, 3), np.uint8)
    if channels == 1:
        picture = picture.mean(2, keepdims=True).round().astype(np.uint8)
    first_frames = torch.from_numpy(picture).expand(count, *picture.shape)

    # One label for all clips, or labels drawn with the noise.
    labels = None
    if label is not None:
        labels = torch.full((count,), _label_index(model, generator.prior, label))

    length = frames or generator.frames
    noise = sampler.draw_noise(count, length, rng, labels)
    clips = sampler(noise, first_frames)[:, :length]

    # The first numbers of the noise are the code, which is largest at the label.
    known = generator.prior.labels
    codes = noise.flatten(1)[:, : len(known)]
    names = [known[code] for code in codes.argmax(1)] if known else []
    if still:
        return [frame_sheet(clips, names=names, tile=tile or SHEET_TILE)]
    return wall_film(clips, labels=names, tile=tile or TILE)


def _label_index(model: str, prior: "Prior", label: str) -> int:
    """Return the index of a label among those that the generator is conditioned on."""
    if label not in prior.labels:
        known = ", ".join(prior.labels) or "none: it was trained with codes that name nothing"
        raise UserError(f"--label {label}: {model} knows {known}")
    return prior.labels.index(label)


def _load(model: str, file: Path, seed: int) -> "tuple[Any, torch.Generator, torch.device]":
    """Load a trained generator on the CPU, with a random number generator and the device."""
    machine = _start()
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.training.weights import build  # noqa: PLC0415

    generator = machine.place(build(_network_module(model).Generator, file))
    return generator, torch.Generator().manual_seed(seed), machine.device


def _start() -> "Machine":
    """Set torch up for the same samples on every machine."""
    from vidpipe.training.runtime import start  # noqa: PLC0415

    return start(device="cpu", precision="fp32", threads=2, determinism="portable")


def _network_module(model: str) -> Any:
    """Return the module with the networks of a model; imported late, for it imports torch."""
    from vidpipe.models.registry import CLIP_GANS, DIGIT_GANS  # noqa: PLC0415

    modules: tuple[Any, ...] = (*DIGIT_GANS, *CLIP_GANS)
    return next(module for module in modules if model_name(module) == model)
