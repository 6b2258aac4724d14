"""Metrics of a GAN of digits, beside those of held-out pictures."""

import math

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.evaluation.classification import Classification, Classifier, classify
from vidpipe.evaluation.frechet import frechet_distance, frechet_floor
from vidpipe.evaluation.precision_recall import nearest_distances, precision_and_recall

Pictures = UInt8[Tensor, "_ 1 28 28"]


def digit_metrics(
    generated: Pictures,
    classification: Classification,
    classifier: Classifier,
    digits: dict[str, np.ndarray],
    *,
    seed: int,
) -> dict[str, float | int]:
    """Score generated and held-out pictures alike against those of the training data.

    Args:
        generated: Pictures of the generator.
        classification: Predictions for them.
        classifier: Classifier that gave these.
        digits: Arrays of `digits.npz`.
        seed: Seed of the floor.

    Returns:
        Metrics by name, those of held-out pictures with `_held_out`, the floor, and the numbers of
        pictures.
    """
    # All pictures stand on one device, for distances are measured between them.
    real = {
        split: torch.from_numpy(digits["pictures"][digits["split"] == split])[:, None].to(generated)
        for split in (SEEN, HELD_OUT)
    }
    train, held_out = (classify(classifier, real[split]) for split in (SEEN, HELD_OUT))
    metrics: dict[str, float | int] = {
        **score_digits(generated, classification, real[SEEN], train),
    }
    of_held_out = score_digits(real[HELD_OUT], held_out, real[SEEN], train)
    # Held-out pictures show the scores that a perfect generator would have.
    metrics |= {f"{name}_held_out": score for name, score in of_held_out.items()}
    # Each picture is a group of its own.
    metrics["frechet_floor"] = frechet_floor(
        train.features, np.arange(len(real[SEEN])), count=len(generated), seed=seed
    )
    metrics |= {
        "samples": len(generated),
        "held_out": len(real[HELD_OUT]),
        "seen": len(real[SEEN]),
    }
    return metrics


def score_digits(
    pictures: Pictures,
    classification: Classification,
    train_pictures: Pictures,
    train_classification: Classification,
) -> dict[str, float | int]:
    """Score pictures against those of the training data.

    Returns:
        `modes`: numerals covered. `kl_uniform`: Kullback-Leibler divergence of the numerals of the
        accepted pictures from the uniform distribution, in nats. `confident_share`: share of
        accepted pictures. `frechet`, `precision`, `recall`: on features. `nearest_train`: median
        distance to the nearest picture of the training data, root mean square of grey levels; 0
        for a copy.
    """
    precision, recall = precision_and_recall(train_classification.features, classification.features)
    distances = nearest_distances(pictures.flatten(1).float(), train_pictures.flatten(1).float())
    return {
        "modes": classification.covered_classes,
        "kl_uniform": kl_from_uniform(classification.counts),
        "confident_share": float(classification.accepted.mean()),
        "frechet": frechet_distance(classification.features, train_classification.features),
        "precision": precision,
        "recall": recall,
        "nearest_train": float(distances.median()) / math.sqrt(pictures[0].numel()),
    }


def kl_from_uniform(counts: np.ndarray) -> float:
    """Divergence from the uniform distribution, in nats; for no samples that of a single mode."""
    if counts.sum() == 0:
        return math.log(len(counts))
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(shares * len(counts))).sum())
