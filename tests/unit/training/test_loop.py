from functools import partial
from itertools import islice

import pytest
import torch
from support import games
from torch import nn

from vidpipe.models import vgan
from vidpipe.models.registry import CLIP_GANS
from vidpipe.training.adversarial import TrainState
from vidpipe.training.checkpoint import Checkpoint, Checkpoints
from vidpipe.training.loop import fit
from vidpipe.training.runtime import Machine
from vidpipe.training.trainer import place


def fitting(state, objective, steps, **changes):
    options = {"report_every": 2, "seed": 0, "autocast": games.plain}
    return fit(state, objective, steps=steps, **{**options, **changes})


def run(state, objective, steps, **changes):
    return list(fitting(state, objective, steps, **changes))


def placed(game):
    """A state whose weights lie channels last, as training lays them, and its objective."""
    state, objective = game
    machine = Machine(torch.device("cpu"), games.plain)
    return TrainState(place(state.networks, machine), state.hyperparameters), objective


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("model", [{}, {"motion": "flow", "history": 3}])
def test_the_same_seed_gives_the_same_history_and_weights(model):
    (one, task_one), (other, task_other) = (games.pix2pix(**model) for _ in range(2))
    assert run(one, task_one, 4) == run(other, task_other, 4)
    assert same(one.generator, other.generator)


def test_another_seed_gives_another_history():
    (one, task_one), (other, task_other) = games.pix2pix(), games.pix2pix()
    assert run(one, task_one, 2) != run(other, task_other, 2, seed=1)


@pytest.mark.parametrize(
    "game",
    [
        games.pix2pix,
        partial(games.pix2pix, motion="flow", history=3),
        partial(games.pix2pix, motion="flow", history=3, latent=2),
        games.mlp_gan,
        partial(games.dcgan, norm="spectral", loss="hinge", beta1=0.0),
        partial(
            games.dcgan, loss="relativistic", norm="none", r1=0.1, penalty_every=3, cooldown=0.5
        ),
        *(partial(games.clips, network, penalty_every=3, r1=0.2, r2=0.2) for network in CLIP_GANS),
        partial(games.clips, vgan, norm="batch", ema=0.0),
    ],
)
def test_what_goes_on_equals_what_never_stopped(game, tmp_path):
    unbroken, objective = placed(game())
    whole = run(unbroken, objective, 6)
    first, _ = placed(game())
    begun = list(islice(fitting(first, objective, 6), 2))
    kept = Checkpoints(tmp_path)
    kept._write(Checkpoint(first.state_dict(), begun, {}))
    resumed, _ = placed(game(seed=99))
    (checkpoint,) = kept.good()
    resumed.load_state_dict(checkpoint.state)
    assert begun + run(resumed, objective, 6, done=checkpoint.step) == whole
    assert all(
        torch.equal(value, unbroken.state_dict()[name])
        for name, value in resumed.state_dict().items()
    )


def test_reports_come_when_due_and_after_the_last_step():
    state, objective = games.pix2pix()
    assert [report.step for report in run(state, objective, 5)] == [2, 4, 5]


def test_a_report_is_the_mean_over_the_steps_that_measured_a_loss():
    def history(every):
        state, objective = games.dcgan(norm="none", r1=0.1, r2=0.1, penalty_every=4)
        return [report.values for report in run(state, objective, 9, report_every=every)]

    each, reports = history(1), history(3)
    assert [("r1" in losses, "r2" in losses) for losses in reports] == [
        (False, False),
        (True, True),
        (True, True),
    ]
    for losses, steps in zip(reports, (each[:3], each[3:6], each[6:]), strict=True):
        for name, mean in losses.items():
            measured = [step[name] for step in steps if name in step]
            assert mean == pytest.approx(sum(measured) / len(measured))


def test_one_pair_is_learnt_by_heart():
    state, objective = games.pix2pix(
        pairs=1, residual=False, dropout=0.0, learning_rate=5e-3,
        adversarial_weight=0.0,
        task={"noise": 0.0, "views": 0.0, "pushforward": 0},
    )  # fmt: skip
    objective.frames = nn.functional.interpolate(objective.frames[..., :4, :4].float(), size=64).to(
        torch.uint8
    )
    history = run(state, objective, 60, report_every=1)
    assert history[-1].values["l1"] < 0.3 * history[0].values["l1"]


def test_a_loss_that_is_not_finite_is_named_with_its_step():
    class Broken:
        calls = 0

        def sample_batch(self, generator, rng):
            return torch.zeros(1, 2), torch.zeros(1, 2)

        def generate_with_losses(self, generator, source, target):
            self.calls += 1
            fake = generator(source)
            return fake, {"l1": fake.detach().sum() * (float("nan") if self.calls == 3 else 1.0)}

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 1)

        def forward(self, source, target):
            return self.layer(torch.cat([source, target], dim=1))

    state = games.state_of(nn.Linear(2, 2), Discriminator())
    with pytest.raises(FloatingPointError, match=r"from step 3 on \(l1\).*train\.learning_rate"):
        run(state, Broken(), 4)


def test_the_average_follows_and_forgets_the_first_weights():
    state, objective = games.pix2pix(ema=0.9)
    run(state, objective, 3)
    assert not same(state.g_ema, state.generator)
    assert state.sampling_generator is state.g_ema
    plain, objective = games.pix2pix(ema=0.0)
    run(plain, objective, 3)
    assert plain.sampling_generator is plain.generator
