import pytest
import torch
from torch import nn

from vidpipe.training.ema import copy_for_average, update_average


def constant(value):
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(network[0].weight, value)
    network[1].running_mean.fill_(value)
    network[1].num_batches_tracked.fill_(int(value))
    return network


def test_a_copy_is_never_trained_and_shares_no_memory():
    network = constant(1.0)
    average = copy_for_average(network)
    assert not average.training
    assert not any(weight.requires_grad for weight in average.parameters())
    nn.init.zeros_(network[0].weight)
    assert average[0].weight.item() == 1.0


@pytest.mark.parametrize(("step", "kept"), [(0, 1 / 10), (8, 1 / 2), (10**6, 0.9)])
def test_early_averages_follow_closely_and_later_ones_by_the_decay(step, kept):
    network = constant(1.0)
    average = copy_for_average(constant(0.0))
    update_average(average, network, decay=0.9, step=step)
    for mean in (average[0].weight, average[1].running_mean):
        assert mean.item() == pytest.approx(1 - kept)
    assert average[1].num_batches_tracked == torch.tensor(1), "counters have no mean"
