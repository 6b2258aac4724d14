"""The training loop: a Python generator of reports. Nothing in this file knows a model.

A test takes the list, a node logs it, a benchmark times it.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch

from vidpipe.training.adversarial import Players, Task, update


@dataclass(frozen=True)
class Report:
    """Mean of each loss since the last report, over the steps in which it was measured.

    Attributes:
        step: Updates made so far.
        losses: Mean losses by name, finite; without those that no step has measured.
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
        FloatingPointError: If a loss is not finite; names the first such step, and the losses.
    """
    sums, measured = dict[str, torch.Tensor](), Counter[str]()
    sound = torch.tensor(done)  # last step up to which all losses were finite
    for step in range(done + 1, steps + 1):
        rng = numbers_of(seed, step)
        players.learn_at(players.rules.rate(step, steps))
        losses = update(players, task, step=step, rng=rng, autocast=autocast)
        sums |= {name: sums.get(name, 0) + loss for name, loss in losses.items()}
        measured.update(losses.keys())  # not all are, in every step
        finite = torch.stack(list(losses.values())).isfinite().all()
        sound = sound.to(finite.device)
        sound = torch.where(finite & (sound == step - 1), step, sound)

        # A report reads the losses from the device: rarely, for it waits for all that is queued.
        if step % report_every == 0 or step == steps:
            means = {name: total.item() / measured[name] for name, total in sums.items()}
            if int(sound) < step:
                broken = ", ".join(name for name, mean in means.items() if not math.isfinite(mean))
                raise FloatingPointError(
                    f"losses are no longer finite from step {int(sound) + 1} on ({broken}): "
                    "training has diverged; lower train.learning_rate of the model or, if "
                    "runtime.precision is not fp32, set it to that"
                )
            sums, measured = {}, Counter()
            yield Report(step, means)


def numbers_of(seed: int, step: int) -> torch.Generator:
    """The random numbers of one step: for its batch, and, by torch's own generator, for dropout."""
    hashed = int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
    torch.manual_seed(hashed)
    return torch.Generator().manual_seed(hashed)
