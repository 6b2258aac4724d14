"""Films for a page: read those that evaluations made, cut them into parts, encode them small."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageSequence

from vidpipe.data.colours import ToRgb
from vidpipe.data.video import BICUBIC, H264, decode, encode, rate
from vidpipe.utils.errors import UserError
from vidpipe.visualization.animation import PAUSE, with_pause
from vidpipe.visualization.sheets import MARGIN, png

Frame = UInt8[np.ndarray, "h w 3"]
Film = tuple[list[Frame], int]  # frames, and frames per second

QUALITY = 26  # of H.264 by its scale, on which 18 is that of the samples
SIDE = 120  # pixels of a tile of a wall
GAP = 8  # pixels between them: together as many as whole blocks of the encoder
GAP_COLOUR = 128  # grey: seen on light and dark pages alike
TINT = 4  # levels by which the channels of a page that is meant to be grey differ
LEVELS = 16  # of grey
NO_TIME = 100  # milliseconds of a frame of a GIF that states none, as browsers show it
MOST_FRAMES = 240  # of a film on a page


def read_film(path: Path) -> Film:
    """Read the frames of a GIF or a video, without the pause at its end.

    Raises:
        UserError: If it is not there, or not whole.
    """
    if not path.is_file():
        raise UserError(f"{path.name}: expected a film, found no such file")
    if path.suffix == ".gif":
        return _read_gif(path)
    try:
        frames, fps = _read_video(path)
    except UserError as error:
        # The page is the same wherever the project lies.
        raise UserError(str(error).replace(str(path), path.name)) from error
    return frames[:MOST_FRAMES], fps


def _read_video(path: Path) -> Film:
    to_rgb = ToRgb()
    frames = [
        to_rgb(decoded.frame, decoded.frame.width, decoded.frame.height, BICUBIC)
        for decoded in decode(path)
    ]
    if not frames:
        raise UserError(f"{path}: expected a film, but no frame of it can be decoded")
    fps = max(1, round(rate(path)))
    # The pause is the last frame, encoded again and again.
    for _ in range(min(round(PAUSE * fps), len(frames) - 1)):
        if _alike(frames[-1], frames[-2]):
            frames.pop()
    return frames, fps


def _read_gif(path: Path) -> Film:
    try:
        with Image.open(path) as image:
            # The iterator moves one image from frame to frame: each is read while it stands there.
            pages = [
                (np.asarray(page.convert("RGB")), page.info.get("duration") or NO_TIME)
                for page in ImageSequence.Iterator(image)
            ]
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UserError(f"{path.name}: expected a GIF, but cannot be read as one") from error
    fps = max(1, round(1000 / float(np.median([duration for _, duration in pages]))))
    return [frame for frame, _ in pages][:MOST_FRAMES], fps


def _alike(one: Frame, other: Frame) -> bool:
    """Return True for two frames that differ by no more than an encoder's rounding."""
    return float(np.abs(one.astype(int) - other).mean()) < 0.5


def tiles(
    pages: Sequence[Frame], *, tile: int, rows: int, columns: int | None = None
) -> list[list[list[Frame]]]:
    """Cut pages that `sheets.grid` composed into the films of their tiles.

    Titles are above the tiles and names to their left, so tiles are counted from the lower right.

    Args:
        pages: Pages of one size, perhaps with an odd side padded by a pixel.
        tile: Pixels of a side, as the page was composed with.
        rows: Number of rows.
        columns: Number of columns; None: as many as fit, if names are narrower than a tile.

    Returns:
        Films by row and column.

    Raises:
        UserError: If the page is smaller than that.
    """
    height, width = pages[0].shape[:2]
    step = tile + MARGIN
    across = columns or (width - MARGIN) // step
    top = height - rows * step
    left = width - across * step
    if across < 1 or top < 0 or left < 0:
        raise UserError(
            f"expected {rows} rows of tiles of {tile} pixels, got a page of {width}x{height}"
        )
    return [
        [
            [
                page[top + r * step :, left + c * step :][:tile, :tile]
                for page in pages
            ]
            for c in range(across)
        ]
        for r in range(rows)
    ]  # fmt: skip


def wall(films: Sequence[Sequence[Frame]]) -> list[Frame]:
    """Return one film of all films, of one length and square, in a grid as square as possible."""
    across = math.ceil(math.sqrt(len(films)))
    down = math.ceil(len(films) / across)
    step = SIDE + GAP
    shape = (down * step - GAP, across * step - GAP, 3)
    frames = []
    for time in range(len(films[0])):
        frame = np.full(shape, GAP_COLOUR, np.uint8)
        for place, film in enumerate(films):
            row, column = divmod(place, across)
            image = Image.fromarray(np.ascontiguousarray(film[time]))
            tile = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
            frame[row * step :, column * step :][:SIDE, :SIDE] = tile
        frames.append(frame)
    return frames


def mp4_uri(frames: Sequence[Frame], fps: int, *, quality: int = QUALITY) -> str:
    """Return a film as a data URI of H.264, with a pause at its end; the same bytes everywhere."""
    encoding = replace(H264, options={**H264.options, "crf": str(quality)})
    return _uri("video/mp4", encode(with_pause(frames, fps), fps=fps, encoding=encoding))


def png_uri(picture: Frame) -> str:
    """Return a picture as a data URI of PNG, in a few levels of grey if it is nearly grey."""
    if int(np.ptp(picture.astype(int), axis=2).max()) > TINT:
        return _uri("image/png", png(picture))
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture)).convert("L")
    image.quantize(LEVELS, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return _uri("image/png", buffer.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
