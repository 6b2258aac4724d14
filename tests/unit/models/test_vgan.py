import torch
from support.network_layers import shapes

from vidpipe.models.vgan import Generator


def generator():
    torch.manual_seed(0)
    return Generator(latent=10, codes=3, size=32, frames=8, channels=3, width=16)


def test_the_parts_have_their_shapes_and_ranges():
    parts = generator().parts(torch.randn(2, 10))
    assert parts.foreground.shape == (2, 3, 8, 32, 32)
    assert parts.mask.shape == (2, 1, 8, 32, 32)
    assert parts.background.shape == (2, 3, 1, 32, 32)
    assert 0 <= parts.mask.min() <= parts.mask.max() <= 1
    assert parts.clips.abs().max() <= 1


def test_at_128_a_still_background_is_made_beside_the_volume():
    with torch.device("meta"):
        made = Generator(latent=100, codes=0, size=128, frames=8, channels=3, width=128)
        assert shapes(made.background, torch.empty(2, 100)) == [
            (128 * 8 * 8,), (64, 16, 16), (32, 32, 32), (16, 64, 64), (3, 128, 128)
        ]  # fmt: skip
        parts = made.parts(torch.empty(2, 100))
    assert parts.foreground.shape == parts.clips.shape == (2, 3, 8, 128, 128)
    assert parts.mask.shape == (2, 1, 8, 128, 128)
    assert parts.background.shape == (2, 3, 1, 128, 128)
