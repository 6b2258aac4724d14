"""Precision and recall of samples, and distances to the nearest real one."""

import torch
from jaxtyping import Float
from torch import Tensor

Points = Float[Tensor, "_ d"]
NEIGHBOURS = 3


def precision_and_recall(real: Points, generated: Points) -> tuple[float, float]:
    """Share of the generated points among the real ones, and of the real among the generated.

    Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
    Models", equations 1 and 2: a point is among others if it is nearer to one of them than that
    one's third nearest neighbour is. Of the real points at most as many as are generated are used,
    evenly spaced.
    """
    even = torch.linspace(0, len(real) - 1, min(len(generated), len(real)))
    real = real[even.round().long().to(real.device)]
    distances = _distances(generated, real)
    precision = (distances <= _radii(real)).any(1).float().mean()
    recall = (distances <= _radii(generated)[:, None]).any(0).float().mean()
    return precision.item(), recall.item()


def nearest_distances(points: Points, reference: Points) -> Float[Tensor, "_"]:
    """Distance of each point to the nearest reference point."""
    return _distances(points, reference).min(1).values


def _radii(points: Points) -> Float[Tensor, "_"]:
    """Distance of each point to its third nearest neighbour."""
    neighbours = min(NEIGHBOURS, len(points) - 1)
    # One more, for the nearest of all is the point itself.
    return _distances(points, points).topk(neighbours + 1, largest=False).values[:, -1]


def _distances(points: Points, reference: Points) -> Float[Tensor, "_ _"]:
    # The fast way through inner products does not give zero between equal points.
    return torch.cdist(points, reference, compute_mode="donot_use_mm_for_euclid_dist")
