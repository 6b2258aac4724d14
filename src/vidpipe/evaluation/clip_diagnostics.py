"""How a GAN of clips fares, measured now and then while it learns."""

import math

import torch

from vidpipe.evaluation.motion import motion
from vidpipe.models.clip_gan import Clips
from vidpipe.models.modes import evaluating
from vidpipe.models.pixels import to_uint8
from vidpipe.training.adversarial import Players, Task
from vidpipe.training.losses import LOSSES


@torch.no_grad()
def fares(players: Players, task: Task, held_out: Task | None, *, seed: int) -> dict[str, float]:
    """Numbers as `training.health.signs` takes them, the same for the same players.

    Args:
        players: Who learns; left as they are.
        task: What they are fed.
        held_out: The same, of clips that they are not fed; None where there are none.
        seed: Of what is looked at.

    Returns:
        `d_held_out`: share of the held-out clips that the discriminator takes for real;
        `diversity` and `motion` of samples, as ratios to those of real clips.
    """
    generator, discriminator = players.sampled, players.discriminator
    rng = torch.Generator().manual_seed(seed)
    found = {}
    with evaluating(generator, discriminator):
        source, real = task.draw(generator, rng)
        made = generator(source)
        if held_out:
            unseen = discriminator(*held_out.draw(generator, rng))
            judged = LOSSES[players.rules.loss].judged_rightly(unseen, discriminator(source, made))
            found["d_held_out"] = judged["d_real"].item()
    return {
        **found,
        "diversity": _diversity(made) / max(_diversity(real), 1e-6),
        "motion": _motion(made) / max(_motion(real), 1e-6),
    }


def _diversity(clips: Clips) -> float:
    """Root mean square distance of two clips."""
    return math.sqrt(2 * clips.var(0).mean().item())


def _motion(clips: Clips) -> float:
    """Share of the pixels that move."""
    return motion(to_uint8(clips).permute(0, 2, 3, 4, 1)).share.mean().item()
