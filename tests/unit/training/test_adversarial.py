import copy
import re
from functools import partial

import pytest
import torch
from support import games

from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.models.registry import CLIP_GANS
from vidpipe.training.adversarial import Hyperparameters, Networks, TrainState, update
from vidpipe.training.loop import fit
from vidpipe.training.losses import gradient_penalty
from vidpipe.utils.names import model_name


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    "game",
    [
        partial(games.pix2pix, residual=True),
        partial(games.pix2pix, residual=False),
        partial(games.pix2pix, motion="flow", history=3),
        partial(games.pix2pix, motion="flow", history=3, latent=2),
        games.mlp_gan,
        games.dcgan,
        partial(games.dcgan, norm="spectral", loss="hinge"),
        partial(games.dcgan, norm="none", hidden=8, loss="relativistic", r1=0.1, r2=0.1),
        *(partial(games.clips, network) for network in CLIP_GANS),
        partial(games.clips, gan3d, norm="spectral", loss="hinge"),
        partial(games.clips, vgan, norm="batch"),
        partial(games.clips, convlstm_gan, loss="relativistic", r1=0.1, r2=0.1),
    ],
)
def test_every_parameter_of_both_networks_moves(game):
    state, objective = game()
    before = [weights(network) for network in (state.generator, state.discriminators[0])]
    list(fit(state, objective, steps=3, report_every=3, seed=0, autocast=games.plain))
    for old, network in zip(before, (state.generator, state.discriminators[0]), strict=True):
        still = [
            name for name, value in network.named_parameters() if torch.equal(old[name], value)
        ]
        # A hinge that holds back neither side, and a loss of differences, move no last bias.
        assert state.hyperparameters.loss != "bce" or still == []
        last = re.compile(r"(judgement\.[02]|frame_judge\.\d+|clip_logit)\.bias")
        assert all(last.fullmatch(name) for name in still)


def test_each_half_of_a_step_moves_its_own_network_alone():
    state, objective = games.pix2pix()
    seen = {}
    optimizer = state.optimizers["discriminator"]
    plain_step = optimizer.step

    def spied():
        plain_step()
        seen["g after d"] = weights(state.generator)
        seen["d after d"] = weights(state.discriminators[0])

    optimizer.step = spied
    before = dict(state.generator.named_parameters())
    before = {name: value.clone() for name, value in before.items()}
    update(state, objective, step=1, rng=torch.Generator().manual_seed(0), autocast=games.plain)
    assert all(torch.equal(before[name], seen["g after d"][name]) for name in before)
    after = dict(state.discriminators[0].named_parameters())
    assert all(torch.equal(after[name], seen["d after d"][name]) for name in after)
    assert all(p.requires_grad for p in state.discriminators[0].parameters())


def test_losses_are_named_finite_and_detached():
    state, objective = games.pix2pix()
    losses = update(
        state, objective, step=1, rng=torch.Generator().manual_seed(0), autocast=games.plain
    )
    assert set(losses) == {"generator", "discriminator", "l1", "d_real", "d_fake"}
    assert all(value.isfinite() and not value.requires_grad for value in losses.values())


def test_the_penalty_on_the_slope_is_told_apart_and_flattens_the_discriminator():
    slopes = {}
    for weight in (0.0, 10.0):
        state, objective = games.dcgan(norm="none", r1=weight, learning_rate=1e-3)
        history = list(
            fit(state, objective, steps=20, report_every=20, seed=0, autocast=games.plain)
        )
        assert ("r1" in history[-1].values) == bool(weight)
        _, real = objective.sample_batch(state.generator, torch.Generator().manual_seed(1))
        real.requires_grad_()
        slopes[weight] = gradient_penalty(
            state.discriminators[0].eval()(torch.zeros(len(real), 10), real), real
        ).item()
    assert slopes[10.0] < 0.5 * slopes[0.0]


def test_bf16_trains_too():
    state, objective = games.pix2pix()
    autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16)  # noqa: E731
    (report,) = fit(state, objective, steps=2, report_every=2, seed=0, autocast=autocast)
    assert all(torch.isfinite(torch.tensor(value)) for value in report.values.values())
    assert all(p.dtype == torch.float32 for p in state.generator.parameters())


def test_the_rate_falls_to_nothing_at_the_end_and_not_before():
    rules = Hyperparameters(**{**games.HYPERPARAMETERS, "learning_rate": 1.0, "cooldown": 0.2})
    rates = [rules.learning_rate_at(step, 10) for step in range(1, 11)]
    assert rates[:9] == [1.0] * 9
    assert rates[9] == 0.5
    assert (
        Hyperparameters(**{**games.HYPERPARAMETERS, "learning_rate": 1.0}).learning_rate_at(10, 10)
        == 1.0
    )


