"""What a process of several does, told by processes that are none: each has its share in turn."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pytest
import torch
from support import games
from torch import nn

from vidpipe.models.augmentation import Augmentation, LatentAugmentation
from vidpipe.models.clip_gan import ClipDiscriminator
from vidpipe.models.registry import CLIP_GANS
from vidpipe.training import distributed
from vidpipe.training.distributed import (
    SharedBatchNorm,
    SharedDropout,
    averaged,
    follow_first,
    own_share,
    share_layers,
    shares,
    sharing,
    whole,
)

COUNT = 2


@pytest.fixture
def each(monkeypatch):
    """Call a function in each process of two, of which all sums are twice the own value."""

    def run(function):
        results = []
        with monkeypatch.context() as patch:
            patch.setattr(distributed, "shares", lambda: COUNT)
            patch.setattr(distributed.distributed, "get_world_size", lambda: COUNT)
            patch.setattr(distributed.distributed, "all_reduce", lambda total: total.mul_(COUNT))
            for rank in range(COUNT):
                patch.setattr(distributed.distributed, "get_rank", lambda rank=rank: rank)
                results.append(function())
        return results

    return run


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


@dataclass(frozen=True)
class Nested:
    pair: Pair
    missing: None = None


def flat(value):
    """All tensors of a source, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = vars(value).values() if hasattr(value, "__dataclass_fields__") else value
    return [tensor for part in parts if part is not None for tensor in flat(part)]


def joined(values, dim=0):
    return [torch.cat(tensors, dim) for tensors in zip(*map(flat, values), strict=True)]


def equal(one, other):
    return len(one) == len(other) and all(map(torch.equal, one, other))


def test_one_process_has_the_whole_batch_and_the_very_same_values():
    values = {"loss": torch.ones(())}
    tensor = torch.arange(4)
    with sharing():
        assert shares() == 1
        assert whole(3) == 3
        assert own_share(tensor) is tensor
        assert averaged(values)["loss"] is values["loss"]
    assert follow_first({}, 7) == 7


@pytest.mark.parametrize(
    "value", [torch.arange(6), Nested(Pair(torch.arange(6), torch.ones(6, 2)))]
)
def test_shares_make_up_the_whole(each, value):
    own = each(lambda: own_share(value))
    assert type(own[0]) is type(value)
    assert equal(joined(own), flat(value))


def test_samples_may_lie_along_another_dimension(each):
    numbers = torch.arange(8).view(2, 4)
    assert equal(joined(each(lambda: own_share(numbers, dim=1)), dim=1), [numbers])


GAMES = [
    games.mlp_gan,
    *(partial(games.clips, network) for network in CLIP_GANS),
    partial(games.pix2pix, task={"pushforward": 0}),
    partial(games.pix2pix, motion="flow", history=3, task={"pushforward": 0}),
    partial(games.pix2pix, motion="flow", history=3, latent=2, task={"pushforward": 0}),
]


@pytest.mark.parametrize("game", GAMES)
def test_an_objective_draws_the_batch_of_one_process_and_keeps_its_share(each, game):
    state, objective = game()

    def draw():
        rng = torch.Generator().manual_seed(3)
        return tuple(objective.sample_batch(state.generator, rng))

    assert equal(joined(each(draw)), flat(draw()))


def drawn_in_shares(each, function, samples):
    """What a function makes of each share, joined, and of the whole, from the same numbers."""

    def run():
        torch.manual_seed(5)
        return function(own_share(samples))

    return joined(each(run)), [run()]


@pytest.mark.parametrize(
    ("augment", "shape"),
    [(Augmentation(1.0), (4, 3, 2, 16, 16)), (LatentAugmentation(1.0), (4, 2, 3, 8, 8))],
)
def test_clips_are_augmented_as_in_the_whole_batch(each, augment, shape):
    shared, alone = drawn_in_shares(each, augment.train(), torch.rand(shape))
    assert torch.allclose(shared[0], alone[0], atol=1e-6)


class Discriminator(ClipDiscriminator):
    layers = 4


def test_the_same_frames_are_discriminated_and_the_same_values_dropped(each):
    network = Discriminator(
        size=16, frames=8, channels=3, width=4, norm="none", dropout=0.5, frame_discriminator=True,
        augment=0.0,
    )  # fmt: skip
    seen = torch.zeros(4, 1), torch.rand(4, 3, 8, 16, 16)
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.__class__ = SharedDropout
    shared, alone = drawn_in_shares(each, lambda both: network.logits(*both), seen)
    assert torch.allclose(shared[0], alone[0], atol=1e-6)


@pytest.mark.parametrize("affine", [True, False])
def test_statistics_of_equal_shares_are_those_of_the_batch(each, affine):
    plain, shared = (nn.BatchNorm2d(3, affine=affine) for _ in range(2))
    shared.__class__ = SharedBatchNorm
    half = torch.randn(4, 3, 5, 5, dtype=torch.float64)

    def run(norm, maps):
        """The output, and gradients of a loss and of a penalty on its slope."""
        maps = maps.clone().requires_grad_()
        made = norm.double()(maps)
        loss = (made.square() * torch.arange(5.0)).sum()
        (slope,) = torch.autograd.grad(loss, maps, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.square().sum(), maps)
        return made, slope, curvature

    # Two processes call the same norm in turn, so the other one is called twice too.
    for mine, all_of_it in zip(
        each(lambda: run(shared, half)),
        [run(plain, torch.cat([half, half])) for _ in range(COUNT)],
        strict=True,
    ):
        assert all(torch.allclose(a, b[:4]) for a, b in zip(mine, all_of_it, strict=True))
    assert all(map(torch.allclose, shared.state_dict().values(), plain.state_dict().values()))


def test_out_of_training_a_norm_is_what_it_was(each):
    plain = nn.BatchNorm2d(3).eval()
    maps = torch.randn(4, 3, 5, 5)
    expected = plain(maps)
    plain.__class__ = SharedBatchNorm
    assert torch.equal(each(lambda: plain(maps))[0], expected)


def test_layers_are_shared_in_place(monkeypatch):
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    before = network.state_dict(keep_vars=True)
    share_layers([network])
    assert type(network[1]) is nn.BatchNorm1d
    monkeypatch.setattr(distributed, "is_started", lambda: True)
    share_layers([network])
    assert [type(layer) for layer in network] == [nn.Linear, SharedBatchNorm, SharedDropout]
    after = network.state_dict(keep_vars=True)
    assert all(after[name] is value for name, value in before.items())
    assert after.keys() == before.keys()


def test_gradients_of_all_weights_are_replaced_by_means(each, monkeypatch):
    weights = [torch.ones(3, requires_grad=True), torch.ones(2, 2, requires_grad=True)]
    optimizers = [torch.optim.SGD([weight]) for weight in weights]
    weights[0].grad, weights[1].grad = torch.arange(3.0), torch.full((2, 2), 7.0)

    def sum_with_a_process_that_has_ones(total):
        total += 1

    def average():
        monkeypatch.setattr(distributed.distributed, "all_reduce", sum_with_a_process_that_has_ones)
        distributed.average_gradients(optimizers)

    each(average)
    # Each of the two averaged in turn.
    assert weights[0].grad.tolist() == [0.75, 1.0, 1.25]
    assert weights[1].grad.tolist() == [[2.5, 2.5], [2.5, 2.5]]
