import numpy as np
import pytest
import torch

from vidpipe.evaluation.frechet import frechet_distance, frechet_floor


def cloud(count=2000, seed=0, **changes):
    rng = torch.Generator().manual_seed(seed)
    points = torch.randn(count, 4, generator=rng) * changes.get("width", 1.0)
    return points + changes.get("shift", 0.0)


def test_a_cloud_is_no_distance_from_itself():
    assert frechet_distance(cloud(), cloud()) == pytest.approx(0, abs=1e-9)


def test_moved_clouds_are_the_square_of_the_move_apart():
    assert frechet_distance(cloud(), cloud(shift=3.0)) == pytest.approx(4 * 3.0**2, rel=1e-6)


def test_wider_clouds_are_the_square_of_the_difference_of_widths_apart():
    one = cloud(20_000)
    assert frechet_distance(one, 3 * one) == pytest.approx(4 * 2.0**2, rel=0.05)


def test_turning_both_clouds_changes_nothing_and_the_distance_goes_both_ways():
    one, other = cloud(), cloud(seed=1, width=2.0, shift=1.0)
    turn, _ = torch.linalg.qr(torch.randn(4, 4))
    assert frechet_distance(one @ turn, other @ turn) == pytest.approx(
        frechet_distance(one, other), rel=1e-4
    )
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-4)


@pytest.mark.parametrize("worse", [1.0, 2.0])
def test_the_distance_grows_with_noise(worse):
    real = cloud()
    noisy = [real + level * cloud(seed=2) for level in (0.5 * worse, worse)]
    assert frechet_distance(real, noisy[0]) < frechet_distance(real, noisy[1])


def test_a_missing_mode_is_seen():
    two = torch.cat([cloud(1000, shift=-3.0), cloud(1000, seed=1, shift=3.0)])
    rng = torch.Generator().manual_seed(3)
    halves = two[torch.randperm(2000, generator=rng)].chunk(2)
    assert frechet_distance(two, two[:1000]) > 100 * frechet_distance(*halves)


def test_the_floor_is_that_of_as_many_samples():
    real, groups = cloud(4000), np.arange(4000)
    few, many = (frechet_floor(real, groups, count=count, seed=0) for count in (50, 1000))
    assert 0 < many < few
    assert frechet_floor(real, groups, count=50, seed=0) == few


def test_the_floor_never_parts_a_group():
    groups = np.repeat(np.arange(10), 100)
    real = torch.from_numpy(groups[:, None] * np.ones((1, 2))) + 0.01 * cloud(1000)[:, :2]
    together = frechet_floor(real, groups, count=500, seed=0)
    apart = frechet_floor(real, np.arange(1000), count=500, seed=0)
    assert together > 20 * apart


@pytest.mark.filterwarnings("ignore")  # torchmetrics' own, of packages that are not here
@pytest.mark.parametrize("count", [12, 500])  # fewer points than features: no full rank
def test_it_is_the_distance_that_torchmetrics_computes(count):
    from torchmetrics.image.fid import _compute_fid

    rng = torch.Generator().manual_seed(count)
    mix = torch.randn(16, 16, generator=rng, dtype=torch.float64)
    one, other = (torch.randn(count, 16, generator=rng, dtype=torch.float64) for _ in range(2))
    other = other @ mix + 0.5
    theirs = _compute_fid(one.mean(0), torch.cov(one.T), other.mean(0), torch.cov(other.T))
    assert frechet_distance(one, other) == pytest.approx(theirs.item(), rel=1e-6)
