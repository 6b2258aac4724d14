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

from vidpipe.training.adversarial import Objective, TrainState, update


@dataclass(frozen=True)
class Report:
    """Mean of each loss since the last report, over the steps in which it was measured.

    Attributes:
        step: Updates made so far.
        values: Mean losses by name, finite; without those that no step has measured. The trainer
            adds gradient norms and diagnostics.
    """

    step: int
    values: dict[str, float]


def fit(
    state: TrainState,
    objective: Objective,
    *,
    steps: int,
    report_every: int,
    seed: int,
    autocast: Callable[[], AbstractContextManager[None]],
    done: int = 0,
) -> Iterator[Report]:
    """Train, and yield a report every `report_every` steps and after the last.

    Each step draws its random numbers from (seed, step) alone, so training that is resumed from a
    state saved at a report gives the same weights as training that was never stopped.

    Args:
        state: Networks and optimizers; changed in place.
        objective: Batches, and losses beside the adversarial one.
        steps: Updates in all.
        report_every: Steps from report to report.
        seed: Of batches and dropout.
        autocast: Makes the context in which networks run.
        done: Updates already made.

    Raises:
        FloatingPointError: If a loss is not finite; names the first such step, and the losses.
    """
    sums = dict[str, torch.Tensor]()
    counts = Counter[str]()
    last_finite = torch.tensor(done)  # the step up to which all losses were finite
    for step in range(done + 1, steps + 1):
        # One update, at this step's learning rate and with this step's random numbers.
        state.set_learning_rate(state.hyperparameters.learning_rate_at(step, steps))
        losses = update(state, objective, step=step, rng=step_rng(seed, step), autocast=autocast)

        # Sums stay on the device. Penalties are not measured in every step, so each has a count.
        sums |= {name: sums.get(name, 0) + loss for name, loss in losses.items()}
        counts.update(losses.keys())
        finite = torch.stack(list(losses.values())).isfinite().all()
        last_finite = last_finite.to(finite.device)
        last_finite = torch.where(finite & (last_finite == step - 1), step, last_finite)

        # A report reads the losses from the device: rarely, for it waits for all that is queued.
        if step % report_every == 0 or step == steps:
            means = {name: total.item() / counts[name] for name, total in sums.items()}
            if int(last_finite) < step:
                broken = ", ".join(name for name, mean in means.items() if not math.isfinite(mean))
                raise FloatingPointError(
                    f"losses are no longer finite from step {int(last_finite) + 1} on ({broken}): "
                    "training has diverged; lower train.learning_rate of the model or, if "
                    "runtime.precision is not fp32, set it to that"
                )
            sums = {}
            counts.clear()
            yield Report(step, means)


def step_rng(seed: int, step: int) -> torch.Generator:
    """Return the random numbers of one step for its batch, and seed torch's own for dropout.

    Seed and step are hashed together: torch's generator takes 32 bits of a seed, which the two side
    by side would not fit.
    """
    hashed = int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
    torch.manual_seed(hashed)
    return torch.Generator().manual_seed(hashed)
