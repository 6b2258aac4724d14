"""`vidpipe predict`: let a trained pix2pix continue a picture or a video."""

from pathlib import Path

import click

from vidpipe.data.images import read_frame, read_image
from vidpipe.data.video import encode
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import gif

FASTEST_GIF = 50  # frames per second


@click.command()
@click.option("--image", type=click.Path(path_type=Path), help="Start from this picture.")
@click.option(
    "--video", type=click.Path(path_type=Path), help="Start from the last frame of this video."
)
@click.option(
    "--from",
    "start",
    type=float,
    help="With --video: start from the frame at SECONDS instead.",
    metavar="SECONDS",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 10_000),
    default=25,
    show_default=True,
    help="Frames to predict.",
)
@click.option(
    "--fps",
    type=click.IntRange(1, 120),
    default=25,
    show_default=True,
    help="Frames per second of the result.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out.mp4"),
    show_default=True,
    help="Where to write it: .mp4 or .gif.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    default=Path("data/06_models/pix2pix"),
    show_default=True,
    help="Folder with generator.safetensors; nothing else of the project is needed.",
)
def predict(
    image: Path | None,
    video: Path | None,
    start: float | None,
    steps: int,
    fps: int,
    out: Path,
    weights: Path,
) -> None:
    """Predict the frames that follow a picture or a video.

    The picture is resized to the size that the model was trained at: short side first, then the
    centre is cut out. Each predicted frame is the input of the next. The first frame of the result
    is the real one that it starts from.

    \b
      vidpipe predict --image me.png --steps 25 --out out.mp4
      vidpipe predict --video clip.mp4 --from 2.5 --out out.gif
    """
    # Check what can be checked before torch is imported, which takes seconds.
    if (image is None) == (video is None):
        raise UserError("expected either --image or --video, one of them")
    if start is not None and (video is None or start < 0):
        raise UserError("--from takes seconds from 0 on, and needs --video")
    if out.suffix not in (".mp4", ".gif"):
        raise UserError(f"--out {out}: expected a name that ends in .mp4 or .gif")
    if out.suffix == ".gif" and fps > FASTEST_GIF:
        raise UserError(f"--fps {fps}: browsers show a GIF at {FASTEST_GIF} at most; write an .mp4")

    # Pin the instruction set before torch is imported.
    from vidpipe.training.runtime import start as start_runtime  # noqa: PLC0415

    start_runtime(device="cpu", precision="fp32", threads=2, determinism="portable")
    import torch  # noqa: PLC0415

    from vidpipe.evaluation.prediction import roll  # noqa: PLC0415
    from vidpipe.models import pix2pix, pixels  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415

    # Read the first frame at the size that the generator was trained at.
    generator = build(pix2pix.Generator, weights / "generator.safetensors")
    size = generator.size
    first = read_image(image, size) if image else read_frame(video, size, start)  # type: ignore[arg-type]

    # Roll the generator out: each predicted frame is the input of the next step.
    frame = pixels.to_float(torch.from_numpy(first).permute(2, 0, 1)[None])
    window = frame[:, None]
    predicted = roll(lambda window: pix2pix.predict(generator, window), window, steps)
    film = [first, *pixels.to_uint8(predicted).permute(0, 2, 3, 1).numpy()]
    with whole_file(out) as partial:
        partial.write_bytes(encode(film, fps=fps) if out.suffix == ".mp4" else gif(film, fps=fps))
    click.echo(f"{out}: 1 real frame and {steps} predicted, {size}x{size}")
