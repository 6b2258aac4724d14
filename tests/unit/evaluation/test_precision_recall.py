import math

import pytest
import torch

from vidpipe.evaluation.precision_recall import nearest_distances, precision_and_recall


def cloud(count, seed, shift=0.0):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed)) + shift


def test_samples_of_the_same_kind_are_precise_and_cover():
    precision, recall = precision_and_recall(cloud(400, 0), cloud(400, 1))
    assert precision > 0.85
    assert recall > 0.85


def test_samples_far_away_are_neither():
    assert precision_and_recall(cloud(100, 0), cloud(100, 1, shift=50.0)) == (0.0, 0.0)


def test_a_lost_mode_costs_recall_and_not_precision():
    real = torch.cat([cloud(200, 0), cloud(200, 1, shift=50.0)])
    precision, recall = precision_and_recall(real, cloud(200, 2))
    assert precision > 0.8
    assert recall == pytest.approx(0.45, abs=0.06)


def test_noise_beside_good_samples_costs_precision_and_not_recall():
    made = torch.cat([cloud(200, 2), cloud(200, 3, shift=50.0)])
    precision, recall = precision_and_recall(cloud(200, 0), made)
    assert precision == pytest.approx(0.45, abs=0.06)
    assert recall > 0.8


def test_a_copy_is_at_no_distance():
    real = cloud(50, 0)
    assert nearest_distances(real[7:9], real).tolist() == [0.0, 0.0]
    assert nearest_distances(
        real[:1] + torch.tensor([3.0, 4.0, 0.0]), real[:1]
    ).item() == pytest.approx(5)


def test_two_points_are_enough():
    assert precision_and_recall(cloud(2, 0), cloud(2, 0)) == (1.0, 1.0)


def share_among(points, others):
    """Kynkäänniemi et al. 2019, equations 1 and 2, point by point."""
    inside = 0
    for point in points:
        for n, other in enumerate(others):
            neighbours = sorted(math.dist(other, third) for m, third in enumerate(others) if m != n)
            if math.dist(point, other) <= neighbours[2]:
                inside += 1
                break
    return inside / len(points)


def test_both_are_the_shares_that_the_definition_gives_point_by_point():
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(40, 3, generator=rng, dtype=torch.float64)
    generated = 0.8 * torch.randn(40, 3, generator=rng, dtype=torch.float64) + 0.4
    rows = real.tolist(), generated.tolist()
    wanted = share_among(rows[1], rows[0]), share_among(*rows)
    assert 0.2 < wanted[1] < wanted[0] < 1
    assert precision_and_recall(real, generated) == pytest.approx(wanted)
