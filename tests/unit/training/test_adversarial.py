import re
from functools import partial

import pytest
import torch
from support import games

from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.training.adversarial import Rules, update
from vidpipe.training.loop import fit
from vidpipe.training.losses import LOSSES, slope


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    "game",
    [
        partial(games.pix2pix, residual=True),
        partial(games.pix2pix, residual=False),
        games.mlp_gan,
        games.dcgan,
        partial(games.dcgan, norm="spectral", loss="hinge"),
        partial(games.dcgan, norm="none", hidden=8, loss="relativistic", r1=0.1, r2=0.1),
        partial(games.clips, gan3d),
        partial(games.clips, gan3d, norm="spectral", loss="hinge"),
        partial(games.clips, vgan, norm="batch"),
        partial(games.clips, convlstm_gan),
        partial(games.clips, convlstm_gan, loss="relativistic", r1=0.1, r2=0.1),
    ],
)
def test_every_parameter_of_both_networks_moves(game):
    players, task = game()
    before = [weights(network) for network in (players.generator, players.discriminator)]
    list(fit(players, task, steps=3, report_every=3, seed=0, autocast=games.plain))
    for old, network in zip(before, (players.generator, players.discriminator), strict=True):
        still = [
            name for name, value in network.named_parameters() if torch.equal(old[name], value)
        ]
        # A hinge that holds back neither side, and a loss of differences, move no last bias.
        assert players.rules.loss != "bce" or still == []
        last = re.compile(r"(judgement\.[02]|frame_judge\.\d+|clip_logit)\.bias")
        assert all(last.fullmatch(name) for name in still)


def test_each_half_of_a_step_moves_its_own_network_alone():
    players, task = games.pix2pix()
    seen = {}

    descend = players.adams[1].descend

    def spied(loss):
        descend(loss)
        seen["g after d"] = weights(players.generator)
        seen["d after d"] = weights(players.discriminator)

    players.adams[1].descend = spied
    before = dict(players.generator.named_parameters())
    before = {name: value.clone() for name, value in before.items()}
    update(players, task, step=1, rng=torch.Generator().manual_seed(0), autocast=games.plain)
    assert all(torch.equal(before[name], seen["g after d"][name]) for name in before)
    after = dict(players.discriminator.named_parameters())
    assert all(torch.equal(after[name], seen["d after d"][name]) for name in after)
    assert all(p.requires_grad for p in players.discriminator.parameters())


def test_losses_are_named_finite_and_detached():
    players, task = games.pix2pix()
    losses = update(
        players, task, step=1, rng=torch.Generator().manual_seed(0), autocast=games.plain
    )
    assert set(losses) == {"generator", "discriminator", "l1", "d_real", "d_fake"}
    assert all(value.isfinite() and not value.requires_grad for value in losses.values())


def test_the_penalty_on_the_slope_is_told_apart_and_flattens_the_discriminator():
    slopes = {}
    for weight in (0.0, 10.0):
        players, task = games.dcgan(norm="none", r1=weight, learning_rate=1e-3)
        history = list(fit(players, task, steps=20, report_every=20, seed=0, autocast=games.plain))
        assert ("r1" in history[-1].losses) == bool(weight)
        _, real = task.draw(players.generator, torch.Generator().manual_seed(1))
        real.requires_grad_()
        slopes[weight] = slope(
            players.discriminator.eval()(torch.zeros(len(real), 10), real), real
        ).item()
    assert slopes[10.0] < 0.5 * slopes[0.0]


def test_bf16_trains_too():
    players, task = games.pix2pix()
    autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16)  # noqa: E731
    (report,) = fit(players, task, steps=2, report_every=2, seed=0, autocast=autocast)
    assert all(torch.isfinite(torch.tensor(value)) for value in report.losses.values())
    assert all(p.dtype == torch.float32 for p in players.generator.parameters())


def test_the_rate_falls_to_nothing_at_the_end_and_not_before():
    rules = Rules(**{**games.RULES, "learning_rate": 1.0, "cooldown": 0.2})
    rates = [rules.rate(step, 10) for step in range(1, 11)]
    assert rates[:9] == [1.0] * 9
    assert rates[9] == 0.5
    assert Rules(**{**games.RULES, "learning_rate": 1.0}).rate(10, 10) == 1.0


def test_the_penalty_comes_every_so_many_steps_and_weighs_as_many_times():
    seen = {}
    for every in (1, 4):
        players, task = games.dcgan(norm="none", r1=0.5, r2=0.5, slope_every=every)
        players.discriminator.eval()  # no dropout: what is left to differ is the penalty
        rng = torch.Generator().manual_seed(0)
        seen[every] = update(players, task, step=every, rng=rng, autocast=games.plain)
    assert set(seen[4]) == set(seen[1])
    for name in ("r1", "r2"):
        assert seen[4][name] == pytest.approx(4 * seen[1][name])
    players, task = games.dcgan(norm="none", r1=0.5, slope_every=4)
    rng = torch.Generator().manual_seed(0)
    assert "r1" not in update(players, task, step=3, rng=rng, autocast=games.plain)


def test_relative_logits_are_judged_beside_the_others():
    real, fake = torch.tensor([5.0, 6.0, 7.0, 3.0]), torch.tensor([4.0, 4.0, 4.0, 6.0])
    right = LOSSES["relativistic"].judged_rightly(real, fake)
    assert (right["d_real"], right["d_fake"]) == (0.75, 0.75)
    right = LOSSES["bce"].judged_rightly(real, fake)
    assert (right["d_real"], right["d_fake"]) == (1.0, 0.0)
