"""Pictures that look like numerals and are none: what a judge must learn to refuse.

Each kind is made of pairs of pictures of different numerals, by chance from `rng`.

Shapes: b batch, float, paper 1 and ink -1.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Pictures = Float[Tensor, "b 1 s s"]
Field = Float[Tensor, "b c s s"]
Impostor = Callable[[Pictures, Pictures, torch.Generator], Pictures]
PAPER = 1.0


def moved(pictures: Pictures, rng: torch.Generator) -> Pictures:
    """Still the same numerals: bent by half a pixel, shifted by one, fainter, noisy."""
    count, side = len(pictures), pictures.shape[-1]
    bend = 0.5 * smooth(count, 2, 4, side, rng)
    shift = 2 * torch.rand(count, 2, 1, 1, generator=rng) - 1
    contrast = 0.8 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    grain = 0.25 * torch.rand(count, 1, 1, 1, generator=rng)
    bent = PAPER - contrast * (PAPER - _warped(pictures, bend + shift))
    return (bent + grain * torch.randn(pictures.shape, generator=rng)).clamp(-1, 1)


def halves(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Cut along a line near the middle: half of one, and paper, or half of the other."""
    count, side = len(one), one.shape[-1]
    angle = 2 * torch.pi * torch.rand(count, 1, 1, 1, generator=rng)
    offset = side / 6 * (2 * torch.rand(count, 1, 1, 1, generator=rng) - 1)
    ticks = torch.arange(side) - (side - 1) / 2
    kept = angle.cos() * ticks + angle.sin() * ticks[:, None] > offset
    blank = torch.rand(count, 1, 1, 1, generator=rng) < 0.5
    return torch.where(kept, one, torch.where(blank, PAPER, other))


def patchworks(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Regions with wavy borders, of one and of the other by turns."""
    border = smooth(len(one), 1, 4, one.shape[-1], rng)
    return torch.where(border > border.mean((2, 3), keepdim=True), one, other)


def blends(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Both at once: mixed, or written over one another."""
    count = len(one)
    share = 0.35 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    over = torch.rand(count, 1, 1, 1, generator=rng) < 0.5
    return torch.where(over, torch.minimum(one, other), share * one + (1 - share) * other)


def shuffled(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Cut into 4 or 16 squares, and these laid out anew."""
    parts = 2 if torch.rand((), generator=rng) < 0.5 else 4
    count, side = len(one), one.shape[-1] // parts
    tiles = F.unfold(one, side, stride=side)
    order = torch.rand(count, parts**2, generator=rng).argsort(1)
    straight = (order == torch.arange(parts**2)).all(1)
    order[straight] = order[straight].flip(1)
    laid = tiles.gather(2, order[:, None].expand_as(tiles))
    return F.fold(laid, one.shape[-2:], side, stride=side)


def crooked(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Bent by several pixels, this way and that."""
    count, side = len(one), one.shape[-1]
    amount = side * (0.09 + 0.08 * torch.rand(count, 1, 1, 1, generator=rng))
    return _warped(one, amount * smooth(count, 2, 6, side, rng))


def eroded(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """With a third to two thirds of the ink washed away in blots."""
    blots = smooth(len(one), 1, 8, one.shape[-1], rng)
    level = 0.7 * (torch.rand(len(one), 1, 1, 1, generator=rng) - 0.5)
    return torch.where(blots > level, one, PAPER)


def strokes(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """No numeral at all: bands of smooth noise, as wide as strokes, where the glyphs stand."""
    count, side = len(one), one.shape[-1]
    coarse = int(torch.randint(8, 15, (), generator=rng))
    across = int(torch.randint(8, 15, (), generator=rng))
    field = F.interpolate(
        torch.randn(count, 1, coarse, across, generator=rng), side, mode="bicubic"
    )
    width = 0.2 + 0.3 * torch.rand(count, 1, 1, 1, generator=rng)
    drawn = torch.tanh(4 * (field.abs() - width))
    near = F.max_pool2d(-torch.minimum(one, other), 5, 1, 2) > 0
    return torch.where(near, drawn, PAPER)


def grains(one: Pictures, other: Pictures, rng: torch.Generator) -> Pictures:
    """Pixels of one in another order, or noise of any strength."""
    order = torch.rand(len(one), one[0].numel(), generator=rng).argsort(1)
    mixed = one.flatten(1).gather(1, order).view_as(one)
    noise = torch.randn(one.shape, generator=rng)
    return torch.where(torch.rand(len(one), 1, 1, 1, generator=rng) < 0.5, mixed, noise)


IMPOSTORS: dict[str, Impostor] = {
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
    """Each pixel is fetched from `pixels` away."""
    count, side = len(pictures), pictures.shape[-1]
    plain = F.affine_grid(torch.eye(2, 3).expand(count, 2, 3), [count, 1, side, side], False)
    grid = plain + (2 / side * pixels).permute(0, 2, 3, 1)
    # Reflected, for that QEMU computes rightly, by which portability is tested.
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
