"""Picture files of any kind as plain RGB: upright, opaque, of 8 bits; all are opened here."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from PIL import Image, ImageOps

from vidpipe.utils.errors import UserError

SUFFIXES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif"),
        *(".pgm", ".pnm", ".ppm"),
    )
)
# What Pillow raises on bytes that are not what they should be, or are too many: it takes numbers
# from them as they come, of any type and size, and computes with them.
REFUSED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error, Image.DecompressionBombError),
)


def open_picture(path: Path, *, brightest: float = 0.0) -> Image.Image:
    """Open a picture of any mode as RGB, turned as its EXIF says; transparent pixels are white.

    Args:
        path: The picture.
        brightest: Value of grey of more than 8 bits that the picture is scaled by, so that all of
            a sequence are scaled alike; 0: its own brightest.

    Raises:
        UserError: If there is no such picture, or Pillow refuses it.
    """
    with _opened(path) as image:
        return plain(ImageOps.exif_transpose(image), brightest=brightest)


def brightest_grey(path: Path) -> float:
    """Return the largest value of grey of more than 8 bits; 0: the picture is of another mode.

    Raises:
        UserError: As `open_picture`.
    """
    with _opened(path) as image:
        return float(_values(image).max()) if _is_deep(image) else 0.0


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, and name it in errors of reading it."""
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a picture, found no such file") from error
    except REFUSED as error:
        raise UserError(
            f"{path}: expected a picture, cannot read it as one: {error}. "
            "Save it anew, as PNG or JPEG"
        ) from error


def plain(picture: Image.Image, *, brightest: float = 0.0) -> Image.Image:
    """Convert to RGB, on a white background; `brightest` as in `open_picture`."""
    if _is_deep(picture):
        picture = _to_eight_bits(picture, brightest)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")


def _is_deep(picture: Image.Image) -> bool:
    """Tell grey of 16 bits, 32 bits or floating point from other modes."""
    return picture.mode[0] in "IF"


def _values(picture: Image.Image) -> Float64[np.ndarray, "h w"]:
    return np.nan_to_num(np.asarray(picture, np.float64))


def _to_eight_bits(picture: Image.Image, brightest: float) -> Image.Image:
    """Scale deep grey by as many bits as are used: cameras write 10 to 14 into files of 16."""
    grey = _values(picture)
    brightest = brightest or float(grey.max())
    if picture.mode == "F" and brightest <= 1:
        grey = grey * 255
    else:
        bits = int(brightest).bit_length()
        grey = grey // 2.0 ** max(bits + bits % 2 - 8, 0)
    return Image.fromarray(np.rint(grey.clip(0, 255)).astype(np.uint8))
