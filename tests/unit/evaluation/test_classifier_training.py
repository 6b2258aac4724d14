from contextlib import nullcontext

import pytest
import torch
from torch import nn

from vidpipe.evaluation.classifier_training import fit_classifier


def batch(rng):
    """Points, and on which side of a line they are."""
    points = torch.randn(16, 2, generator=rng)
    return points, (points.sum(1) > 0).long()


def trained(*, seed=0, steps=5, report_every=2, **options):
    """A network, and the reports of its training."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    options = {"learning_rate": 1e-2, "autocast": nullcontext} | options
    reports = fit_classifier(
        network, batch, steps=steps, report_every=report_every, seed=seed, **options
    )
    return network, list(reports)


def test_the_same_seed_gives_the_same_network_and_reports_and_it_is_left_in_evaluation():
    (one, first), (again, second) = trained(), trained()
    assert first == second
    assert [report.step for report in first] == [2, 4, 5]
    assert all(
        torch.equal(*pair) for pair in zip(one.parameters(), again.parameters(), strict=True)
    )
    assert not one.training
    assert trained(seed=1)[1] != first


def test_a_report_is_the_mean_of_the_steps_since_the_last():
    each, twos = (
        [report.values["cross_entropy"] for report in trained(report_every=every)[1]]
        for every in (1, 2)
    )
    expected = [(each[0] + each[1]) / 2, (each[2] + each[3]) / 2, each[4]]
    assert twos == pytest.approx(expected)


def test_what_can_be_learnt_is():
    _, reports = trained(steps=120, report_every=20, learning_rate=3e-2)
    assert reports[-1].values["accuracy"] > 0.9 > reports[0].values["accuracy"]
    assert reports[-1].values["cross_entropy"] < 0.5 * reports[0].values["cross_entropy"]
