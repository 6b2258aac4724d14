"""Training of one network by a loss of its own: classifiers, the autoencoder and the walk."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import pandas as pd
import torch
from torch import Tensor, nn

from vidpipe.training.loop import Report, step_rng
from vidpipe.training.optimizer import fused_adam, set_learning_rate
from vidpipe.utils.errors import UserError
from vidpipe.utils.progress import progress


def fit_network(
    network: nn.Module,
    losses: Callable[[torch.Generator], Mapping[str, Tensor]],
    *,
    steps: int,
    learning_rate: float,
    cooldown: float = 1.0,
    report_every: int,
    seed: int,
) -> Iterator[Report]:
    """Train with Adam, its learning rate falling linearly to zero at the end.

    Args:
        network: Trained in place; in training mode until the last step.
        losses: Returns the loss that is minimised, and after it others that are reported, from the
            random numbers of a step.
        steps: Number of updates.
        learning_rate: Learning rate of the first step.
        cooldown: Share of the steps, at the end, in which the learning rate falls.
        report_every: Steps from report to report.
        seed: Seed of batches and dropout.
    """
    optimizer = fused_adam(network, learning_rate=learning_rate)
    network.train()
    sums = dict[str, Tensor]()
    last_report = 0
    for step in range(1, steps + 1):
        # Down to zero at the end, so that the last weights are as good as an average.
        remaining = 1 - (step - 1) / steps
        set_learning_rate(optimizer, learning_rate * min(1.0, remaining / cooldown))
        measured = losses(step_rng(seed, step))
        optimizer.zero_grad()
        next(iter(measured.values())).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

        # Sums stay on the device: reading them waits for all that is queued there.
        sums = {name: sums.get(name, 0) + loss.detach() for name, loss in measured.items()}
        if step % report_every == 0 or step == steps:
            count = step - last_report
            yield Report(step, {name: total.item() / count for name, total in sums.items()})
            sums = {}
            last_report = step
    network.eval()


def record_history(
    reports: Iterable[Report],
    *,
    steps: int,
    name: str,
    block: str | None = None,
    log: Callable[[Mapping[str, float], int], None] = lambda values, step: None,
) -> pd.DataFrame:
    """Run a training to its end, with a progress bar, and return a row for each report.

    Args:
        reports: From `fit_network`.
        steps: Number of updates.
        name: Name of the network, for messages.
        block: Block of params.yaml that holds the learning rate; None: that of the network.
        log: Takes the values of each report, and its step.

    Raises:
        UserError: If a loss is not finite.
    """
    history = []
    for report in progress(reports, total=steps, name=name, unit="step"):
        # Stopped at the first sign: weights that are not finite never come back.
        if not all(math.isfinite(value) for value in report.values.values()):
            raise UserError(
                f"{name}: the loss is no longer finite at step {report.step}: training "
                f"has diverged; lower {block or name}.learning_rate"
            )
        log(report.values, report.step)
        history.append({"step": report.step, **report.values})
    return pd.DataFrame(history).round(6)
