"""Still places for figures to move in: a wall or a horizon, and ground, with texture."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 180, 144
FLOOR = 106  # row where the ground begins
Colour = tuple[int, int, int]


def brick(draw: ImageDraw.ImageDraw) -> None:
    """A brick wall above paving stones."""
    draw.rectangle((0, 0, WIDTH, HEIGHT), (150, 138, 130))
    for row, top in enumerate(range(0, FLOOR, 9)):
        for left in range(-20 + row % 2 * 10, WIDTH, 20):
            shade = (row * 7 + left * 3) % 5 * 4
            draw.rectangle((left, top, left + 18, top + 7), (172 - shade, 140 - shade, 126 - shade))
    _ground(draw, (134, 132, 130), (158, 156, 152))
    for left in range(-400, 600, 50):
        draw.line((90 + (left - 90) * 0.4, FLOOR, left, HEIGHT), (118, 116, 114))
    draw.line((0, FLOOR + 14, WIDTH, FLOOR + 14), (118, 116, 114))


def gym(draw: ImageDraw.ImageDraw) -> None:
    """A light wall with a stripe above floorboards."""
    draw.rectangle((0, 0, WIDTH, HEIGHT), (206, 208, 200))
    draw.rectangle((0, 66, WIDTH, FLOOR), (152, 172, 176))
    draw.line((0, 66, WIDTH, 66), (112, 132, 140), 2)
    for left in range(15, WIDTH, 38):
        draw.line((left, 0, left, 65), (190, 192, 186))
    _ground(draw, (176, 146, 108), (204, 172, 130))
    for left in range(-500, 700, 36):
        draw.line((90 + (left - 90) * 0.4, FLOOR, left, HEIGHT), (160, 130, 94))


def meadow(draw: ImageDraw.ImageDraw) -> None:
    """Sky, hills, a hedge and grass."""
    _fade(draw, 0, 84, (150, 186, 214), (222, 230, 230))
    draw.ellipse((-60, 58, 110, 180), (150, 172, 150))
    draw.ellipse((60, 66, 260, 190), (136, 162, 138))
    for left in range(-6, WIDTH, 11):
        draw.ellipse((left, 86 + left * 5 % 7, left + 18, 120), (92, 122, 84))
    _ground(draw, (128, 152, 92), (150, 172, 106))


def plaster(draw: ImageDraw.ImageDraw) -> None:
    """A plastered wall with a window and a skirting board, above carpet."""
    _fade(draw, 0, FLOOR, (220, 210, 192), (200, 188, 170))
    draw.rectangle((14, 14, 58, 62), (244, 240, 232))
    draw.rectangle((17, 17, 55, 59), (172, 196, 210))
    draw.line((36, 17, 36, 59), (244, 240, 232), 2)
    draw.line((17, 36, 55, 36), (244, 240, 232), 2)
    draw.rectangle((0, FLOOR - 6, WIDTH, FLOOR), (236, 228, 214))
    _ground(draw, (122, 112, 122), (146, 134, 144))


def beach(draw: ImageDraw.ImageDraw) -> None:
    """Sky, sea and sand."""
    _fade(draw, 0, 70, (170, 198, 222), (236, 228, 214))
    _fade(draw, 70, FLOOR, (98, 142, 164), (136, 176, 182))
    for row in range(74, FLOOR, 5):
        draw.line((row * 13 % 60, row, row * 13 % 60 + 70, row), (170, 198, 200))
    _ground(draw, (206, 190, 156), (226, 210, 176))


SCENES: tuple[Callable[[ImageDraw.ImageDraw], None], ...] = (brick, gym, meadow, plaster, beach)


def scene(number: int, random: np.random.Generator) -> Image.Image:
    """Paint a place.

    Args:
        number: Which, counted around `SCENES`.
        random: Draws texture, and whether it is mirrored.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    SCENES[number % len(SCENES)](ImageDraw.Draw(picture))
    picture = picture.filter(ImageFilter.GaussianBlur(0.6))
    if random.integers(2):
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    clouds = Image.fromarray(random.integers(0, 256, (7, 9), dtype=np.uint8))
    light = np.asarray(clouds.resize(picture.size, Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.integers(-9, 10, (HEIGHT, WIDTH), dtype=np.int16)
    change = ((light - 128) // 9 + grain)[..., None]
    textured = np.clip(np.asarray(picture).astype(np.int16) + change, 0, 255)
    return Image.fromarray(textured.astype(np.uint8))


def _ground(draw: ImageDraw.ImageDraw, far: Colour, near: Colour) -> None:
    _fade(draw, FLOOR, HEIGHT, far, near)


def _fade(draw: ImageDraw.ImageDraw, top: int, bottom: int, above: Colour, below: Colour) -> None:
    for row in range(top, bottom):
        share = (row - top) / (bottom - top)
        draw.line(
            (0, row, WIDTH, row),
            tuple(round(a + share * (b - a)) for a, b in zip(above, below, strict=True)),
        )
