"""`vidpipe predict`: let a trained pix2pix continue a picture or a video."""

from pathlib import Path
from typing import Any

import click

from vidpipe.commands.outputs import check_out, say_origin
from vidpipe.serving.prediction import MOST_FRAMES, SUFFIXES, Prediction, SourceError
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

NO_PICTURE = "a video goes with --video"
NO_VIDEO = "a picture goes with --image, and of a folder of videos name one"


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
    type=click.IntRange(1, MOST_FRAMES),
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
    "--futures",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="Futures to predict, side by side; of a model that was trained with noise.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Of the noise of several futures  [default: 0]",
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
    help="Folder with generator.safetensors; nothing else of the project is needed  [default: "
    "data/06_models/pix2pix, else what `vidpipe models get` fetched, else the shipped ones]",
)
def predict(out: Path, **options: Any) -> None:
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
    check_out("--out", out, SUFFIXES)
    job = Prediction(suffix=out.suffix, **options)
    try:
        continuation = job.make()
    except SourceError as error:
        raise UserError(f"{error} ({NO_PICTURE if job.image else NO_VIDEO})") from error
    with whole_file(out) as partial:
        partial.write_bytes(continuation.file)
    beside = f", {continuation.beside} of them beside the real ones" if continuation.beside else ""
    say_origin(job.folder)
    times = f", {job.futures} times" if job.futures > 1 else ""
    size = f"{continuation.size}x{continuation.size}"
    click.echo(
        f"{out}: the last real frame, then {job.steps} predicted{times}{beside}, {job.rate} per "
        f"second, {size} shown {continuation.enlarged} times as large"
    )
