import pytest
import torch

from vidpipe.models.group_noise import GroupPrior
from vidpipe.models.noise import CODE, Prior

LABELS, GROUPS = ("run", "jump", "walk"), ("ada", "ben")
PRIOR = GroupPrior(9, 5, LABELS, GROUPS)


def drawn(prior=PRIOR, count=200, **named):
    return prior.draw(count, torch.Generator().manual_seed(0), **named)


def test_noise_names_a_label_and_a_group():
    label, group = torch.arange(200) % 3, torch.arange(200) % 2
    noise = drawn(label=label, group=group)
    assert torch.equal(noise[:, :3].argmax(1), label)
    assert torch.equal(noise[:, 3:5].argmax(1), group)
    assert torch.equal(noise[:, :5].sum(1), torch.full((200,), 2 * CODE))
    assert noise[:, 5:].std() == pytest.approx(1, abs=0.1)


def test_what_is_not_given_is_drawn_and_changes_nothing_else():
    by_chance = drawn()
    assert {*by_chance[:, :3].argmax(1).tolist()} == {0, 1, 2}
    assert {*by_chance[:, 3:5].argmax(1).tolist()} == {0, 1}
    named = drawn(label=torch.zeros(200, dtype=torch.long))
    assert torch.equal(named[:, 3:], by_chance[:, 3:])


def test_a_group_that_was_not_trained_on_has_no_code():
    noise = drawn(group=torch.tensor([-1, 1]), count=2)
    assert noise[:, 3:5].tolist() == [[0, 0], [0, CODE]]


def test_noise_that_is_drawn_can_be_told_to_be_of_another_group():
    noise = drawn()
    group = torch.arange(200) % 2
    other = PRIOR.of_group(noise, group)
    assert torch.equal(other, drawn(group=group))
    assert not torch.equal(other, noise)


def test_without_groups_it_is_the_plain_noise():
    label = torch.arange(200) % 3
    plain, named = Prior(9, 3, LABELS), GroupPrior(9, 3, LABELS)
    assert torch.equal(drawn(named, label=label), drawn(plain, label=label))
