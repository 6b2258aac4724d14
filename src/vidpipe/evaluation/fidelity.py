"""Fidelity of predicted frames, frame by frame: squared error, PSNR, SSIM, sharpness and motion.

Shapes: b batch, c channels, h w pixels, float in [-1, 1].
"""

import functools

import torch
from jaxtyping import Float
from torch import Tensor

from vidpipe.evaluation.motion import MOVES
from vidpipe.models.flow import gaussian
from vidpipe.models.shapes import FrameBatch

Scores = Float[Tensor, "b"]

# Variance of rounding to 8 bits, for values 2 apart over 255 steps: the smallest error counted.
ROUNDING = (2 / 255) ** 2 / 12
SSIM_WINDOW = 11  # pixels
SSIM_DEVIATION = 1.5  # pixels, of the Gaussian
SSIM_MEAN, SSIM_VARIANCE = (0.01 * 2) ** 2, (0.03 * 2) ** 2  # of values 2 apart, as published
CHANGE = 2 * MOVES  # of any channel from one frame to the next, for a pixel to have moved


def mse(frames: FrameBatch, reference: FrameBatch) -> Scores:
    """Mean squared error per frame, at least that of rounding to 8 bits."""
    return ((frames - reference) ** 2).mean(dim=(1, 2, 3), dtype=torch.float64).clamp(min=ROUNDING)


def psnr(error: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Peak signal-to-noise ratio in dB of a mean squared error; at most 58.9, that of rounding."""
    return 10 * torch.log10(4 / error)


def ssim(frames: FrameBatch, reference: FrameBatch) -> Scores:
    """Structural similarity per frame (Wang et al. 2004), in Gaussian windows of 11 x 11 pixels.

    The mean over the windows around all pixels; the frame is mirrored beyond its edges.
    """
    # Moments of each window.
    across = _gaussian_windows(frames.shape[-1]).to(frames)
    down = _gaussian_windows(frames.shape[-2]).to(frames)
    products = [frames * frames, reference * reference, frames * reference]
    mean_x, mean_y, *means = (down.T @ values @ across for values in (frames, reference, *products))
    square_x, square_y, product = mean_x**2, mean_y**2, mean_x * mean_y
    variances = (means[0] - square_x).clamp(min=0) + (means[1] - square_y).clamp(min=0)
    covariance = means[2] - product

    luminance = (2 * product + SSIM_MEAN) / (square_x + square_y + SSIM_MEAN)
    structure = (2 * covariance + SSIM_VARIANCE) / (variances + SSIM_VARIANCE)
    return (luminance * structure).mean(dim=(1, 2, 3), dtype=torch.float64)


@functools.cache
def _gaussian_windows(side: int) -> Float[Tensor, "side side"]:
    """Return the matrix whose columns weigh the pixels of a side in the window around each.

    A product of matrices is several times as fast as a convolution of each channel by itself.
    """
    beyond = SSIM_WINDOW // 2
    bands = torch.zeros(side + 2 * beyond, side, dtype=torch.float64)
    for pixel, weight in enumerate(gaussian(SSIM_DEVIATION, beyond)):
        bands.diagonal(-pixel).fill_(weight)

    # What lies beyond an edge is the mirror of what lies before it.
    inside = bands[beyond : side + beyond]
    inside[1 : beyond + 1] += bands[:beyond].flip(0)
    inside[side - beyond - 1 : side - 1] += bands[side + beyond :].flip(0)
    return inside.float()


def gradient_energy(frames: FrameBatch) -> Scores:
    """Mean squared difference of neighbouring pixels: what blur takes away."""
    across, down = frames.double().diff(dim=-1), frames.double().diff(dim=-2)
    return (across**2).mean(dim=(1, 2, 3)) + (down**2).mean(dim=(1, 2, 3))


def moving_share(before: FrameBatch, after: FrameBatch) -> Scores:
    """Share of the pixels that move from one frame to the next, as `motion` counts them."""
    return ((after - before).abs().amax(dim=1) > CHANGE).double().mean(dim=(1, 2))
