import math

import pytest
import torch
from support.clip_generators import (
    CPU,
    Blocks,
    FromPicture,
    InParts,
    Latents,
    kept_with_autoencoder,
    sampler,
)
from torch import nn

from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.clip_sampling import BATCH, ClipSampler
from vidpipe.models.mocogan import Generator
from vidpipe.models.noise import CODE, Prior
from vidpipe.models.pixels import to_uint8
from vidpipe.training import weights
from vidpipe.training.runtime import start
from vidpipe.utils.errors import UserError


def noise_and_pictures(count=3):
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (count, 16, 16, 3), generator=rng, dtype=torch.uint8)
    return torch.randn(count, 6, generator=rng), pictures


def test_clips_are_bytes_with_channels_last_the_same_in_batches_as_alone():
    noise, pictures = noise_and_pictures(BATCH + 2)
    clips = sampler(Blocks())(noise, pictures)
    assert clips.shape == (BATCH + 2, 8, 16, 16, 3)
    assert clips.dtype == torch.uint8
    assert torch.equal(clips[-2:], sampler(Blocks())(noise[-2:], pictures[-2:]))


def test_a_generator_that_starts_from_pictures_gets_them():
    noise, pictures = noise_and_pictures()
    clips = sampler(FromPicture())(noise, pictures)
    assert torch.equal(clips[:, 0], pictures)
    assert not torch.equal(clips[:, -1], pictures)


def test_components_are_those_of_the_generator_if_it_has_any():
    noise, pictures = noise_and_pictures()
    parts = sampler(InParts()).components(noise, pictures)
    assert parts["black"].unique().tolist() == [0]
    assert torch.equal(parts["rest"], sampler(InParts())(noise, pictures))
    assert sampler(Blocks()).components(noise, pictures) == {}


@pytest.mark.parametrize("worth", [math.nan, math.inf])
def test_what_is_not_finite_never_becomes_a_picture(worth):
    with pytest.raises(UserError, match=r"gan3d: its clips hold.*gan3d\.train\.learning_rate"):
        sampler(Blocks(worth=worth))(*noise_and_pictures())


def test_a_generator_of_any_length_is_asked_once_for_all_frames():
    made = Generator(
        latent=6, codes=2, labels=("walk", "run"), motion=4, paint="transposed", size=8, frames=8,
        channels=3, width=16,
    ).eval()  # fmt: skip
    sampler = ClipSampler("mocogan", made, CPU)
    for frames in (3, 8, 30):
        noise = sampler.draw_noise(
            2, frames, torch.Generator().manual_seed(0), torch.tensor([1, 0])
        )
        assert noise.equal(
            made.prior_for(frames).draw(2, torch.Generator().manual_seed(0), torch.tensor([1, 0]))
        )
        clips = sampler(noise, torch.zeros(2, 8, 8, 3, dtype=torch.uint8))
        assert clips.shape == (2, frames, 8, 8, 3)


class Brighter(ClipGenerator):
    """From a picture on, each frame is brighter by four grey levels."""

    from_picture = True

    def __init__(self, labels=()):
        super().__init__()
        self.prior, self.frames = Prior(4, len(labels), labels), 3
        self.anchor = nn.Parameter(torch.zeros(()))

    def source(self, noise, pictures):
        return pictures

    def forward(self, pictures):
        steps = torch.arange(self.frames).view(1, 1, -1, 1, 1) * 4 / 127.5
        return pictures[:, :, None] + steps


def greys(clips):
    return clips[0, :, 0, 0, 0].tolist()


@pytest.mark.parametrize(("frames", "vectors"), [(4, 2), (5, 2), (6, 3), (7, 3), (64, 32)])
def test_a_longer_clip_goes_on_from_its_last_frame_and_shows_it_once(frames, vectors):
    sampler = ClipSampler("convlstm_gan", Brighter(), CPU)
    noise = sampler.draw_noise(2, frames, torch.Generator().manual_seed(0))
    assert noise.shape == (2, vectors, 4)
    clips = sampler(noise, torch.full((2, 4, 4, 3), 10, dtype=torch.uint8))
    assert clips.shape[1] >= frames
    assert greys(clips)[:frames] == [min(10 + 4 * t, 255) for t in range(frames)]


def test_noise_of_a_clip_as_trained_is_what_the_prior_draws():
    sampler = ClipSampler("convlstm_gan", Brighter(), CPU)
    for frames in (2, 3):
        drawn = sampler.draw_noise(5, frames, torch.Generator().manual_seed(1))
        assert drawn.equal(sampler.generator.prior.draw(5, torch.Generator().manual_seed(1)))


def test_a_longer_clip_shows_one_label_all_along():
    sampler = ClipSampler("convlstm_gan", Brighter(("walk", "run")), CPU)
    for labels in (None, torch.tensor([1, 0, 1])):
        noise = sampler.draw_noise(3, 9, torch.Generator().manual_seed(2), labels)
        codes = noise[:, :, :2]
        assert codes.sum(2).eq(CODE).all()
        assert codes.eq(codes[:, :1]).all()
        if labels is not None:
            assert codes[:, 0].argmax(1).equal(labels)


def test_a_generator_of_one_length_names_it():
    generator = Brighter()
    generator.from_picture = False
    with pytest.raises(UserError, match="--frames 4: gan3d makes clips of 3 frames"):
        ClipSampler("gan3d", generator, CPU).draw_noise(1, 4, torch.Generator())


def loaded(folder, kind=Latents):
    machine = start(device="cpu", precision="fp32", threads=1, determinism="portable")
    return ClipSampler.load("mocogan", kind, folder, machine)


def test_latents_become_pictures_by_the_autoencoder_beside_the_weights(tmp_path):
    autoencoder = kept_with_autoencoder(Latents(), tmp_path)
    made = loaded(tmp_path)
    assert made.shape == (16, 3)
    noise, pictures = noise_and_pictures()
    clips = made(noise, pictures)
    latents = noise[:, :4, None, None].expand(-1, -1, 8, 8)
    with torch.no_grad():
        frames = to_uint8(autoencoder.decode(latents)).permute(0, 2, 3, 1)
    assert clips.shape == (3, 8, 16, 16, 3)
    assert (clips.int() - frames[:, None].int()).abs().max() <= 1


def test_a_mask_of_latents_is_shown_as_it_is(tmp_path):
    kept_with_autoencoder(Latents(), tmp_path)
    parts = loaded(tmp_path).components(*noise_and_pictures())
    assert parts["foreground"].shape == parts["mask"].shape == (3, 8, 16, 16, 3)
    assert parts["mask"][..., :2, :].unique().tolist() == [0]
    assert parts["mask"][..., 2:, :].unique().tolist() == [255]


def test_an_autoencoder_of_other_latents_is_refused_by_both_shapes(tmp_path):
    kept_with_autoencoder(Latents(channels=3), tmp_path)
    with pytest.raises(UserError, match=r"of latents of 8 x 8 x 3 .*, got one of 8 x 8 x 4; train"):
        loaded(tmp_path)


def test_latents_without_an_autoencoder_are_refused(tmp_path):
    kept_with_autoencoder(Latents(), tmp_path)
    (tmp_path / "autoencoder.safetensors").unlink()
    with pytest.raises(UserError, match=r"autoencoder\.safetensors: expected trained weights"):
        loaded(tmp_path)


def test_a_generator_of_pixels_needs_none(tmp_path):
    weights.save(Blocks(), tmp_path / "generator.safetensors", Blocks().arguments)
    assert loaded(tmp_path, Blocks).autoencoder is None
