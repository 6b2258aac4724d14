"""Fidelity of predicted frames, frame by frame: squared error, PSNR, SSIM, sharpness and motion.

Shapes: b batch, c channels, h w pixels, float in [-1, 1].
"""

import torch
from jaxtyping import Float
from torch import Tensor

from vidpipe.evaluation.motion import MOVES
from vidpipe.models.shapes import FrameBatch

Scores = Float[Tensor, "b"]

# Variance of rounding to 8 bits, for values 2 apart over 255 steps: the smallest error counted.
ROUNDING = (2 / 255) ** 2 / 12
CHANGE = 2 * MOVES  # of any channel from one frame to the next, for a pixel to have moved


def mse(frames: FrameBatch, reference: FrameBatch) -> Scores:
    """Mean squared error per frame, at least that of rounding to 8 bits."""
    return ((frames - reference) ** 2).mean(dim=(1, 2, 3), dtype=torch.float64).clamp(min=ROUNDING)


def psnr(error: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Peak signal-to-noise ratio in dB of a mean squared error; at most 58.9, that of rounding."""
    return 10 * torch.log10(4 / error)


def ssim(frames: FrameBatch, reference: FrameBatch) -> Scores:
    """Structural similarity per frame (Wang et al. 2004), with an 11x11 Gaussian window."""
    # It imports matplotlib and scipy.signal, for which no training is to wait.
    from torchmetrics.functional.image import structural_similarity_index_measure

    score: Tensor = structural_similarity_index_measure(
        frames, reference, data_range=2.0, reduction="none"
    )
    return score.double()


def gradient_energy(frames: FrameBatch) -> Scores:
    """Mean squared difference of neighbouring pixels: what blur takes away."""
    across, down = frames.double().diff(dim=-1), frames.double().diff(dim=-2)
    return (across**2).mean(dim=(1, 2, 3)) + (down**2).mean(dim=(1, 2, 3))


def moving_share(before: FrameBatch, after: FrameBatch) -> Scores:
    """Share of the pixels that move from one frame to the next, as `motion` counts them."""
    return ((after - before).abs().amax(dim=1) > CHANGE).double().mean(dim=(1, 2))
