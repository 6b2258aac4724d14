"""How a GAN of clips fares, measured now and then while it learns."""

import math

import torch

from vidpipe.evaluation.motion import motion
from vidpipe.models.modes import evaluating
from vidpipe.models.pixels import to_uint8
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.adversarial import Objective, TrainState
from vidpipe.training.losses import LOSSES


@torch.no_grad()
def fares(
    state: TrainState, objective: Objective, held_out: Objective | None, *, seed: int
) -> dict[str, float]:
    """Numbers as `training.health.signs` takes them, the same for the same players.

    Args:
        state: Networks that learn; left as they are.
        objective: Of the training clips.
        held_out: Of clips that are not trained on; None where there are none.
        seed: Of what is looked at.

    Returns:
        `d_held_out`: share of the held-out clips that the discriminator takes for real;
        `diversity` and `motion` of samples, as ratios to those of real clips.
    """
    generator, discriminator = state.sampling_generator, state.discriminators[0]
    rng = torch.Generator().manual_seed(seed)
    found = {}
    with evaluating(generator, discriminator):
        source, real = objective.sample_batch(generator, rng)
        made = generator(source)
        if held_out:
            unseen = discriminator(*held_out.sample_batch(generator, rng))
            judged = LOSSES[state.hyperparameters.loss].accuracy(
                unseen, discriminator(source, made)
            )
            found["d_held_out"] = judged["d_real"].item()
    return {
        **found,
        "diversity": _diversity(made) / max(_diversity(real), 1e-6),
        "motion": _motion(made) / max(_motion(real), 1e-6),
    }


def _diversity(clips: ClipBatch) -> float:
    """Root mean square distance of two clips."""
    return math.sqrt(2 * clips.var(0).mean().item())


def _motion(clips: ClipBatch) -> float:
    """Share of the pixels that move."""
    return motion(to_uint8(clips).permute(0, 2, 3, 4, 1)).share.mean().item()
