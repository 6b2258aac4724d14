import pytest
import torch
from support.network_layers import shapes

from vidpipe.models.gan3d import Generator


@pytest.mark.parametrize(("size", "frames", "channels"), [(32, 8, 3), (64, 16, 3), (32, 8, 1)])
def test_clips_have_the_shape_and_range_that_is_asked_for(size, frames, channels):
    generator = Generator(latent=10, codes=3, size=size, frames=frames, channels=channels, width=16)
    clips = generator(generator.prior.draw(2, torch.Generator().manual_seed(0)))
    assert clips.shape == (2, channels, frames, size, size)
    assert clips.abs().max() <= 1
    assert generator.frames == frames


def test_noise_of_its_own_makes_a_clip_of_its_own():
    generator = Generator(latent=10, codes=0, size=32, frames=8, channels=3, width=16)
    one, other = generator(torch.randn(2, 10))
    assert not torch.allclose(one, other)


def test_at_128_space_doubles_four_times_and_time_three_times_and_then_come_colours():
    with torch.device("meta"):
        generator = Generator(latent=100, codes=0, size=128, frames=8, channels=3, width=128)
        assert shapes(generator, torch.empty(2, 100)) == [
            (128 * 8 * 8,), (64, 2, 16, 16), (32, 4, 32, 32), (16, 8, 64, 64), (8, 8, 128, 128),
            (3, 8, 128, 128),
        ]  # fmt: skip
