import pytest
import torch

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
