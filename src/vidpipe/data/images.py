"""Single images as square arrays: a picture file of any kind, or one frame of a video."""

import struct
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from vidpipe.data.video import Square, decode
from vidpipe.utils.errors import UserError

Pixels = UInt8[np.ndarray, "size size 3"]

# Largest ratio of the sides: the ends of longer pictures are cut off before they are scaled.
LONGEST = 16
# What Pillow raises on bytes that are not what they should be, or are too many.
REFUSED = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


def read_image(path: Path, size: int) -> Pixels:
    """Read a picture of any mode and size as a square of RGB; transparent pixels become white.

    The short side is scaled to `size`, and the centre is cut out.

    Raises:
        UserError: If there is no such picture, or Pillow refuses it.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            short = min(upright.size)
            picture = _to_rgb(_crop_centre(upright, LONGEST * short))
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a picture, found no such file") from error
    except REFUSED as error:
        raise UserError(
            f"{path}: expected a picture, cannot read it as one: {error}. "
            "Save it anew, as PNG or JPEG"
        ) from error
    scale = size / short
    width, height = (max(size, round(side * scale)) for side in picture.size)
    scaled = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.array(_crop_centre(scaled, size))


def read_frames(
    path: Path, size: int, seconds: float | None, *, following: int = 0
) -> list[Pixels]:
    """Read the frame of a video that is on display at a time, and those that follow it.

    Args:
        path: The video.
        size: Side of the squares that frames are cut to.
        seconds: Time of the first frame; None: the last frame of the video.
        following: Number of frames after it; fewer where the video ends before.

    Raises:
        UserError: If no frame can be decoded, or the video ends before that time.
    """
    square = Square(size)
    frames = list[Pixels]()
    last = None
    for frame in decode(path):
        if last is not None and seconds is not None and frame.time > seconds:
            frames.append(square(last))
            if len(frames) > following:
                return frames
        last = frame
    if last is None:
        raise UserError(f"{path}: no frame of it can be decoded")
    if seconds is not None and seconds > last.time + 1:
        raise UserError(f"--from {seconds}: {path} ends at {last.time:.2f} s")
    return [*frames, square(last)]


def _crop_centre(picture: Image.Image, side: int) -> Image.Image:
    """Cut out the centre, at most `side` pixels wide and high."""
    width, height = (min(side, length) for length in picture.size)
    left = (picture.width - width) // 2
    top = (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Convert to RGB, on a white background; 16 bits of grey become 8."""
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) // 256).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")
