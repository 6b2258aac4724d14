"""Fréchet distance between two clouds of features, and its floor: real against real.

Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", equation 6: the distance of two
Gaussians. It is biased upwards for few samples, so the floor is measured at the same number.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "_ d"]
SPLITS = 20


def frechet(one: Features, other: Features) -> float:
    """Squared distance of means, plus what parts the covariances."""
    one, other = one.double(), other.double()
    root = _root(torch.cov(one.T))
    roots = torch.linalg.eigvalsh(root @ torch.cov(other.T) @ root)
    means = (one.mean(0) - other.mean(0)).square().sum()
    spread = one.var(0).sum() + other.var(0).sum() - 2 * roots.clamp(min=0).sqrt().sum()
    return max(0.0, float(means + spread))


def floor(real: Features, groups: np.ndarray, *, count: int, seed: int) -> float:
    """Median distance between two halves of what is real, `count` of each at most.

    Args:
        real: Features of real samples.
        groups: What each sample came of; a group is never split, for its members are alike.
        count: Samples in the set that is compared with the real ones.
        seed: Of the splits.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    distances = []
    for _ in range(SPLITS):
        first = np.isin(groups, rng.permutation(names)[: len(names) // 2])
        halves = [rng.permutation(np.flatnonzero(side))[:count] for side in (first, ~first)]
        even = min(map(len, halves))
        distances.append(frechet(*(real[torch.from_numpy(half[:even])] for half in halves)))
    return float(np.median(distances))


def _root(matrix: Float[Tensor, "d d"]) -> Float[Tensor, "d d"]:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T
