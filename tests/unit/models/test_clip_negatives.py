import pytest
import torch
from support import moving_clips as moving

from vidpipe.models.clip_negatives import NEGATIVES, augmented
from vidpipe.models.pixels import to_float


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def pairs():
    clips = to_float(moving.clips(48, size=32)[0]).permute(0, 4, 1, 2, 3)
    return clips[:24], clips[24:].flip(0)


@pytest.mark.parametrize("make", NEGATIVES.values(), ids=NEGATIVES)
def test_they_are_clips_of_the_same_shape_the_same_by_seed_and_none_of_the_two(pairs, make):
    made = make(*pairs, rng())
    assert made.shape == pairs[0].shape
    assert made.isfinite().all()
    assert torch.equal(made, make(*pairs, rng()))
    for clips in pairs:
        assert ((made - clips).abs().flatten(1).amax(1) > 0.01).float().mean() > 0.9


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_clips_do_as_well(pairs, channels):
    one, other = (clips[:, :channels] for clips in pairs)
    for make in NEGATIVES.values():
        assert make(one, other, rng()).shape == one.shape
    assert augmented(one, rng()).shape == one.shape


def test_frozen_and_emptied_ones_do_not_move(pairs):
    assert NEGATIVES["emptied"](*pairs, rng()).diff(dim=2).abs().max() == 0
    light = NEGATIVES["frozen"](*pairs, rng()).diff(dim=2)
    assert (light - light.mean((1, 3, 4), keepdim=True)).abs().max() < 1e-5


def test_shuffled_ones_have_the_same_frames(pairs):
    made = NEGATIVES["shuffled"](*pairs, rng())
    assert torch.allclose(made.sum(2), pairs[0].sum(2), atol=1e-5)


def test_spliced_ones_begin_as_one_and_end_as_the_other(pairs):
    made = NEGATIVES["spliced"](*pairs, rng())
    assert torch.equal(made[:, :, 0], pairs[0][:, :, 0])
    assert torch.equal(made[:, :, -1], pairs[1][:, :, -1])


def test_all_frames_of_a_clip_are_varied_alike_but_for_noise(pairs):
    stills = pairs[0][:, :, :1].expand_as(pairs[0])
    moving, still = (augmented(clips, rng()) for clips in (pairs[0], stills))
    assert torch.equal(moving[:, :, 0], still[:, :, 0])
    assert (moving - still)[:, :, -1].abs().mean() > 0.01
    assert augmented(pairs[0], rng()).abs().max() <= 1
