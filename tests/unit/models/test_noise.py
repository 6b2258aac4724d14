import pytest
import torch

from vidpipe.models.noise import CODE, NoiseObjective, Prior


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def same(z):
    return z


def test_a_batch_is_noise_and_real_samples():
    real = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1).expand(10, 1, 4, 4) * 25
    objective = NoiseObjective(real, batch=64, prior=Prior(7, 0))
    source, target = objective.sample_batch(same, rng())
    assert source.shape == (64, 7)
    assert target.shape == (64, 1, 4, 4)
    assert set((target[:, 0, 0, 0] * 127.5 + 127.5).round().int().tolist()) == set(
        range(0, 250, 25)
    )
    assert torch.equal(source, objective.sample_batch(same, rng())[0])
    assert not torch.equal(source, objective.sample_batch(same, rng(1))[0])


def test_fewer_samples_than_a_batch_are_drawn_more_than_once():
    objective = NoiseObjective(torch.zeros(1, 1, 4, 4).byte(), batch=5, prior=Prior(2, 0))
    assert len(objective.sample_batch(same, rng())[1]) == 5


def test_a_code_is_one_choice_among_its_numbers_each_as_likely():
    noise = Prior(12, 4).draw(4000, rng())
    codes, others = noise[:, :4], noise[:, 4:]
    assert torch.equal(codes.sum(1), torch.full((4000,), CODE))
    assert ((codes > 0).sum(1) == 1).all()
    assert ((codes > 0).float().mean(0) - 0.25).abs().max() < 0.03
    assert abs(others.std() - 1) < 0.02


def test_a_code_names_the_label_where_there_is_one_for_each():
    label = torch.tensor([3, 0, 3])
    named = Prior(12, 4, tuple("abcd")).draw(3, rng(), label)
    assert torch.equal(named[:, :4].argmax(1), label)
    free = Prior(12, 4).draw(3, rng(), label)
    assert torch.equal(free, Prior(12, 4).draw(3, rng()))
    assert torch.equal(free[:, 4:], named[:, 4:])


@pytest.mark.parametrize("codes", [0, 5])
def test_a_walk_begins_where_noise_is_drawn_goes_in_small_steps_and_comes_back(codes):
    prior = Prior(20, codes)
    steps = prior.walk(500, stops=3, between=8, rng=rng())
    assert len(steps) == 24
    assert torch.equal(steps[0], prior.draw(500, rng()))
    strides = [
        (one - other).square().mean().sqrt()
        for one, other in zip(steps, [*steps[1:], steps[0]], strict=True)
    ]
    assert max(strides) < 0.4
    if not codes:
        assert all(abs(step.std() - 1) < 0.05 for step in steps)
