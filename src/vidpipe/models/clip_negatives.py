"""Negatives of the action classifier: clips that look like an action and are none.

Each kind is made from pairs of clips of different actions, with random numbers from `rng`.

Shapes: b batch, c channels, t frames, s side, float in [-1, 1].
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.digit_negatives import smooth

Clips = Float[Tensor, "b c t s s"]
MakeNegatives = Callable[[Clips, Clips, torch.Generator], Clips]


def augmented(clips: Clips, rng: torch.Generator) -> Clips:
    """Still the same actions: mirrored, shifted, zoomed, in other colours, blurred, noisy.

    All frames of a clip are altered alike, but for the noise.
    """
    count, channels, _, side, _ = clips.shape

    # Mirror, zoom and shift.
    zoom = 1 + 0.15 * _uniform((count,), rng)
    scale = torch.where(_coin(count, rng), -zoom, zoom)
    shift = 0.2 * _uniform((count, 2), rng)
    affine = torch.cat([torch.diag_embed(torch.stack([scale, zoom], 1)), shift[..., None]], 2)
    warped = _sampled(clips, F.affine_grid(affine, [count, 1, side, side], False))

    # Exchange the channels, and change contrast and brightness of each.
    order = torch.rand(count, channels, generator=rng).argsort(1)
    warped = warped.gather(1, order.view(count, channels, 1, 1, 1).expand_as(warped))
    contrast = 1 + 0.2 * _uniform((count, channels, 1, 1, 1), rng)
    brightness = 0.3 * _uniform((count, channels, 1, 1, 1), rng)

    # Blur, and add fine or coarse noise.
    blurred = F.avg_pool3d(F.pad(warped, (1, 1, 1, 1, 0, 0), "replicate"), (1, 3, 3), 1)
    sharpness = _per_clip(torch.rand(count, generator=rng))
    fine = torch.randn(clips.shape, generator=rng)
    coarse = 3 * F.avg_pool3d(fine, (1, 3, 3), 1, (0, 1, 1))
    noise = torch.where(_per_clip(_coin(count, rng)), coarse, fine)
    strength = 0.15 * _per_clip(torch.rand(count, generator=rng))
    soft = sharpness * warped + (1 - sharpness) * blurred
    return (contrast * soft + brightness + strength * noise).clamp(-1, 1)


def frozen(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """One frame all the time, in a light that is steady or flickers."""
    count = len(first)
    # Half of them stand perfectly still: flicker must not be what gives them away.
    strength = 0.3 * _per_clip(torch.rand(count, generator=rng) * _coin(count, rng))
    light = torch.randn(count, 1, first.shape[2], 1, 1, generator=rng)
    return first[:, :, :1] + strength * light


def emptied(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """The background alone: the median of each pixel."""
    return _background(first).expand_as(first)


def shuffled(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """The frames in another order."""
    count, frames = len(first), first.shape[2]
    order = torch.rand(count, frames, generator=rng).argsort(1)
    return first.gather(2, order.view(count, 1, -1, 1, 1).expand_as(first))


def spliced(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """The first clip, then the second, from a place in the middle half on."""
    frames = first.shape[2]
    # In the middle half, so that both parts are long enough to be seen.
    cut = frames * (0.25 + 0.5 * torch.rand(len(first), generator=rng))
    before_cut = torch.arange(frames).view(1, 1, -1, 1, 1) < _per_clip(cut)
    return torch.where(before_cut, first, second)


def patchworks(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """Regions with wavy borders, alternately of the first and of the second."""
    # Split at the mean: each clip has about as much of both.
    border = smooth(len(first), 1, 6, first.shape[-1], rng)[:, :, None]
    return torch.where(border > border.mean((3, 4), keepdim=True), first, second)


def blends(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """Both at once."""
    # Neither may dominate: a tenth of another clip is still an action.
    share = _per_clip(0.35 + 0.3 * torch.rand(len(first), generator=rng))
    return share * first + (1 - share) * second


def crooked(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """Bent by several pixels in varying directions."""
    count, side = len(first), first.shape[-1]
    # The same bend in all frames: figures are wrong, their motion is not.
    amount = 0.2 + 0.2 * torch.rand(count, 1, 1, 1, generator=rng)
    bend = amount * smooth(count, 2, 6, side, rng).permute(0, 2, 3, 1)
    identity = F.affine_grid(torch.eye(2, 3).expand(count, 2, 3), [count, 1, side, side], False)
    return _sampled(first, identity + bend)


def blobs(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """The background of the first, and before it a coloured blob that drifts and pulsates."""
    count, channels, frames, side, _ = first.shape
    ticks = (torch.arange(side) + 0.5) / side
    time = torch.arange(frames).view(1, -1, 1, 1) / frames
    start, speed, width, height, frequency = (
        low + (high - low) * torch.rand(count, 1, 1, 1, generator=rng)
        for low, high in ((0.2, 0.8), (-0.5, 0.5), (0.06, 0.2), (0.15, 0.35), (0.0, 3.0))
    )
    # Distance from the centre in units of the radii, which pulsate; its edge is soft.
    pulse = 1 + 0.3 * torch.sin(2 * torch.pi * frequency * (time + start))
    across = (ticks - start - speed * time) / (width * pulse)
    down = (ticks[:, None] - 0.55) / (height * pulse)
    inside = (3 * (1 - across.square() - down.square())).sigmoid()[:, None]
    colour = smooth(count, channels, 5, side, rng)[:, :, None]
    return inside * colour + (1 - inside) * _background(first)


def grains(first: Clips, second: Clips, rng: torch.Generator) -> Clips:
    """Pixels of the first in another order, or noise of any strength."""
    count = len(first)
    order = torch.rand(count, first[0, 0, 0].numel(), generator=rng).argsort(1)
    # The same order in all frames: what moves, moves in grains.
    pixels = first.flatten(3)
    mixed = pixels.gather(3, order[:, None, None].expand_as(pixels)).view_as(first)
    strength = _per_clip(torch.rand(count, generator=rng))
    noise = strength * torch.randn(first.shape, generator=rng)
    return torch.where(_per_clip(_coin(count, rng)), mixed, noise)


NEGATIVES: dict[str, MakeNegatives] = {
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
    """Sample all frames of a clip at the same places."""
    flat = clips.flatten(1, 2)
    return F.grid_sample(flat, grid, padding_mode="reflection", align_corners=False).view_as(clips)


def _uniform(shape: tuple[int, ...], rng: torch.Generator) -> Float[Tensor, "..."]:
    """Draw uniformly from [-1, 1]."""
    return 2 * torch.rand(shape, generator=rng) - 1


def _coin(count: int, rng: torch.Generator) -> Bool[Tensor, "b"]:
    """Draw true or false with equal probability."""
    return torch.rand(count, generator=rng) < 0.5


def _per_clip(values: Tensor) -> Tensor:
    """Reshape one value per clip to broadcast against clips."""
    return values.view(-1, 1, 1, 1, 1)
