"""Single images as square arrays: a picture file of any kind, or one frame of a video."""

from collections import deque
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vidpipe.data.frames import luma_changes
from vidpipe.data.pictures import open_picture
from vidpipe.data.sequences import as_film
from vidpipe.data.video import PAUSE, Decoded, Square, decode, rate
from vidpipe.utils.errors import UserError

Pixels = UInt8[np.ndarray, "size size 3"]

# Largest ratio of the sides: the ends of longer pictures are cut off before they are scaled.
LONGEST = 16
CUT = 0.12  # mean change of luma, 0 to 1, that is a cut: the value in params.yaml


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
    path: Path, size: int, seconds: float | None, *, preceding: int = 0, following: int = 0
) -> tuple[list[Pixels], list[Pixels]]:
    """Read the frame of a video that is on display at a time, and those around it.

    Args:
        path: The video, an animation or a folder of numbered pictures.
        size: Side of the squares that frames are cut to.
        seconds: Time of the frame; None: the last frame of the video.
        preceding: Number of frames of its shot before it; fewer where that begins after.
        following: Number of frames after it; fewer where the video ends or pauses before.

    Returns:
        The frames up to that time, and those after it.

    Raises:
        UserError: If no frame can be decoded, or the video ends before that time.
    """
    square = Square(size)
    past = deque[Decoded](maxlen=preceding + 1)
    after = list[Pixels]()
    with as_film(path) as film:
        longest = (PAUSE + 0.5) / float(rate(film))  # seconds between frames of a shot
        last = 0.0  # time of the frame before
        for frame, change in luma_changes(decode(film)):
            paused = frame.time - last > longest
            last = frame.time
            # A first frame later than the time asked for is on display already.
            if seconds is None or frame.time <= seconds or not past:
                # What lies before a cut or a pause tells nothing of how this shot moves.
                if paused or change > CUT:
                    past.clear()
                past.append(frame)
            elif paused or len(after) == following:
                break
            else:
                after.append(square(frame))
    if not past:
        raise UserError(f"{path}: no frame of it can be decoded")
    if seconds is not None and seconds > frame.time + 1:
        raise UserError(f"--from {seconds}: {path} ends at {past[-1].time:.2f} s")
    return [square(frame) for frame in past], after


def _crop_centre(picture: Image.Image, side: int) -> Image.Image:
    """Cut out the centre, at most `side` pixels wide and high."""
    width, height = (min(side, length) for length in picture.size)
    left = (picture.width - width) // 2
    top = (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))
