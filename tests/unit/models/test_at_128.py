"""Each GAN of clips at 128x128 has the shapes of the project report, layer by layer."""

import pytest
import torch
from support.network_layers import shapes

from vidpipe.models import convlstm_gan, gan3d, vgan

SHAPE = {"size": 128, "channels": 3}
PAINTER = {"latent": 100, "codes": 0, "width": 128, **SHAPE}
JUDGE = {
    "width": 4,
    "norm": "none",
    "dropout": 0.5,
    "frame_discriminator": False,
    "augment": 0.0,
    **SHAPE,
}
# Space halves in every layer, time until one frame is left.
JUDGED = {
    8: [(4, 4, 64, 64), (8, 2, 32, 32), (16, 1, 16, 16), (32, 1, 8, 8), (64, 1, 4, 4)],
    16: [(4, 8, 64, 64), (8, 4, 32, 32), (16, 2, 16, 16), (32, 1, 8, 8), (64, 1, 4, 4)],
}
VOLUME = [(128 * 8 * 8,), (64, 2, 16, 16), (32, 4, 32, 32), (16, 8, 64, 64), (8, 8, 128, 128)]


@pytest.fixture(autouse=True)
def _costs_nothing():
    with torch.device("meta"):
        yield


def test_gan3d_doubles_space_four_times_and_time_three_times_and_then_colours():
    generator = gan3d.Generator(frames=8, **PAINTER)
    assert shapes(generator, torch.empty(2, 100)) == [*VOLUME, (3, 8, 128, 128)]
    assert generator(torch.empty(2, 100)).shape == (2, 3, 8, 128, 128)


def test_vgan_makes_colours_and_a_mask_beside_a_background_that_no_time_passes_in():
    generator = vgan.Generator(frames=8, **PAINTER)
    assert shapes(generator.volume, torch.empty(2, 100)) == VOLUME
    assert shapes(generator.background, torch.empty(2, 100)) == [
        (128 * 8 * 8,), (64, 16, 16), (32, 32, 32), (16, 64, 64), (3, 128, 128)
    ]  # fmt: skip
    parts = generator.parts(torch.empty(2, 100))
    assert parts.foreground.shape == parts.clips.shape == (2, 3, 8, 128, 128)
    assert parts.mask.shape == (2, 1, 8, 128, 128)
    assert parts.background.shape == (2, 3, 1, 128, 128)


def picture(noise):
    return convlstm_gan.Source(noise, torch.empty(2, 3, 128, 128))


@pytest.mark.parametrize("frames", [8, 16])
def test_convlstm_gan_unrolls_every_frame_and_enlarges_space_alone(frames):
    generator = convlstm_gan.Generator(frames=frames, skips=False, **PAINTER)
    *enlarged, colours = shapes(generator, picture(torch.empty(2, 100)))[-5:]
    assert enlarged == [(128 // 2**n, frames, 8 * 2**n, 8 * 2**n) for n in range(1, 5)]
    assert colours == (3, frames, 128, 128)


@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize(("network", "layers"), [(gan3d, 4), (vgan, 4), (convlstm_gan, 5)])
def test_discriminators_have_the_layers_of_the_report(network, layers, frames):
    discriminator = network.Discriminator(frames=frames, **JUDGE)
    noise, clips = torch.empty(2, 100), torch.empty(2, 3, frames, 128, 128)
    source = picture(noise) if network is convlstm_gan else noise
    assert shapes(discriminator, source, clips) == [*JUDGED[frames][:layers], (1,)]
