"""Sequences of pictures as films: folders of numbered pictures, animated WebP and AVIF.

FFmpeg reads the first picture of these, or none. They are written into a film without loss, once,
when they are taken up: whatever reads videos reads them too.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from vidpipe.data.files import named
from vidpipe.data.pictures import REFUSED, SUFFIXES, brightest_grey, open_picture, plain
from vidpipe.data.video import write_film
from vidpipe.utils.errors import UserError

FPS = 25  # of numbered pictures, which have no times
PATTERN = re.compile(r"%0?\d*d")  # stands for the number of a picture: img_%04d.png
NUMBERED = SUFFIXES - {".gif"}
ANIMATED = {".webp", ".avif", ".avifs"}
FORMATS = ("WEBP", "AVIF")  # by Pillow's names
UNSTATED = 100  # milliseconds that a picture without a duration is shown, as browsers do

Timed = tuple[UInt8[np.ndarray, "h w 3"], int]  # a picture, and for how many ticks it is shown


@contextmanager
def as_film(path: Path, *, fps: float | None = None, folder: Path | None = None) -> Iterator[Path]:
    """Yield a file that FFmpeg reads: `path` itself, or a film for as long as the context lasts.

    Args:
        path: A video, an animated picture, a folder of numbered pictures, or a pattern of their
            names such as `img_%04d.png`.
        fps: Frames per second of numbered pictures; None: 25.
        folder: Where the film is kept; None: among the temporary files.

    Raises:
        UserError: If a folder or pattern is no sequence, the pictures differ in size, or one cannot
            be read.
    """
    rate = Fraction(str(fps or FPS))
    if path.is_dir() or (PATTERN.search(path.name) and not path.exists()):
        files = _numbered_files(path)
        frames: Iterable[Timed] = _read(files, rate.denominator)
        ticks = rate.numerator
    elif _is_animated(path):
        frames = _animation(path)
        ticks = 1000
    else:
        yield path
        return
    with TemporaryDirectory(dir=folder) as temporary:
        film = Path(temporary) / "film.mp4"
        with named(film):
            write_film(film, frames, ticks=ticks)
        yield film


def is_sequence(path: Path) -> bool:
    """Tell a folder of numbered pictures, and an animated WebP or AVIF, from other paths."""
    if path.is_dir():
        pictures = _numbered(file.name for file in path.iterdir())
        return bool(pictures) and not _is_animated(path / pictures[0])
    return _is_animated(path)


def _numbered_files(path: Path) -> list[Path]:
    """List the pictures of a folder, or those that a pattern matches.

    Raises:
        UserError: If they are no sequence.
    """
    folder = path if path.is_dir() else path.parent
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    if folder != path:
        before, after = PATTERN.split(path.name, maxsplit=1)
        matching = re.compile(f"{re.escape(before)}[0-9]+{re.escape(after)}")
        names = [name for name in names if matching.fullmatch(name)]
    pictures = _numbered(names)
    if not pictures or _is_animated(folder / pictures[0]):
        raise UserError(
            f"{path}: expected a video, or numbered pictures with one name (img_1.png, img_2.png), "
            f"found {len(names)} files that are none; name those you mean: "
            f"{folder / 'img_%d.png'}"
        )
    return [folder / name for name in pictures]


def _read(files: list[Path], duration: int) -> Iterator[Timed]:
    """Read numbered pictures, each shown for as many ticks."""
    size = None
    brightest = max(map(brightest_grey, files))
    for file in files:
        picture = open_picture(file, brightest=brightest)
        size = size or picture.size
        if picture.size != size:
            raise UserError(
                f"{file}: expected {size[0]}x{size[1]} pixels as {files[0].name} has, got "
                f"{picture.width}x{picture.height}; scale or crop all to one size"
            )
        yield np.asarray(picture), duration


def _animation(path: Path) -> Iterator[Timed]:
    """Read the pictures of an animation, with the milliseconds for which each is shown."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                pixels = np.asarray(plain(ImageOps.exif_transpose(image)))
                yield pixels, round(image.info.get("duration") or UNSTATED)
    except REFUSED as error:
        raise UserError(f"{path}: cannot read all of its pictures: {error}") from error


def _is_animated(path: Path) -> bool:
    if path.suffix.lower() not in ANIMATED:
        return False
    try:
        with Image.open(path, formats=FORMATS) as image:
            return getattr(image, "is_animated", False)
    except REFUSED:
        return False


def _numbered(names: Iterable[str]) -> list[str]:
    """Return the pictures among names of files, by their number; none if they are no sequence.

    The names of a sequence differ in one number: `img_9.png`, `img_10.png`. GIFs are films.
    """
    pictures = [n for n in names if Path(n).suffix.lower() in NUMBERED and not n.startswith(".")]
    shapes = {re.sub("[0-9]+", "#", name.lower()) for name in pictures}
    numbers = {name: [int(number) for number in re.findall("[0-9]+", name)] for name in pictures}
    if len(shapes) != 1 or sum(len(set(n)) > 1 for n in zip(*numbers.values(), strict=True)) != 1:
        return []
    return sorted(pictures, key=lambda name: (numbers[name], name))
