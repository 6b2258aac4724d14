"""`vidpipe generate`: pictures or clips from a trained generator."""

from pathlib import Path
from typing import Any

import click

from vidpipe.commands.outputs import ModelName, check_out, say_origin
from vidpipe.config.schema import CLIP_GAN_NAMES, DIGIT_GAN_NAMES
from vidpipe.serving.generation import SUFFIXES, WALK, Generation
from vidpipe.utils.atomic import whole_file


@click.command()
@click.argument("model", type=ModelName((*DIGIT_GAN_NAMES, *CLIP_GAN_NAMES)))
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
    help="Frames of a clip: any number, but of gan3d and vgan without an encoder  "
    "[default: as it was trained]",
)
@click.option("--label", help="Label of all clips, as `wave1`  [default: random]")
@click.option(
    "--group",
    help="Group of the data that all clips are of: a person, where the data set has persons. "
    "convlstm_gan takes none: its picture shows who it is  [default: random]",
)
@click.option(
    "--walk",
    type=click.IntRange(0, WALK - 1),
    default=0,
    show_default=True,
    help=f"Steps along a closed walk through noise of {WALK} steps, from the noise of the seed.",
)
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
    help="Folder with generator.safetensors  [default: data/06_models/MODEL, else what `vidpipe "
    "models get` fetched, else the shipped ones]",
)
def generate(model: str, out: Path | None, **options: Any) -> None:
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
    check_out("--out", out, SUFFIXES)
    job = Generation(model=model, suffix=out.suffix, **options)
    samples = job.make()
    with whole_file(out) as partial:
        partial.write_bytes(samples.file)
    say_origin(job.folder)
    if samples.note:
        click.echo(samples.note, err=True)
    played = f", played {job.rounds} times with a pause" if job.rounds > 1 else ""
    click.echo(f"{out}: {job.count} of {model}, seed {job.seed}{played}")
