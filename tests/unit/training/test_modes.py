import pytest
from torch import nn

from vidpipe.training.modes import evaluating


def fail(*networks):
    assert not any(network.training for network in networks)
    raise LookupError


def test_each_network_is_evaluated_and_gets_its_own_mode_back_even_after_an_error():
    networks = nn.Dropout(0.5), nn.Dropout(0.5).eval()
    with pytest.raises(LookupError), evaluating(*networks):
        fail(*networks)
    assert [network.training for network in networks] == [True, False]
