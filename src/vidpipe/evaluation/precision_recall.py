"""Where samples lie among real ones: precision, recall, and the nearest neighbour."""

import torch
from jaxtyping import Float
from torch import Tensor

Points = Float[Tensor, "_ d"]
NEIGHBOURS = 3


def precision_and_recall(real: Points, made: Points) -> tuple[float, float]:
    """Share of `made` among the real, and share of the real among `made`.

    Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
    Models", equations 1 and 2: a point is among others if it is nearer to one of them than that
    one's third nearest neighbour is. Of the real, as many as are made are taken, evenly spread.
    """
    some = torch.linspace(0, len(real) - 1, min(len(made), len(real)))
    real = real[some.round().long().to(real.device)]
    distances = _distances(made, real)
    precision = (distances <= _radii(real)).any(1).float().mean()
    recall = (distances <= _radii(made)[:, None]).any(0).float().mean()
    return precision.item(), recall.item()


def nearest(points: Points, others: Points) -> Float[Tensor, "_"]:
    """Distance of each point to the nearest of the others."""
    return _distances(points, others).min(1).values


def _radii(points: Points) -> Float[Tensor, "_"]:
    near = min(NEIGHBOURS, len(points) - 1)
    return _distances(points, points).topk(near + 1, largest=False).values[:, -1]  # itself is one


def _distances(points: Points, others: Points) -> Float[Tensor, "_ _"]:
    # Plain differences, for the fast way through inner products leaves no zero between equals.
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist")
