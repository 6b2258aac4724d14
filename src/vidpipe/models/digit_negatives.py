"""Negatives of the digit classifier: pictures that look like numerals and are none.

Each kind is made from pairs of pictures of different numerals, with random numbers from `rng`.
`augmented` makes the positives beside them.

Shapes: b batch, s side, float, paper 1 and ink -1.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Pictures = Float[Tensor, "b 1 s s"]
Field = Float[Tensor, "b c s s"]
MakeNegatives = Callable[[Pictures, Pictures, torch.Generator], Pictures]
PAPER = 1.0


def augmented(pictures: Pictures, rng: torch.Generator) -> Pictures:
    """Still the same numerals: bent by half a pixel, shifted by one, fainter, noisy."""
    count, side = len(pictures), pictures.shape[-1]
    # Draw a bend, a shift, a contrast and a grain for each picture.
    bend = 0.5 * smooth(count, 2, 4, side, rng)
    shift = 2 * torch.rand(count, 2, 1, 1, generator=rng) - 1
    contrast = 0.8 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    grain = 0.25 * torch.rand(count, 1, 1, 1, generator=rng)

    # Contrast fades ink towards paper; paper itself stays.
    bent = PAPER - contrast * (PAPER - _warped(pictures, bend + shift))
    return (bent + grain * torch.randn(pictures.shape, generator=rng)).clamp(-1, 1)


def halves(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Cut along a line near the middle: half of the first, and paper, or half of the second."""
    count, side = len(first), first.shape[-1]
    angle = 2 * torch.pi * torch.rand(count, 1, 1, 1, generator=rng)
    offset = side / 6 * (2 * torch.rand(count, 1, 1, 1, generator=rng) - 1)
    # The line has a random direction, and a distance of up to a sixth of the side.
    ticks = torch.arange(side) - (side - 1) / 2
    beyond_line = angle.cos() * ticks + angle.sin() * ticks[:, None] > offset
    blank = torch.rand(count, 1, 1, 1, generator=rng) < 0.5
    return torch.where(beyond_line, first, torch.where(blank, PAPER, second))


def patchworks(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Regions with wavy borders, alternately of the first and of the second."""
    # Split at the mean: each picture has about as much of both.
    border = smooth(len(first), 1, 4, first.shape[-1], rng)
    return torch.where(border > border.mean((2, 3), keepdim=True), first, second)


def blends(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Both at once: mixed, or written over one another."""
    count = len(first)
    # Neither may dominate: a tenth of another numeral is still a numeral.
    share = 0.35 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    over = torch.rand(count, 1, 1, 1, generator=rng) < 0.5
    mixed = share * first + (1 - share) * second
    return torch.where(over, torch.minimum(first, second), mixed)


def shuffled(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Cut into 4 or 16 squares, in another order."""
    parts = 2 if torch.rand((), generator=rng) < 0.5 else 4
    count, side = len(first), first.shape[-1] // parts
    tiles = F.unfold(first, side, stride=side)
    order = torch.rand(count, parts**2, generator=rng).argsort(1)
    # The order that changes nothing is reversed.
    unchanged = (order == torch.arange(parts**2)).all(1)
    order[unchanged] = order[unchanged].flip(1)
    reordered = tiles.gather(2, order[:, None].expand_as(tiles))
    return F.fold(reordered, first.shape[-2:], side, stride=side)


def crooked(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Bent by several pixels in varying directions."""
    count, side = len(first), first.shape[-1]
    amount = side * (0.09 + 0.08 * torch.rand(count, 1, 1, 1, generator=rng))
    return _warped(first, amount * smooth(count, 2, 6, side, rng))


def eroded(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """With a third to two thirds of the ink removed in blots."""
    # Below a random level of a smooth field, ink becomes paper.
    blots = smooth(len(first), 1, 8, first.shape[-1], rng)
    level = 0.7 * (torch.rand(len(first), 1, 1, 1, generator=rng) - 0.5)
    return torch.where(blots > level, first, PAPER)


def strokes(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """No numeral at all: bands of smooth noise, as wide as strokes, where the glyphs stand."""
    count, side = len(first), first.shape[-1]
    height = int(torch.randint(8, 15, (), generator=rng))
    width = int(torch.randint(8, 15, (), generator=rng))
    coarse = torch.randn(count, 1, height, width, generator=rng)
    field = F.interpolate(coarse, side, mode="bicubic")
    # Zero crossings of the field are the lines, widened to the thickness of strokes.
    thickness = 0.2 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    bands = torch.tanh(4 * (field.abs() - thickness))
    near_ink = F.max_pool2d(-torch.minimum(first, second), 5, 1, 2) > 0
    return torch.where(near_ink, bands, PAPER)


def grains(first: Pictures, second: Pictures, rng: torch.Generator) -> Pictures:
    """Pixels of the first in another order, or noise."""
    # Half keep the histogram of a numeral and lose its shape; half are noise.
    order = torch.rand(len(first), first[0].numel(), generator=rng).argsort(1)
    mixed = first.flatten(1).gather(1, order).view_as(first)
    noise = torch.randn(first.shape, generator=rng)
    return torch.where(torch.rand(len(first), 1, 1, 1, generator=rng) < 0.5, mixed, noise)


NEGATIVES: dict[str, MakeNegatives] = {
    "halves": halves,
    "patchworks": patchworks,
    "blends": blends,
    "shuffled": shuffled,
    "crooked": crooked,
    "eroded": eroded,
    "strokes": strokes,
    "grains": grains,
}


def smooth(count: int, channels: int, coarse: int, side: int, rng: torch.Generator) -> Field:
    """Random fields of about unit size that change over `side / coarse` pixels."""
    points = torch.randn(count, channels, coarse, coarse, generator=rng)
    return F.interpolate(points, side, mode="bicubic", align_corners=True)


def _warped(pictures: Pictures, pixels: Float[Tensor, "b 2 _ _"]) -> Pictures:
    """Sample each pixel from a place that is `pixels` away."""
    count, side = len(pictures), pictures.shape[-1]
    identity = F.affine_grid(torch.eye(2, 3).expand(count, 2, 3), [count, 1, side, side], False)
    grid = identity + (2 / side * pixels).permute(0, 2, 3, 1)
    # Reflection is the padding that QEMU, on which portability is tested, computes correctly.
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
