"""`vidpipe predict`: let a trained pix2pix go on from a picture or a video."""

import struct
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageOps

from vidpipe.data.video import Square, decode, encode
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import gif

GIF_FASTEST = 50  # frames per second
# Times as long as wide: of longer pictures the ends are cut off before they are scaled.
LONGEST = 16
# What Pillow raises on bytes that are not what they should be, or are too many.
REFUSED = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


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
    if (image is None) == (video is None):
        raise UserError("expected either --image or --video, one of them")
    if start is not None and (video is None or start < 0):
        raise UserError("--from takes seconds from 0 on, and needs --video")
    if out.suffix not in (".mp4", ".gif"):
        raise UserError(f"--out {out}: expected a name that ends in .mp4 or .gif")
    if out.suffix == ".gif" and fps > GIF_FASTEST:
        raise UserError(f"--fps {fps}: browsers show a GIF at {GIF_FASTEST} at most; write an .mp4")

    from vidpipe.training.runtime import start as start_runtime  # noqa: PLC0415

    start_runtime(device="cpu", precision="fp32", threads=2, determinism="portable")
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.evaluation.prediction import roll  # noqa: PLC0415
    from vidpipe.models import pix2pix, pixels  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415

    generator = build(pix2pix.Generator, weights / "generator.safetensors")
    size = generator.size
    first = read_image(image, size) if image else read_frame(video, size, start)  # type: ignore[arg-type]
    frame = pixels.to_float(torch.from_numpy(first).permute(2, 0, 1)[None])
    made = roll(lambda window: pix2pix.predict(generator, window[:, -1]), frame[:, None], steps)
    film = [first, *pixels.to_uint8(made).permute(0, 2, 3, 1).numpy()]
    with whole_file(out) as partial:
        partial.write_bytes(encode(film, fps=fps) if out.suffix == ".mp4" else gif(film, fps=fps))
    click.echo(f"{out}: 1 real frame and {steps} predicted, {size}x{size}")


def read_image(path: Path, size: int) -> np.ndarray:
    """A picture of any mode and size as a square of RGB, uint8 (h w c); transparent is white.

    Raises:
        UserError: If there is no such picture, or Pillow refuses it.
    """
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            short = min(upright.size)
            picture = _on_white(_middle(upright, LONGEST * short))
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a picture, found no such file") from error
    except REFUSED as error:
        raise UserError(
            f"{path}: expected a picture, cannot read it as one: {error}. "
            "Save it anew, as PNG or JPEG"
        ) from error
    scale = size / short
    width, height = (max(size, round(side * scale)) for side in picture.size)
    return np.array(_middle(picture.resize((width, height), Image.Resampling.BICUBIC), size))


def _middle(picture: Image.Image, side: int) -> Image.Image:
    """Its centre, so wide and so high at most."""
    width, height = (min(side, length) for length in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _on_white(picture: Image.Image) -> Image.Image:
    """In RGB; what is transparent is white, and 16 bits of grey become 8."""
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) // 256).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")


def read_frame(path: Path, size: int, seconds: float | None) -> np.ndarray:
    """The frame on display at a time, or the last."""
    square, last = Square(size), None
    for frame in decode(path):
        if last is not None and seconds is not None and frame.time > seconds:
            return square(last)
        last = frame
    if last is None:
        raise UserError(f"{path}: no frame of it can be decoded")
    if seconds is not None and seconds > last.time + 1:
        raise UserError(f"--from {seconds}: {path} ends at {last.time:.2f} s")
    return square(last)
