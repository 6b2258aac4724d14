import math

import pytest
import torch
from support.clip_generators import Blocks, FromPicture, InParts, sampler

from vidpipe.models.clip_sampling import BATCH
from vidpipe.utils.errors import UserError


def noise_and_pictures(count=3, channels=3):
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (count, 16, 16, channels), generator=rng, dtype=torch.uint8)
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
