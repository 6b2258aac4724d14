"""Pictures of a smooth texture that moves by any part of a pixel, exactly: it is a formula."""

import math

import torch

INSIDE = (..., slice(16, -16), slice(16, -16))  # what has not just come into sight
WAVES = 24


def texture(across=0.0, down=0.0, *, size=64, channels=3, seed=0):
    """A picture moved by so many pixels: channels first, in [-1, 1]."""
    rng = torch.Generator().manual_seed(seed)
    angle, phase, length = torch.rand(3, WAVES, 1, 1, generator=rng).double()
    angle, phase, length = 2 * math.pi * angle, 2 * math.pi * phase, 10 + 50 * length
    pixels = torch.arange(size).double()
    way = (pixels - across) * angle.cos() + (pixels[:, None] - down) * angle.sin()
    grey = (3 * torch.sin(2 * math.pi * way / length + phase).mean(0)).tanh()
    return torch.stack([grey * (1 - 0.2 * channel) for channel in range(channels)]).float()


def drifting(count, velocity, **options):
    """Frames of a texture that moves by `velocity`, across and down, from each to the next."""
    across, down = velocity
    return torch.stack([texture(across * t, down * t, **options) for t in range(count)])


def uniform(flow, *, count=1):
    """The same flow everywhere."""
    return torch.tensor(flow).float().view(1, 2, 1, 1).expand(count, 2, 64, 64)
