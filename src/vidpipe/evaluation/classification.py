"""Predictions of a classifier that has a class for `none of them`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from vidpipe.models.pixels import to_float

MIN_SHARE = 0.01  # of the samples, for their class to count as covered
BATCH = 500  # samples classified at a time


@runtime_checkable
class Classifier(Protocol):
    """A classifier of samples, float in [-1, 1].

    Attributes:
        classes: Number of classes, without `none`.
        threshold: Confidence above which a sample is accepted as one of them.
    """

    classes: int
    threshold: float

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the weights, as a network does."""

    def features(self, samples: Float[Tensor, "b ..."], /) -> Float[Tensor, "b d"]:
        """Return the features on which distances between samples are measured."""

    def class_logits(self, features: Float[Tensor, "b d"], /) -> Float[Tensor, "b classes"]:
        """Return the logits of each class, then of `none`."""


@dataclass(frozen=True)
class Classification:
    """Predictions for a set of samples.

    Attributes:
        features: Features on which distances are measured.
        label: The likeliest class other than `none`, even where `none` is likelier.
        confidence: Probability of that class, among all of them and `none`.
        classes: Number of classes, without `none`.
        threshold: Confidence above which a sample is accepted.
    """

    features: Float[Tensor, "n d"]
    label: Int[Tensor, "n"]
    confidence: Float[Tensor, "n"]
    classes: int
    threshold: float

    @property
    def accepted(self) -> Bool[np.ndarray, "n"]:
        """True for samples that are accepted as one of the classes."""
        accepted: np.ndarray = (self.confidence > self.threshold).cpu().numpy()
        return accepted

    @property
    def counts(self) -> Int[np.ndarray, "classes"]:
        """Number of accepted samples of each class."""
        return np.bincount(self.label.cpu().numpy()[self.accepted], minlength=self.classes)

    @property
    def covered_classes(self) -> int:
        """Number of classes with at least one accepted sample in a hundred."""
        return int((self.counts >= max(1, MIN_SHARE * len(self.label))).sum())

    def conditional_accuracy(self, label: Int[Tensor, "n"]) -> float:
        """Share of the samples that are accepted as the class they were generated for."""
        return float((self.accepted & (self.label.cpu() == label).numpy()).mean())


@torch.no_grad()
def classify(
    classifier: Classifier, samples: UInt8[Tensor, "n ..."], *, batch: int = BATCH
) -> Classification:
    """Classify samples, batch by batch.

    Args:
        classifier: In evaluation mode.
        samples: Any number; each batch is copied to the device of the classifier.
        batch: Samples at a time.
    """
    # Features and probabilities stay on the device of the classifier.
    device = next(classifier.parameters()).device
    features = []
    predictions = []
    for pixels in torch.split(samples, batch):
        features.append(classifier.features(to_float(pixels.to(device))))
        probabilities = classifier.class_logits(features[-1]).softmax(1)
        # `none` is the last class: it takes its share of the probability, and is no label.
        predictions.append(probabilities[:, : classifier.classes].max(1))
    return Classification(
        features=torch.cat(features),
        label=torch.cat([prediction.indices for prediction in predictions]),
        confidence=torch.cat([prediction.values for prediction in predictions]),
        classes=classifier.classes,
        threshold=classifier.threshold,
    )
