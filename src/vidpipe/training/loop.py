"""The training loop: a Python generator of reports. Nothing in this file knows a model.

A test takes the list, a node logs it, a benchmark times it.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from vidpipe.training.adversarial import Players, Task, update


@dataclass(frozen=True)
class Report:
    """Mean of each loss over the steps since the last report.

    Attributes:
        step: Updates made so far.
        losses: Mean losses by name, finite.
    """

    step: int
    losses: dict[str, float]


def fit(
    players: Players,
    task: Task,
    *,
    steps: int,
    report_every: int,
    seed: int,
    autocast: Callable[[], AbstractContextManager[None]],
    done: int = 0,
) -> Iterator[Report]:
    """Train, and report every `report_every` steps and after the last.

    Each step draws its random numbers from (seed, step) alone, so training that goes on from a
    saved state at a report gives the same weights as training that never stopped.

    Args:
        players: Who learns; changed in place.
        task: What they are fed.
        steps: Updates in all.
        report_every: Steps from report to report.
        seed: Of batches and dropout.
        autocast: Makes the context in which networks run.
        done: Updates already made.

    Raises:
        FloatingPointError: If a loss is not finite; names the step and the loss.
    """
    sums: dict[str, torch.Tensor] = {}
    since = done
    for step in range(done + 1, steps + 1):
        # One seed per step, for the batch (rng) and for dropout (torch's own generator).
        rng = torch.Generator().manual_seed(seed * 2**32 + step)
        torch.manual_seed(seed * 2**32 + step)

        losses = update(players, task, step=step, rng=rng, autocast=autocast)
        sums = {name: sums.get(name, 0) + loss for name, loss in losses.items()}

        # A report reads the losses from the device: rarely, for it waits for all that is queued.
        if step % report_every == 0 or step == steps:
            means = {name: total.item() / (step - since) for name, total in sums.items()}
            for name, mean in means.items():
                if not math.isfinite(mean):
                    raise FloatingPointError(
                        f"loss {name!r} is {mean} between steps {since + 1} and {step}: training "
                        "has diverged; lower learning_rate, or set precision: fp32"
                    )
            sums, since = {}, step
            yield Report(step, means)
