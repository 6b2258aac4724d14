"""Evaluation mode for networks in the midst of training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Put networks into evaluation mode, and afterwards back into the mode that each was in."""
    were_training = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        # Not all to training: a moving average is never in it.
        for network, was_training in zip(networks, were_training, strict=True):
            network.train(was_training)
