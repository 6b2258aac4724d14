"""Picture files of any kind as plain RGB: upright, opaque, of 8 bits; all are opened here."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from vidpipe.utils.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif"}
# What Pillow raises on bytes that are not what they should be, or are too many.
REFUSED = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


def open_picture(path: Path) -> Image.Image:
    """Open a picture of any mode as RGB, turned as its EXIF says; transparent pixels are white.

    Raises:
        UserError: If there is no such picture, or Pillow refuses it.
    """
    try:
        with Image.open(path) as image:
            return plain(ImageOps.exif_transpose(image))
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a picture, found no such file") from error
    except REFUSED as error:
        raise UserError(
            f"{path}: expected a picture, cannot read it as one: {error}. "
            "Save it anew, as PNG or JPEG"
        ) from error


def plain(picture: Image.Image) -> Image.Image:
    """Convert to RGB, on a white background."""
    if picture.mode[0] in "IF":
        picture = _to_eight_bits(picture)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Scale grey of 16 bits, 32 bits or floating point to 8 bits."""
    grey = np.nan_to_num(np.asarray(picture, np.float64))
    if picture.mode == "F" and grey.max() <= 1:
        grey = grey * 255
    if picture.mode.startswith("I;16"):
        grey = grey // 256
    # Whole numbers of 32 bits may hold fewer: take as many as are used.
    while grey.max() > 255:
        grey = grey // 256
    return Image.fromarray(np.rint(grey.clip(0)).astype(np.uint8))
