"""Dense optical flow, and frames looked up where it points.

Flow points backwards: later(x) = earlier(x + flow(x)), so a frame is made of an earlier one by
looking it up (backward warping), without holes. It is estimated after Lucas and Kanade 1981 from
coarse to fine (Bouguet 2000): nothing is learnt, and nothing is divided by where nothing is seen.

Shapes: b batch, c channels, h w pixels; flow in pixels, across and then down.
"""

from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from vidpipe.models.shapes import FrameBatch

Flow = Float[Tensor, "b 2 h w"]
Maps = Float[Tensor, "b c h w"]
Positions = Float[Tensor, "b h w"]

LEVELS = 4  # of the pyramid, each at half the side of the one before
SMALLEST = 8  # pixels of a side on the coarsest level
NEWTON_STEPS = 3  # on each level
LONGEST_STEP = 1.5  # pixels
DAMPING = 1e-3  # on the diagonal of the equations: where nothing is seen, nothing moves
# Standard deviations of Gaussians, in pixels.
NOISE_BLUR = 0.7
LEVEL_BLUR = 0.8
FINE_WINDOW = 2.5
COARSE_WINDOW = 1.75
FLOW_BLUR = 1.0
SHARPNESS = -0.75  # of the cubic kernel: Keys's a, as torch has it


@torch.no_grad()
def optical_flow(earlier: FrameBatch, later: FrameBatch) -> Flow:
    """Estimate the flow by which each later frame is looked up in the earlier one."""
    # Coarse levels bring large motion within reach of steps that hold for small ones.
    pyramid = [tuple(blur(frames.mean(1, keepdim=True), NOISE_BLUR) for frames in (earlier, later))]
    while len(pyramid) < LEVELS and min(pyramid[-1][0].shape[-2:]) >= 2 * SMALLEST:
        pyramid.append(tuple(halve(blur(maps, LEVEL_BLUR)) for maps in pyramid[-1]))

    # From coarse to fine: each level corrects the flow of the one before.
    flow = torch.zeros_like(pyramid[-1][0]).repeat(1, 2, 1, 1)
    for level, (first, second) in reversed(list(enumerate(pyramid))):
        if flow.shape != (len(first), 2, *first.shape[-2:]):
            flow = blur(2 * F.interpolate(flow, size=first.shape[-2:]), FLOW_BLUR)
        window = FINE_WINDOW if level < LEVELS // 2 else COARSE_WINDOW
        for _ in range(NEWTON_STEPS):
            # Blurred after each step: neighbours with structure speak for those without.
            flow = blur(flow + _correction(first, second, flow, window), FLOW_BLUR)
    return flow


def compose(first: Flow, then: Flow) -> Flow:
    """Return the flow that looks up by `then` and, from there, by `first`."""
    return then + look_up(first, then)


def look_up(maps: Maps, flow: Flow) -> Maps:
    """Look maps up where flow points, bilinear. Gradients reach the flow, not the maps."""
    return _look_up(maps, flow, mode="bilinear")


def look_up_sharp(maps: Maps, flow: Flow) -> Maps:
    """Look maps up where flow points, bicubic, which keeps detail. Gradients reach the flow."""
    return _look_up(maps, flow, mode="bicubic")


