"""Scores of the classifiers themselves, on held-out samples and on negatives made from them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from vidpipe.evaluation.classification import BATCH, Classification, Classifier, classify
from vidpipe.models.pixels import to_uint8
from vidpipe.training.loop import step_rng


def action_accuracy(
    classification: Classification,
    label: Int[Tensor, "n"],
    group: Int[np.ndarray, "n"],
    names: list[str],
) -> dict[str, float | int]:
    """Accuracy on held-out clips, of all and of each group, and the share that is accepted.

    Args:
        classification: Predictions for the clips.
        label: Action of each clip.
        group: Group of each clip.
        names: Names of the groups.
    """
    # In 64 bits, unlike the accuracy of digits: committed metrics have all digits.
    correct = (classification.label.cpu() == label).numpy()
    scores = {
        "held_out.accuracy": float(correct.mean()),
        "held_out.chance": _chance(label),
        "held_out.confident_share": float(classification.accepted.mean()),
    }
    return scores | {
        f"held_out.accuracy.{names[number]}": float(correct[group == number].mean())
        for number in np.unique(group)
    }


def digit_accuracy(
    classification: Classification, label: Int[Tensor, "n"]
) -> dict[str, float | int]:
    """Accuracy on held-out pictures, and the share that is accepted."""
    return {
        "held_out.accuracy": float((classification.label.cpu() == label).float().mean()),
        "held_out.chance": _chance(label),
        "held_out.confident_share": float(classification.accepted.mean()),
        "held_out.pictures": len(label),
    }


def refusal_rates(
    classifier: Classifier,
    draw: Callable[[Any, int, torch.Generator], Tensor],
    kinds: Mapping[str, Any],
    *,
    count: int,
    seed: int,
    batch: int = BATCH,
) -> dict[str, float | int]:
    """Share of the negatives of each kind that are accepted as no class.

    Args:
        classifier: In evaluation mode.
        draw: Returns negatives of a kind, so many, from random numbers: `Examples.negatives`.
        kinds: Kinds of negatives by name.
        count: Negatives of each kind.
        seed: Seed of the random numbers.
        batch: Samples classified at a time.
    """
    # Step 0 precedes the first of training: no batch was drawn from the same numbers.
    rng = step_rng(seed, 0)
    rates: dict[str, float | int] = {"refused.each": count}
    for name, make in kinds.items():
        pixels = to_uint8(draw(make, count, rng))
        accepted = classify(classifier, pixels, batch=batch).accepted
        rates[f"refused.{name}"] = float(1 - accepted.mean())
    return rates


def confusion(
    classification: Classification, label: Int[Tensor, "n"], names: list[str]
) -> pd.DataFrame:
    """Return the number of samples of each class (rows) by their predicted class (columns)."""
    # Count in place: each pair of a label and a prediction adds one to its cell.
    counts = torch.zeros(len(names), len(names), dtype=torch.long)
    cells = (label, classification.label.cpu())
    counts.index_put_(cells, torch.tensor(1), accumulate=True)
    return pd.DataFrame(counts.numpy(), index=pd.Index(names, name="action"), columns=names)


def _chance(label: Int[Tensor, "n"]) -> float:
    """Accuracy of always predicting the commonest class."""
    return float(label.bincount().max() / len(label))