def test_the_penalty_comes_every_so_many_steps_and_weighs_as_many_times():
    seen = {}
    for every in (1, 4):
        state, objective = games.dcgan(norm="none", r1=0.5, r2=0.5, penalty_every=every)
        state.discriminators[0].eval()  # no dropout: what is left to differ is the penalty
        rng = torch.Generator().manual_seed(0)
        seen[every] = update(state, objective, step=every, rng=rng, autocast=games.plain)
    assert set(seen[4]) == set(seen[1])
    for name in ("r1", "r2"):
        assert seen[4][name] == pytest.approx(4 * seen[1][name])
    state, objective = games.dcgan(norm="none", r1=0.5, penalty_every=4)
    rng = torch.Generator().manual_seed(0)
    assert "r1" not in update(state, objective, step=3, rng=rng, autocast=games.plain)


def two_discriminators():
    torch.manual_seed(0)
    first, objective = games.mlp_gan()
    generator, discriminator = first.generator, first.discriminators[0]
    networks = Networks(
        generator, {"discriminator": discriminator, "critic": copy.deepcopy(discriminator)}
    )
    return TrainState(networks, Hyperparameters(**games.HYPERPARAMETERS)), objective


def test_every_parameter_of_several_discriminators_moves():
    state, objective = two_discriminators()
    before = [weights(network) for network in state.discriminators]
    list(fit(state, objective, steps=1, report_every=1, seed=0, autocast=games.plain))
    for old, network in zip(before, state.discriminators, strict=True):
        assert all(not torch.equal(old[n], value) for n, value in network.named_parameters())


@pytest.mark.parametrize("network", CLIP_GANS, ids=model_name)
def test_a_part_of_the_generator_learns_at_a_rate_of_its_own(network):
    state, _ = games.clips(network, space="latent", encoder=8)
    state.set_learning_rate(1e-3)
    rates = {
        weight: group["lr"]
        for optimizer in state.optimizers.values()
        for group in optimizer.param_groups
        for weight in group["params"]
    }
    named = dict(state.generator.named_parameters())
    assert {
        rates[weight]
        for discriminator in state.discriminators
        for weight in discriminator.parameters()
    } == {1e-3}
    fast = {name for name, weight in named.items() if rates[weight] != 1e-3}
    of_walk = {name for name in named if name.startswith(("walk.", "walk_features."))}
    assert fast == (of_walk if network is convlstm_gan else set())
    assert {rates[named[name]] for name in fast} <= {2e-3}


def test_a_rate_of_no_part_is_refused():
    state, _ = games.mlp_gan()
    with pytest.raises(ValueError, match="rate factors of walks: expected some of the generator's"):
        Networks(state.generator, state.networks.discriminators, rate_factors={"walks": 0.5})


@pytest.mark.parametrize("name", ["generator", "discriminator", "r1", "d_real"])
def test_a_loss_of_an_objective_replaces_none_of_the_update(name):
    state, objective = games.mlp_gan()
    generate = objective.generate_with_losses
    objective.generate_with_losses = lambda *given: (generate(*given)[0], {name: torch.zeros(())})
    rng = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match=f"an objective names its losses {name}: rename them"):
        update(state, objective, step=1, rng=rng, autocast=games.plain)


def test_losses_of_several_discriminators_add_up_and_their_accuracy_is_the_mean():
    rng = torch.Generator
    alone, objective = games.mlp_gan()
    for network in alone.discriminators:
        network.eval()
    one = update(alone, objective, step=1, rng=rng().manual_seed(0), autocast=games.plain)
    state, objective = two_discriminators()
    for network in state.discriminators:
        network.eval()
    both = update(state, objective, step=1, rng=rng().manual_seed(0), autocast=games.plain)
    torch.testing.assert_close(both["discriminator"], 2 * one["discriminator"])
    assert both["d_real"] == one["d_real"]
    assert set(both) == set(one)


def test_a_state_of_other_networks_is_refused_and_changes_nothing():
    state, _ = games.mlp_gan()
    before = {name: value.clone() for name, value in state.state_dict().items()}
    other, _ = two_discriminators()
    with pytest.raises(ValueError, match="of other networks"):
        state.load_state_dict(other.state_dict())
    assert all(torch.equal(before[name], value) for name, value in state.state_dict().items())
