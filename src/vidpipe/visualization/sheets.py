"""Compose labelled sheets and moving pictures. RGB, uint8 (h w c)."""

import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

Picture = UInt8[np.ndarray, "h w c"]
BACKGROUND = (250, 250, 248)
INK = (40, 40, 40)
MARGIN = 6  # pixels between tiles


def grid(
    rows: Sequence[Sequence[Picture]],
    *,
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
    captions: Sequence[str] = (),
    tile: int | None = None,
) -> UInt8[np.ndarray, "page_height page_width 3"]:
    """Arrange tiles in rows, with a title over each column and a name before each row.

    Args:
        rows: Pictures of one size.
        columns: Titles of the columns, if any.
        names: Names of the rows, if any.
        captions: A line over each tile, row by row, if any.
        tile: Height of a tile on the page; None: the pictures' own.
    """
    height, width = rows[0][0].shape[:2]
    tile_height = tile or height
    scale = tile_height / height
    tile_width = round(width * scale)
    font_size = max(11, tile_height // 11)
    font = ImageFont.load_default(size=font_size)
    line = round(font_size * 1.6)
    # Corner of the first tile, and steps from tile to tile.
    left = MARGIN + (round(max(font.getlength(name) for name in names)) + MARGIN if names else 0)
    top = MARGIN + (line if columns else 0)
    x_step = tile_width + MARGIN
    y_step = tile_height + MARGIN + (line if captions else 0)
    page_size = (left + max(map(len, rows)) * x_step, top + len(rows) * y_step)
    page = Image.new("RGB", page_size, BACKGROUND)
    draw = ImageDraw.Draw(page)
    for c, title in enumerate(columns):
        middle = (left + c * x_step + tile_width / 2, top - line / 2 - 1)
        draw.text(middle, title, INK, font, anchor="mm")
    # Captions stand above their tiles, row by row.
    caption = iter(captions)
    for r, row in enumerate(rows):
        y = top + r * y_step + (line if captions else 0)
        if names:
            draw.text((MARGIN, y + tile_height / 2), names[r], INK, font, anchor="lm")
        for c, picture in enumerate(row):
            image = Image.fromarray(np.ascontiguousarray(picture))
            if scale != 1:
                image = image.resize((tile_width, tile_height), Image.Resampling.BICUBIC)
            x = left + c * x_step
            page.paste(image, (x, y))
            draw.text((x, y - line / 2), next(caption, ""), INK, font, anchor="lm")
    return np.asarray(page)


def png(picture: Picture) -> bytes:
    """Encode a picture as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "png")
    return buffer.getvalue()


def from_png(file: bytes) -> Picture:
    """Decode a PNG file."""
    return np.asarray(Image.open(io.BytesIO(file)))
