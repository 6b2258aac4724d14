"""Training of a classifier: one network, one loss, the same reports as a GAN's."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.training.loop import Report, step_rng
from vidpipe.training.optimizer import fused_adam, set_learning_rate
from vidpipe.utils.errors import UserError
from vidpipe.utils.progress import progress


def fit_classifier(
    network: nn.Module,
    draw: Callable[[torch.Generator], tuple[Tensor, Tensor]],
    *,
    steps: int,
    learning_rate: float,
    report_every: int,
    seed: int,
    autocast: Callable[[], AbstractContextManager[None]],
) -> Iterator[Report]:
    """Train by cross-entropy with Adam, its learning rate falling linearly to zero.

    Args:
        network: Takes a batch, returns logits; trained in place.
        draw: Returns a batch and its labels, from the random numbers of a step.
        steps: Number of updates.
        learning_rate: Learning rate of the first step.
        report_every: Steps from report to report.
        seed: Seed of batches and dropout.
        autocast: Returns the context in which the network runs.
    """
    # The network is in training mode until the last step.
    optimizer = fused_adam(network, learning_rate=learning_rate)
    network.train()
    loss_sum = torch.zeros(())
    accuracy_sum = torch.zeros(())
    last_report = 0
    for step in range(1, steps + 1):
        set_learning_rate(optimizer, learning_rate * (1 - (step - 1) / steps))
        batch, label = draw(step_rng(seed, step))
        with autocast():
            logits = network(batch).float()
        loss = F.cross_entropy(logits, label)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

        # Sums stay on the device: reading them waits for all that is queued there.
        loss_sum = loss_sum.to(loss.device) + loss.detach()
        accuracy = (logits.argmax(1) == label).float().mean()
        accuracy_sum = accuracy_sum.to(loss.device) + accuracy
        if step % report_every == 0 or step == steps:
            count = step - last_report
            losses = {
                "cross_entropy": loss_sum.item() / count,
                "accuracy": accuracy_sum.item() / count,
            }
            yield Report(step, losses)
            loss_sum = torch.zeros(())
            accuracy_sum = torch.zeros(())
            last_report = step
    network.eval()


def record_history(reports: Iterable[Report], *, steps: int, name: str) -> pd.DataFrame:
    """Run a training to its end, with a progress bar, and return a row for each report.

    Args:
        reports: From `fit_classifier`.
        steps: Number of updates.
        name: Name of the classifier, for messages.

    Raises:
        UserError: If the loss is not finite.
    """
    history = []
    for report in progress(reports, total=steps, name=name, unit="step"):
        if not math.isfinite(report.values["cross_entropy"]):
            raise UserError(
                f"{name}: the loss is no longer finite at step {report.step}: training "
                f"has diverged; lower {name}.learning_rate"
            )
        history.append({"step": report.step, **report.values})
    return pd.DataFrame(history).round(6)
