"""Fréchet distance between two sets of features, and its floor: real samples against real ones.

Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", equation 6: the distance of two
Gaussians. It is biased upwards for few samples, so the floor is measured at the same number.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "_ d"]
SPLITS = 20


def frechet_distance(features: Features, reference: Features) -> float:
    """Squared distance of the means, plus the distance of the covariances."""
    features = features.double()
    reference = reference.double()
    root = _square_root(torch.cov(features.T))
    # Eigenvalues of the product of both covariances, made symmetric.
    eigenvalues = torch.linalg.eigvalsh(root @ torch.cov(reference.T) @ root)
    means = (features.mean(0) - reference.mean(0)).square().sum()
    variances = features.var(0).sum() + reference.var(0).sum()
    spread = variances - 2 * eigenvalues.clamp(min=0).sqrt().sum()
    return max(0.0, float(means + spread))


def frechet_floor(real: Features, groups: np.ndarray, *, count: int, seed: int) -> float:
    """Median distance between two random halves of the real samples.

    Args:
        real: Features of real samples.
        groups: Group of each sample. A group is never split, for its members are alike.
        count: Size of the set that is compared with the real samples; no half is larger.
        seed: Seed of the splits.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    distances = []
    for _ in range(SPLITS):
        # Divide the groups, then take equally many samples of both sides.
        in_first = np.isin(groups, rng.permutation(names)[: len(names) // 2])
        halves = [rng.permutation(np.flatnonzero(side))[:count] for side in (in_first, ~in_first)]
        size = min(map(len, halves))
        first, second = (real[torch.from_numpy(half[:size])] for half in halves)
        distances.append(frechet_distance(first, second))
    return float(np.median(distances))


def _square_root(matrix: Float[Tensor, "d d"]) -> Float[Tensor, "d d"]:
    """Square root of a positive semi-definite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T
