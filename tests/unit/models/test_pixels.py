import torch

from vidpipe.models.pixels import to_float, to_uint8


def test_uint8_survives_the_way_to_float_and_back():
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert torch.equal(to_uint8(to_float(every)), every)
