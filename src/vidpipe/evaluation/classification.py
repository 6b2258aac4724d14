"""What a classifier that knows `none of them` says of samples."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from vidpipe.models.pixels import to_float

COVERED = 0.01  # share of the samples that must be of one class for that to count as covered
CHUNK = 500  # samples judged at a time


@runtime_checkable
class Judge(Protocol):
    """A classifier of samples, float in [-1, 1].

    Attributes:
        classes: How many there are.
        confident: Probability above which it takes a sample for one of them.
        logits: Its last layer.
    """

    classes: int
    confident: float
    logits: nn.Linear

    def features(self, samples: Float[Tensor, "b ..."], /) -> Float[Tensor, "b d"]:
        """What distances between samples are measured on."""

    def answers(self, features: Float[Tensor, "b d"], /) -> Float[Tensor, "b answers"]:
        """Logits: each class, then none of them."""


@dataclass(frozen=True)
class Judged:
    """What the judge says of samples.

    Attributes:
        features: What distances are measured on.
        label: The likeliest class.
        confidence: Probability of that class, among all of them and `none`.
        classes: How many there are.
        confident: Confidence above which a sample passes.
    """

    features: Float[Tensor, "n d"]
    label: Int[Tensor, "n"]
    confidence: Float[Tensor, "n"]
    classes: int
    confident: float

    @property
    def accepted(self) -> np.ndarray:
        """True for samples that pass for one of the classes."""
        accepted: np.ndarray = (self.confidence > self.confident).cpu().numpy()
        return accepted

    @property
    def counts(self) -> Int[np.ndarray, "classes"]:
        """How many samples pass for each class."""
        return np.bincount(self.label.cpu().numpy()[self.accepted], minlength=self.classes)

    @property
    def covered(self) -> int:
        """Classes that at least one sample in a hundred passes for."""
        return int((self.counts >= max(1, COVERED * len(self.label))).sum())

    def share_of(self, label: Int[Tensor, "n"]) -> float:
        """Share of the samples that pass for what they are to be."""
        return float((self.accepted & (self.label.cpu() == label).numpy()).mean())


@torch.no_grad()
def judge(classifier: Judge, samples: UInt8[Tensor, "n ..."], *, chunk: int = CHUNK) -> Judged:
    """Ask the classifier, which is ready to be asked, chunk by chunk."""
    device = classifier.logits.weight.device
    features, likely = [], []
    for some in torch.split(samples, chunk):
        features.append(classifier.features(to_float(some.to(device))))
        answers = classifier.answers(features[-1]).softmax(1)
        likely.append(answers[:, : classifier.classes].max(1))
    return Judged(
        torch.cat(features),
        torch.cat([found.indices for found in likely]),
        torch.cat([found.values for found in likely]),
        classifier.classes,
        classifier.confident,
    )
