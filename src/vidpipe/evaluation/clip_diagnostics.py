"""Diagnostics of a GAN of clips, measured at each report of its training."""

import math

import torch

from vidpipe.evaluation.motion import measure_motion
from vidpipe.models.pixels import to_uint8
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Objective, TrainState
from vidpipe.training.losses import LOSSES
from vidpipe.training.modes import evaluating

MIN_REAL = 1e-6  # stands for a diversity or motion of real clips that is zero


@torch.no_grad()
def clip_diagnostics(
    state: TrainState, objective: Objective, held_out: Objective | None, *, seed: int
) -> dict[str, float]:
    """Return what `training.health.warning_signs` takes, the same for the same state.

    Args:
        state: Networks that learn; their modes are restored.
        objective: Of the training clips.
        held_out: Of clips that are not trained on; None where there are none.
        seed: Seed of the batches.

    Returns:
        `d_held_out`: share of the held-out clips that the discriminators take for real;
        `diversity` and `motion` of samples, as ratios to those of real clips.
    """
    generator = state.sampling_generator
    rng = torch.Generator().manual_seed(seed)
    diagnostics = {}
    with evaluating(generator, *state.discriminators):
        source, real = objective.sample_batch(generator, rng)
        samples = generator(source)
        # A discriminator that has memorised its clips tells held-out ones from them.
        if held_out:
            held_out_batch = held_out.sample_batch(generator, rng)
            accuracy = LOSSES[state.hyperparameters.loss].accuracy
            shares = [
                accuracy(discriminator(*held_out_batch), discriminator(source, samples))["d_real"]
                for discriminator in state.discriminators
            ]
            diagnostics["d_held_out"] = torch.stack(shares).mean().item()
    return {
        **diagnostics,
        "diversity": _diversity(samples) / max(_diversity(real), MIN_REAL),
        "motion": _motion(samples) / max(_motion(real), MIN_REAL),
    }


def _diversity(clips: ClipBatch) -> float:
    """Root mean square distance of two clips."""
    return math.sqrt(2 * clips.var(0).mean().item())


def _motion(clips: ClipBatch) -> float:
    """Share of the pixels that move."""
    pixels = to_uint8(clips).permute(0, 2, 3, 4, 1)
    return measure_motion(pixels).moving_share.mean().item()
