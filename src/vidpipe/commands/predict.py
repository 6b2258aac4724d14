"""`vidpipe predict`: let a trained pix2pix continue a picture or a video."""

from pathlib import Path

import click

from vidpipe.commands.outputs import check_out
from vidpipe.data.images import read_frames, read_image
from vidpipe.data.sequences import as_film
from vidpipe.data.video import encode, rate
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.visualization.animation import gif

FASTEST_GIF = 50  # frames per second
PICTURE_RATE = 25  # frames per second after a picture, which has no rate of its own


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
    help="Frames per second of the result  [default: the video's own; after a picture 25]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out.mp4"),
    show_default=True,
    help="Where to write it: .mp4 or .gif; folders are made.",
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
    fps: int | None,
    out: Path,
    weights: Path,
) -> None:
    """Predict the frames that follow a picture or a video.

    Frames are resized to the size that the model was trained at: short side first, then the centre
    is cut out. Of a video the model sees the last frames, as many as it was trained on; before a
    picture all stood still. Each predicted frame is part of the input of the next. The result is
    shown up to three times as large (bicubic), and says which frames are real and which are
    predicted. With --from, the frames that the video goes on with are shown beside the predicted
    ones.

    \b
      vidpipe predict --image me.png --steps 25 --out out.mp4
      vidpipe predict --video clip.mp4 --from 2.5 --out out.gif
    """
    # Check what can be checked before torch is imported, which takes seconds.
    if (image is None) == (video is None):
        raise UserError("expected either --image or --video, one of them")
    if start is not None and (video is None or start < 0):
        raise UserError("--from takes seconds from 0 on, and needs --video")
    check_out("--out", out, (".mp4", ".gif"))
    if fps is None:
        fps = _own_rate(video) if video else PICTURE_RATE
    if out.suffix == ".gif" and fps > FASTEST_GIF:
        raise UserError(
            f"--out {out}: browsers show a GIF at {FASTEST_GIF} frames per second at most, got "
            f"{fps}; write an .mp4, or set --fps"
        )

    # Pin the instruction set before torch is imported.
    from vidpipe.training.runtime import start as start_runtime  # noqa: PLC0415

    start_runtime(device="cpu", precision="fp32", threads=2, determinism="portable")
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from vidpipe.models import pixels  # noqa: PLC0415
    from vidpipe.models.pix2pix import make_generator  # noqa: PLC0415
    from vidpipe.models.windows import padded, roll_out  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415
    from vidpipe.visualization.prediction_films import (  # noqa: PLC0415
        continuation_film,
        enlargement,
    )

    # Read frames at the size that the generator was trained at.
    generator = build(make_generator, weights / "generator.safetensors")
    size = generator.size
    if video:
        past, real = read_frames(
            video, size, start, preceding=generator.history - 1, following=steps
        )
    else:
        past, real = [read_image(image, size)], []  # type: ignore[arg-type]
    first = past[-1]

    # Roll the generator out: each predicted frame is part of the input of the next step.
    known = pixels.to_float(torch.from_numpy(np.stack(past)).permute(0, 3, 1, 2))
    predicted = roll_out(generator, padded(known[None], generator.history), steps)[0]
    frames = list(pixels.to_uint8(predicted).permute(0, 2, 3, 1).numpy())

    pages = list(continuation_film(first, frames, real))
    with whole_file(out) as partial:
        partial.write_bytes(encode(pages, fps=fps) if out.suffix == ".mp4" else gif(pages, fps=fps))
    beside = f", {len(real)} of them beside the real frame" if real else ""
    click.echo(
        f"{out}: 1 real frame and {steps} predicted{beside}, {fps} per second, {size}x{size} shown "
        f"{enlargement(size)} times as large"
    )


def _own_rate(video: Path) -> int:
    """Return the frames per second of a video, an animation or a folder of numbered pictures."""
    with as_film(video) as film:
        return max(1, round(rate(film)))
