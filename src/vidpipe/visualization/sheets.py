"""Pictures people look at: labelled columns, sheets and moving pictures. RGB, uint8 (h w c)."""

import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

Picture = UInt8[np.ndarray, "h w c"]
BACKGROUND, INK = (250, 250, 248), (40, 40, 40)
MARGIN = 6  # pixels between tiles


def grid(
    rows: Sequence[Sequence[Picture]],
    *,
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
    captions: Sequence[str] = (),
    tile: int | None = None,
) -> UInt8[np.ndarray, "page_height page_width 3"]:
    """Tiles in rows, with a title over each column and a name before each row.

    Args:
        rows: Pictures of one size.
        columns: Titles, or none.
        names: Names of the rows, or none.
        captions: A line over each tile, row by row, or none.
        tile: Height of a tile on the page; None keeps that of the pictures.
    """
    height, width = rows[0][0].shape[:2]
    shown = tile or height
    scale = shown / height
    across = round(width * scale)
    size = max(11, shown // 11)
    font = ImageFont.load_default(size=size)
    line = round(size * 1.6)
    left = MARGIN + (round(max(font.getlength(name) for name in names)) + MARGIN if names else 0)
    top = MARGIN + (line if columns else 0)
    down, right = shown + MARGIN + (line if captions else 0), across + MARGIN
    page = Image.new(
        "RGB", (left + max(map(len, rows)) * right, top + len(rows) * down), BACKGROUND
    )
    draw = ImageDraw.Draw(page)
    for c, title in enumerate(columns):
        draw.text(
            (left + c * right + across / 2, top - line / 2 - 1), title, INK, font, anchor="mm"
        )
    caption = iter(captions)
    for r, row in enumerate(rows):
        y = top + r * down + (line if captions else 0)
        if names:
            draw.text((MARGIN, y + shown / 2), names[r], INK, font, anchor="lm")
        for c, picture in enumerate(row):
            image = Image.fromarray(np.ascontiguousarray(picture))
            if scale != 1:
                image = image.resize((across, shown), Image.Resampling.BICUBIC)
            x = left + c * right
            page.paste(image, (x, y))
            draw.text((x, y - line / 2), next(caption, ""), INK, font, anchor="lm")
    return np.asarray(page)


def png(picture: Picture) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "png")
    return buffer.getvalue()


def from_png(file: bytes) -> Picture:
    """The picture that `png` made a file of."""
    return np.asarray(Image.open(io.BytesIO(file)))


def gif(pictures: Sequence[Picture], *, fps: int, colours: int = 128) -> bytes:
    """A looping GIF with one palette for all its frames, so that still parts do not flicker."""
    images = [Image.fromarray(np.ascontiguousarray(picture)) for picture in pictures]
    palette = Image.fromarray(
        np.concatenate([np.asarray(i) for i in images[:: max(1, len(images) // 8)]])
    )
    palette = palette.quantize(colours, method=Image.Quantize.MEDIANCUT)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "gif", save_all=True, append_images=frames[1:], duration=1000 // fps, loop=0
    )
    return buffer.getvalue()
