"""Clips that look like someone acting and are not: what a judge of actions must learn to refuse.

Each kind is made of pairs of clips of different actions, by chance from `rng`.

Shapes: b batch, c channels, t frames, s side, float in [-1, 1].
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.digit_negatives import smooth

Clips = Float[Tensor, "b c t s s"]
Impostor = Callable[[Clips, Clips, torch.Generator], Clips]


def varied(clips: Clips, rng: torch.Generator) -> Clips:
    """Still the same actions: mirrored, moved, nearer, in other colours, blurred, noisy.

    All frames of a clip alike, but for the noise.
    """
    count, deep, _, side, _ = clips.shape
    zoom = 1 + 0.15 * _even((count,), rng)
    turn = torch.where(_chance(count, rng), -zoom, zoom)
    shift = 0.2 * _even((count, 2), rng)
    place = torch.cat([torch.diag_embed(torch.stack([turn, zoom], 1)), shift[..., None]], 2)
    moved = _sampled(clips, F.affine_grid(place, [count, 1, side, side], False))
    order = torch.rand(count, deep, generator=rng).argsort(1)
    moved = moved.gather(1, order.view(count, deep, 1, 1, 1).expand_as(moved))
    gain = 1 + 0.2 * _even((count, deep, 1, 1, 1), rng)
    light = 0.3 * _even((count, deep, 1, 1, 1), rng)
    blurred = F.avg_pool3d(F.pad(moved, (1, 1, 1, 1, 0, 0), "replicate"), (1, 3, 3), 1)
    sharp = _wide(torch.rand(count, generator=rng))
    fine = torch.randn(clips.shape, generator=rng)
    coarse = 3 * F.avg_pool3d(fine, (1, 3, 3), 1, (0, 1, 1))
    noise = torch.where(_wide(_chance(count, rng)), coarse, fine)
    grain = 0.15 * _wide(torch.rand(count, generator=rng))
    seen = gain * (sharp * moved + (1 - sharp) * blurred) + light + grain * noise
    return seen.clamp(-1, 1)


def frozen(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """One frame all the time, in a light that is steady or flickers."""
    strength = 0.3 * _wide(torch.rand(len(one), generator=rng) * _chance(len(one), rng))
    light = torch.randn(len(one), 1, one.shape[2], 1, 1, generator=rng)
    return one[:, :, :1] + strength * light


def emptied(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """The place without what moves in it: each pixel's middle value."""
    return _background(one).expand_as(one)


def shuffled(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """The frames in another order."""
    order = torch.rand(len(one), one.shape[2], generator=rng).argsort(1)
    return one.gather(2, order.view(len(one), 1, -1, 1, 1).expand_as(one))


def spliced(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """First one, then the other, from somewhere in the middle half on."""
    frames = one.shape[2]
    cut = frames * (0.25 + 0.5 * torch.rand(len(one), generator=rng))
    return torch.where(torch.arange(frames).view(1, 1, -1, 1, 1) < _wide(cut), one, other)


def patchworks(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """Regions with wavy borders, of one and of the other by turns."""
    border = smooth(len(one), 1, 6, one.shape[-1], rng)[:, :, None]
    return torch.where(border > border.mean((3, 4), keepdim=True), one, other)


def blends(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """Both at once."""
    share = _wide(0.35 + 0.3 * torch.rand(len(one), generator=rng))
    return share * one + (1 - share) * other


def crooked(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """Bent by several pixels, this way and that."""
    count, side = len(one), one.shape[-1]
    amount = 0.2 + 0.2 * torch.rand(count, 1, 1, 1, generator=rng)
    bend = amount * smooth(count, 2, 6, side, rng).permute(0, 2, 3, 1)
    plain = F.affine_grid(torch.eye(2, 3).expand(count, 2, 3), [count, 1, side, side], False)
    return _sampled(one, plain + bend)


def blobs(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """The place of one, and in it a coloured blob that drifts and throbs."""
    count, deep, frames, side, _ = one.shape
    ticks = (torch.arange(side) + 0.5) / side
    time = torch.arange(frames).view(1, -1, 1, 1) / frames
    start, speed, width, height, beat = (
        low + (high - low) * torch.rand(count, 1, 1, 1, generator=rng)
        for low, high in ((0.2, 0.8), (-0.5, 0.5), (0.06, 0.2), (0.15, 0.35), (0.0, 3.0))
    )
    throb = 1 + 0.3 * torch.sin(2 * torch.pi * beat * (time + start))
    across = (ticks - start - speed * time) / (width * throb)
    down = (ticks[:, None] - 0.55) / (height * throb)
    inside = (3 * (1 - across.square() - down.square())).sigmoid()[:, None]
    colour = smooth(count, deep, 5, side, rng)[:, :, None]
    return inside * colour + (1 - inside) * _background(one)


def grains(one: Clips, other: Clips, rng: torch.Generator) -> Clips:
    """Pixels of one in another order, or noise of any strength."""
    order = torch.rand(len(one), one[0, 0, 0].numel(), generator=rng).argsort(1)
    rows = one.flatten(3)
    mixed = rows.gather(3, order[:, None, None].expand_as(rows)).view_as(one)
    strength = _wide(torch.rand(len(one), generator=rng))
    noise = strength * torch.randn(one.shape, generator=rng)
    return torch.where(_wide(_chance(len(one), rng)), mixed, noise)


IMPOSTORS: dict[str, Impostor] = {
    "frozen": frozen,
    "emptied": emptied,
    "shuffled": shuffled,
    "spliced": spliced,
    "patchworks": patchworks,
    "blends": blends,
    "crooked": crooked,
    "blobs": blobs,
    "grains": grains,
}


def _background(clips: Clips) -> Float[Tensor, "b c 1 s s"]:
    return clips.median(dim=2, keepdim=True).values


def _sampled(clips: Clips, grid: Float[Tensor, "b s s 2"]) -> Clips:
    """All frames of a clip fetched from the same places."""
    flat = clips.flatten(1, 2)
    return F.grid_sample(flat, grid, padding_mode="reflection", align_corners=False).view_as(clips)


def _even(shape: tuple[int, ...], rng: torch.Generator) -> Float[Tensor, "b ..."]:
    """Numbers from -1 to 1."""
    return 2 * torch.rand(shape, generator=rng) - 1


def _chance(count: int, rng: torch.Generator) -> Tensor:
    return torch.rand(count, generator=rng) < 0.5


def _wide(values: Tensor) -> Tensor:
    """One value per clip, to stand beside clips."""
    return values.view(-1, 1, 1, 1, 1)