def halve(maps: Maps) -> Float[Tensor, "b c h2 w2"]:
    """Halve the sides: means of two by two pixels. An odd last row or column is left out."""
    height, width = (length // 2 * 2 for length in maps.shape[-2:])
    maps = maps[..., :height, :width]
    rows = maps[..., ::2, :] + maps[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) / 4


def _correction(first: Maps, second: Maps, flow: Flow, window: float) -> Flow:
    """Solve the equations of Lucas and Kanade in a Gaussian window around each pixel."""
    warped = look_up(first, flow)
    padded = F.pad(warped, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    misfit = second - warped

    # Two equations in two unknowns, by Cramer's rule.
    products = [across * across, across * down, down * down, across * misfit, down * misfit]
    xx, xy, yy, xt, yt = torch.split(blur(torch.cat(products, dim=1), window), 1, dim=1)
    xx, yy = xx + DAMPING, yy + DAMPING
    step = torch.cat([yy * xt - xy * yt, xx * yt - xy * xt], dim=1) / (xx * yy - xy * xy)
    return step.clamp(-LONGEST_STEP, LONGEST_STEP)


def _look_up(maps: Maps, flow: Flow, *, mode: str) -> Maps:
    """Look maps up at positions displaced by flow; beyond the edge, it is repeated."""
    height, width = maps.shape[-2:]
    x = torch.arange(width, device=maps.device) + flow[:, 0]
    y = torch.arange(height, device=maps.device).unsqueeze(1) + flow[:, 1]
    # On CUDA, the backward of torch's own function counts as not deterministic, and is refused.
    if maps.is_cuda and flow.requires_grad:
        return gathered(maps.detach(), x, y, mode=mode)
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    return F.grid_sample(maps.detach(), grid, mode=mode, padding_mode="border", align_corners=True)


def gathered(maps: Maps, x: Positions, y: Positions, *, mode: str) -> Maps:
    """Look maps up at positions as `grid_sample` does, by plain sums over their neighbours."""
    left, top = x.detach().floor(), y.detach().floor()
    weights = _linear if mode == "bilinear" else _cubic
    lines = []
    # Line by line, as the kernel is a product: weights across, then one weight down.
    for row, down in weights(y - top).items():
        terms = [
            _pixels(maps, left + column, top + row) * across.unsqueeze(1)
            for column, across in weights(x - left).items()
        ]
        lines.append(torch.stack(terms).sum(0) * down.unsqueeze(1))
    return torch.stack(lines).sum(0)


def _pixels(maps: Maps, x: Positions, y: Positions) -> Maps:
    """Return the pixels at whole positions; beyond the edge, it is repeated."""
    height, width = maps.shape[-2:]
    # Of a position that is no number, any pixel: the weights are none either, and show it.
    place = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).nan_to_num()
    index: Int[Tensor, "b 1 n"] = place.long().flatten(1).unsqueeze(1)
    return maps.flatten(2).gather(2, index.expand(-1, maps.shape[1], -1)).view_as(maps)


def _linear(t: Positions) -> dict[int, Positions]:
    """Weights of the neighbours on both sides of a position, `t` after the first."""
    return {0: 1 - t, 1: t}


def _cubic(t: Positions) -> dict[int, Positions]:
    """Weights of two neighbours on each side of a position (Keys 1981, equation 4)."""

    def near(s: Positions) -> Positions:
        return ((SHARPNESS + 2) * s - (SHARPNESS + 3)) * s * s + 1

    def far(s: Positions) -> Positions:
        return ((SHARPNESS * s - 5 * SHARPNESS) * s + 8 * SHARPNESS) * s - 4 * SHARPNESS

    return {-1: far(t + 1), 0: near(t), 1: near(1 - t), 2: far(2 - t)}


@cache
def gaussian(sigma: float, radius: int) -> Float[Tensor, "taps"]:
    """Return the `2 radius + 1` weights of a Gaussian, which sum to 1, in double precision."""
    taps = torch.exp(-((torch.arange(-radius, radius + 1).double() / sigma) ** 2) / 2)
    return taps / taps.sum()


def blur(maps: Maps, sigma: float) -> Maps:
    """Blur by a Gaussian; at the edge, it is repeated."""
    radius = round(3 * sigma)
    kernel = gaussian(sigma, radius).to(maps)
    # The Gaussian is a product of two lines: two short convolutions instead of a large one.
    planes = F.pad(maps.flatten(0, 1).unsqueeze(1), (radius,) * 4, mode="replicate")
    planes = F.conv2d(planes, kernel.view(1, 1, 1, -1))
    return F.conv2d(planes, kernel.view(1, 1, -1, 1)).view_as(maps)
