"""Are these numerals, all of them, and new? Scores of the digit GANs."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from vidpipe.evaluation.frechet import frechet
from vidpipe.evaluation.manifold import nearest, precision_and_recall
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.pixels import to_float

Pictures = UInt8[Tensor, "_ 1 28 28"]
CONFIDENT = 0.9  # of the judge, to take a picture for a numeral
COVERED = 0.01  # share of the samples that must be one numeral for that to count as covered
CHUNK = 500  # pictures judged at a time


@dataclass(frozen=True)
class Judged:
    """What the judge says of pictures.

    Attributes:
        features: What distances are measured on.
        label: The likeliest numeral.
        confidence: Probability of that numeral, among all of them and `none`.
        classes: Numerals there are.
    """

    features: Float[Tensor, "n d"]
    label: Int[Tensor, "n"]
    confidence: Float[Tensor, "n"]
    classes: int

    @property
    def accepted(self) -> np.ndarray:
        """True for pictures that pass for a numeral."""
        accepted: np.ndarray = (self.confidence > CONFIDENT).cpu().numpy()
        return accepted


@torch.no_grad()
def judge(classifier: DigitClassifier, pictures: Pictures) -> Judged:
    """Ask the classifier, chunk by chunk."""
    classifier.eval()
    features, likely = [], []
    for some in torch.split(pictures, CHUNK):
        features.append(classifier.features(to_float(some)))
        answers = classifier.answers(features[-1]).softmax(1)
        likely.append(answers[:, : classifier.classes].max(1))
    return Judged(
        torch.cat(features),
        torch.cat([found.indices for found in likely]),
        torch.cat([found.values for found in likely]),
        classifier.classes,
    )


def score(
    judged: Judged, pictures: Pictures, seen: Judged, seen_pictures: Pictures
) -> dict[str, float | int]:
    """Scores of some pictures against those that training saw.

    Returns:
        `modes`: numerals covered. `kl_uniform`: Kullback-Leibler divergence of the accepted ones'
        numerals from an even share of each, in nats. `confident_share`: share accepted. `frechet`,
        `precision`, `recall`: on features. `nearest_train`: median distance to the nearest picture
        that training saw, root mean square of grey levels; a copy has 0.
    """
    counts = np.bincount(judged.label.cpu().numpy()[judged.accepted], minlength=judged.classes)
    # As many real ones as samples, evenly from all numerals: they stand numeral by numeral.
    some = torch.linspace(0, len(seen.features) - 1, min(len(pictures), len(seen.features)))
    real = seen.features[some.round().long().to(seen.features.device)]
    precision, recall = precision_and_recall(real, judged.features)
    distance = nearest(pictures.flatten(1).float(), seen_pictures.flatten(1).float())
    return {
        "modes": int((counts >= max(1, COVERED * len(pictures))).sum()),
        "kl_uniform": kl_from_uniform(counts),
        "confident_share": float(judged.accepted.mean()),
        "frechet": frechet(judged.features, seen.features),
        "precision": precision,
        "recall": recall,
        "nearest_train": float(distance.median()) / math.sqrt(pictures[0].numel()),
    }


def kl_from_uniform(counts: np.ndarray) -> float:
    """Divergence of shares from even ones, in nats; that of a single mode if there is nothing."""
    if counts.sum() == 0:
        return math.log(len(counts))
    share = counts[counts > 0] / counts.sum()
    return float((share * np.log(share * len(counts))).sum())
