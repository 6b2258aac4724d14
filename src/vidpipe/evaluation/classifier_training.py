"""Training of a classifier by cross-entropy."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.training.loop import Report
from vidpipe.training.single import fit_network


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

    def losses(rng: torch.Generator) -> dict[str, Tensor]:
        batch, label = draw(rng)
        with autocast():
            logits = network(batch).float()
        accuracy = (logits.argmax(1) == label).float().mean()
        return {"cross_entropy": F.cross_entropy(logits, label), "accuracy": accuracy}

    return fit_network(
        network,
        losses,
        steps=steps,
        learning_rate=learning_rate,
        report_every=report_every,
        seed=seed,
    )
