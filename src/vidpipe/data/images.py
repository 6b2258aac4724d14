"""Single images as square arrays: a picture file of any kind, or one frame of a video."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vidpipe.data.pictures import open_picture
from vidpipe.data.sequences import as_film
from vidpipe.data.video import Square, decode
from vidpipe.utils.errors import UserError

Pixels = UInt8[np.ndarray, "size size 3"]

# Largest ratio of the sides: the ends of longer pictures are cut off before they are scaled.
LONGEST = 16


def read_image(path: Path, size: int) -> Pixels:
    """Read a picture of any mode and size as a square of RGB; transparent pixels become white.

    The short side is scaled to `size`, and the centre is cut out.

    Raises:
        UserError: If there is no such picture, or Pillow refuses it.
    """
    whole = open_picture(path)
    short = min(whole.size)
    picture = _crop_centre(whole, LONGEST * short)
    scale = size / short
    width, height = (max(size, round(side * scale)) for side in picture.size)
    scaled = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.array(_crop_centre(scaled, size))


def read_frames(
    path: Path, size: int, seconds: float | None, *, following: int = 0
) -> list[Pixels]:
    """Read the frame of a video that is on display at a time, and those that follow it.

    Args:
        path: The video, an animation or a folder of numbered pictures.
        size: Side of the squares that frames are cut to.
        seconds: Time of the first frame; None: the last frame of the video.
        following: Number of frames after it; fewer where the video ends before.

    Raises:
        UserError: If no frame can be decoded, or the video ends before that time.
    """
    square = Square(size)
    frames = list[Pixels]()
    last = None
    with as_film(path) as film:
        for frame in decode(film):
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
