import pytest
import torch

from vidpipe.models.digit_negatives import (
    NEGATIVES,
    augmented,
    blends,
    halves,
    patchworks,
    shuffled,
)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def bars(*, upright):
    """Three strokes, upright or level, black on white."""
    pictures = torch.ones(40, 1, 28, 28)
    for place in (6, 13, 20):
        if upright:
            pictures[..., 4:24, place : place + 3] = -1
        else:
            pictures[..., place : place + 3, 4:24] = -1
    return pictures


ONE, OTHER = bars(upright=True), bars(upright=False)


@pytest.mark.parametrize("name", NEGATIVES)
def test_negatives_are_pictures_unlike_either_and_the_same_for_the_same_numbers(name):
    made = NEGATIVES[name](ONE.clone(), OTHER.clone(), rng())
    assert made.shape == ONE.shape
    assert made.isfinite().all()
    for real in (ONE, OTHER):
        changed = ((made.clamp(-1, 1) - real).abs() > 0.5).float().mean((1, 2, 3))
        assert (changed > 0.02).float().mean() > 0.9
    assert torch.equal(made, NEGATIVES[name](ONE.clone(), OTHER.clone(), rng()))


def test_what_is_a_little_moved_stays_near():
    near, far = ((augmented(ONE, rng()) - real).abs().mean((1, 2, 3)) for real in (ONE, OTHER))
    assert (near < far).all()
    assert near.mean() < 0.6 * far.mean()


def test_each_half_comes_of_one_or_is_paper():
    made = halves(ONE, OTHER, rng())
    assert ((made == ONE) | (made == OTHER) | (made == 1)).all()
    blank = ((made == ONE) | (made == 1)).flatten(1).all(1)
    assert 0 < blank.sum() < len(made)


def test_patchworks_take_about_half_of_each():
    of_one = (patchworks(torch.zeros_like(ONE), torch.ones_like(ONE), rng()) == 0).float()
    assert 0.3 < of_one.mean() < 0.7
    assert (of_one.mean((1, 2, 3)) < 0.9).all()


def test_what_is_written_over_keeps_the_ink_of_both():
    made = blends(ONE, OTHER, rng())
    over = (made == torch.minimum(ONE, OTHER)).flatten(1).all(1)
    assert 0 < over.sum() < len(made)


def test_shuffled_squares_are_all_there_and_out_of_place():
    numbered = torch.arange(28 * 28).float().reshape(1, 1, 28, 28).expand(20, 1, 28, 28)
    for seed in range(4):
        made = shuffled(numbered, numbered, rng(seed))
        assert torch.equal(made.flatten(1).sort(1).values, numbered.flatten(1))
        assert not (made == numbered).flatten(1).all(1).any()
