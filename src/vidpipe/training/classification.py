"""How a classifier learns: one network, one loss, the same reports as a GAN's."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.training.loop import Report, step_rng
from vidpipe.training.optimizer import fused_adam, set_learning_rate


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
    """Train by cross-entropy, Adam's rate falling evenly to nothing.

    Args:
        network: From a batch to logits; changed in place.
        draw: Gives a batch and its labels from the random numbers of a step.
        steps: Updates in all.
        learning_rate: Of the first step.
        report_every: Steps from report to report.
        seed: Of batches and dropout.
        autocast: Makes the context in which the network runs.
    """
    optimizer = fused_adam(network, learning_rate=learning_rate)
    network.train()
    loss_sum, right_sum, since = torch.zeros(()), torch.zeros(()), 0
    for step in range(1, steps + 1):
        set_learning_rate(optimizer, learning_rate * (1 - (step - 1) / steps))
        batch, label = draw(step_rng(seed, step))
        with autocast():
            logits = network(batch).float()
        loss = F.cross_entropy(logits, label)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

        loss_sum = loss_sum.to(loss.device) + loss.detach()
        right_sum = right_sum.to(loss.device) + (logits.argmax(1) == label).float().mean()
        if step % report_every == 0 or step == steps:
            count = step - since
            yield Report(
                step,
                {"cross_entropy": loss_sum.item() / count, "accuracy": right_sum.item() / count},
            )
            loss_sum, right_sum, since = torch.zeros(()), torch.zeros(()), step
    network.eval()
