"""Are these numerals, all of them, and new? Scores of the digit GANs."""

import math

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.evaluation.classification import Judged
from vidpipe.evaluation.frechet import frechet
from vidpipe.evaluation.precision_recall import nearest, precision_and_recall

Pictures = UInt8[Tensor, "_ 1 28 28"]


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
    precision, recall = precision_and_recall(seen.features, judged.features)
    distance = nearest(pictures.flatten(1).float(), seen_pictures.flatten(1).float())
    return {
        "modes": judged.covered,
        "kl_uniform": kl_from_uniform(judged.counts),
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
