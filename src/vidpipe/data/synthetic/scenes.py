"""Paint still scenes for figures to move in: a wall or a horizon, and ground, with texture."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter
from PIL.ImageDraw import Draw, ImageDraw

WIDTH, HEIGHT = 180, 144
FLOOR = 106  # row where the ground begins
Colour = tuple[int, int, int]


def brick(draw: ImageDraw) -> None:
    """Whitewashed bricks above paving stones."""
    draw.rectangle((0, 0, WIDTH, FLOOR), (178, 172, 164))
    for row, top in enumerate(range(0, FLOOR, 9)):
        for left in range(-20 + row % 2 * 10, WIDTH, 20):
            shade = (row * 7 + left * 3) % 5 * 5
            draw.rectangle((left, top, left + 18, top + 7), (214 - shade, 198 - shade, 186 - shade))
    _fade(draw, FLOOR, HEIGHT, (134, 132, 130), (158, 156, 152))
    _boards(draw, 50, (114, 112, 110))
    draw.line((0, FLOOR + 14, WIDTH, FLOOR + 14), (114, 112, 110))


def gym(draw: ImageDraw) -> None:
    """A light wall with a wide stripe, above floorboards."""
    draw.rectangle((0, 0, WIDTH, FLOOR), (212, 212, 202))
    draw.rectangle((0, 66, WIDTH, FLOOR), (152, 176, 180))
    draw.line((0, 66, WIDTH, 66), (112, 132, 140), 2)
    for left in range(15, WIDTH, 38):
        draw.line((left, 0, left, 65), (192, 192, 184))
    _fade(draw, FLOOR, HEIGHT, (176, 146, 108), (204, 172, 130))
    _boards(draw, 36, (156, 126, 90))


def meadow(draw: ImageDraw) -> None:
    """Sky, hills, a hedge and grass."""
    _fade(draw, 0, 90, (150, 186, 214), (226, 232, 230))
    draw.ellipse((-60, 58, 110, 180), (160, 182, 158))
    draw.ellipse((60, 66, 260, 190), (146, 172, 146))
    for left in range(-6, WIDTH, 11):
        draw.ellipse((left, 88 + left * 5 % 7, left + 18, 120), (104, 136, 96))
    _fade(draw, FLOOR, HEIGHT, (136, 160, 98), (160, 182, 114))


def room(draw: ImageDraw) -> None:
    """A plastered wall with a window and a skirting board, above carpet."""
    _fade(draw, 0, FLOOR, (226, 216, 198), (206, 194, 176))
    draw.rectangle((12, 12, 56, 60), (246, 242, 234))
    for left, top in ((15, 15), (36, 15), (15, 38), (36, 38)):
        draw.rectangle((left, top, left + 17, top + 19), (172, 198, 214))
    draw.rectangle((0, FLOOR - 6, WIDTH, FLOOR), (240, 232, 218))
    _fade(draw, FLOOR, HEIGHT, (126, 116, 128), (150, 138, 150))


def beach(draw: ImageDraw) -> None:
    """Sky, sea and sand."""
    _fade(draw, 0, 70, (170, 198, 222), (236, 228, 214))
    _fade(draw, 70, FLOOR, (106, 150, 172), (146, 184, 190))
    for row in range(74, FLOOR, 5):
        draw.line((row * 13 % 60, row, row * 13 % 60 + 70, row), (176, 206, 208))
    _fade(draw, FLOOR, HEIGHT, (206, 190, 156), (226, 210, 176))


def fence(draw: ImageDraw) -> None:
    """Sky over a wooden fence, and a lawn."""
    _fade(draw, 0, 40, (176, 204, 226), (214, 226, 232))
    for left in range(0, WIDTH, 15):
        shade = left * 7 % 4 * 5
        draw.rectangle((left, 34, left + 13, FLOOR), (206 - shade, 184 - shade, 152 - shade))
        draw.line((left + 14, 34, left + 14, FLOOR), (150, 130, 104))
    draw.line((0, 50, WIDTH, 50), (176, 154, 122), 3)
    _fade(draw, FLOOR, HEIGHT, (124, 150, 96), (148, 172, 110))


def street(draw: ImageDraw) -> None:
    """A house front with windows, and asphalt behind a kerb."""
    draw.rectangle((0, 0, WIDTH, FLOOR), (204, 190, 180))
    for left in range(8, WIDTH, 44):
        for top in (6, 56):
            draw.rectangle((left, top, left + 24, top + 34), (236, 230, 222))
            draw.rectangle((left + 3, top + 3, left + 21, top + 31), (146, 160, 172))
    draw.line((0, 48, WIDTH, 48), (180, 166, 156), 3)
    _fade(draw, FLOOR, HEIGHT, (122, 124, 130), (146, 148, 152))
    draw.rectangle((0, FLOOR - 4, WIDTH, FLOOR + 1), (188, 186, 182))


def tiles(draw: ImageDraw) -> None:
    """Glazed tiles on the wall, larger ones on the floor."""
    draw.rectangle((0, 0, WIDTH, FLOOR), (196, 214, 212))
    for column in range(0, WIDTH, 15):
        draw.line((column, 0, column, FLOOR), (172, 192, 192))
    for row in range(0, FLOOR, 15):
        draw.line((0, row, WIDTH, row), (172, 192, 192))
    _fade(draw, FLOOR, HEIGHT, (158, 156, 166), (186, 184, 192))
    _boards(draw, 40, (136, 134, 146))
    draw.line((0, FLOOR + 16, WIDTH, FLOOR + 16), (136, 134, 146))


def curtain(draw: ImageDraw) -> None:
    """A pale curtain in folds, above a stage."""
    for column in range(WIDTH):
        fold = abs(column % 18 - 9) * 4
        draw.line((column, 0, column, FLOOR), (182 + fold, 168 + fold, 186 + fold))
    _fade(draw, FLOOR, HEIGHT, (142, 118, 98), (168, 142, 118))
    for row in range(FLOOR, HEIGHT, 8):
        draw.line((0, row, WIDTH, row), (122, 100, 82))


SCENES: tuple[Callable[[ImageDraw], None], ...] = (
    *(brick, meadow, gym, beach, room, fence, tiles, street, curtain),
)


def scene(number: int, random: np.random.Generator) -> Image.Image:
    """Paint a scene.

    Args:
        number: Index into `SCENES`, modulo their number.
        random: Draws tint, light, grain and a mirroring.
    """
    # Draw the scene, soften it, and mirror it or not.
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    SCENES[number % len(SCENES)](Draw(picture))
    picture = picture.filter(ImageFilter.GaussianBlur(0.6))
    if random.integers(2):
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    # Texture: patches of light, grain per pixel, one tint.
    clouds = Image.fromarray(random.integers(0, 256, (7, 9), dtype=np.uint8))
    light = np.asarray(clouds.resize(picture.size, Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.integers(-6, 7, (HEIGHT, WIDTH), dtype=np.int16)
    tint = random.integers(-8, 9, 3, dtype=np.int16)
    textured = np.asarray(picture) + ((light - 128) // 10 + grain)[..., None] + tint
    return Image.fromarray(np.clip(textured, 0, 255).astype(np.uint8))


def _boards(draw: ImageDraw, width: int, colour: Colour) -> None:
    """Draw lines on the ground that converge towards the wall."""
    for left in range(WIDTH // 2 - 20 * width, WIDTH // 2 + 20 * width, width):
        draw.line((WIDTH / 2 + (left - WIDTH / 2) * 0.4, FLOOR, left, HEIGHT), colour)


def _fade(draw: ImageDraw, top: int, bottom: int, above: Colour, below: Colour) -> None:
    """Fill the rows with a vertical gradient."""
    for row in range(top, bottom):
        share = (row - top) / (bottom - top)
        mixed = tuple(round(a + share * (b - a)) for a, b in zip(above, below, strict=True))
        draw.line((0, row, WIDTH, row), mixed)
