from functools import partial
from itertools import islice

import pytest
import torch
from support import games
from torch import nn

from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.training.adversarial import Players, Rules
from vidpipe.training.checkpoint import Checkpoint, Checkpoints
from vidpipe.training.loop import fit
from vidpipe.training.runtime import Machine

CLIP_GANS = (gan3d, vgan, convlstm_gan)


def fitting(players, task, steps, **changes):
    options = {"report_every": 2, "seed": 0, "autocast": games.plain}
    return fit(players, task, steps=steps, **{**options, **changes})


def run(players, task, steps, **changes):
    return list(fitting(players, task, steps, **changes))


def placed(game):
    """Players whose weights lie channels last, as training lays them, and their task."""
    players, task = game
    place = Machine(torch.device("cpu"), games.plain).place
    networks = place(players.generator), place(players.discriminator)
    return Players(*networks, players.rules), task


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_same_seed_gives_the_same_history_and_weights():
    (one, task_one), (other, task_other) = games.pix2pix(), games.pix2pix()
    assert run(one, task_one, 4) == run(other, task_other, 4)
    assert same(one.generator, other.generator)


def test_another_seed_gives_another_history():
    (one, task_one), (other, task_other) = games.pix2pix(), games.pix2pix()
    assert run(one, task_one, 2) != run(other, task_other, 2, seed=1)


@pytest.mark.parametrize(
    "game",
    [
        games.pix2pix,
        games.mlp_gan,
        partial(games.dcgan, norm="spectral", loss="hinge", beta1=0.0),
        partial(games.dcgan, loss="relativistic", norm="none", r1=0.1, slope_every=3, cooldown=0.5),
        *(partial(games.clips, network, slope_every=3, r1=0.2, r2=0.2) for network in CLIP_GANS),
        partial(games.clips, vgan, norm="batch", ema=0.0),
    ],
)
def test_what_goes_on_equals_what_never_stopped(game, tmp_path):
    unbroken, task = placed(game())
    whole = run(unbroken, task, 6)
    first, _ = placed(game())
    begun = list(islice(fitting(first, task, 6), 2))
    kept = Checkpoints(tmp_path)
    kept._write(Checkpoint(first.state_dict(), begun, {}))
    resumed, _ = placed(game(seed=99))
    (checkpoint,) = kept.good()
    resumed.load_state_dict(checkpoint.state)
    assert begun + run(resumed, task, 6, done=checkpoint.step) == whole
    assert all(
        torch.equal(value, unbroken.state_dict()[name])
        for name, value in resumed.state_dict().items()
    )


def test_reports_come_when_due_and_after_the_last_step():
    players, task = games.pix2pix()
    assert [report.step for report in run(players, task, 5)] == [2, 4, 5]


def test_a_report_is_the_mean_over_the_steps_that_measured_a_loss():
    def history(every):
        players, task = games.dcgan(norm="none", r1=0.1, r2=0.1, slope_every=4)
        return [report.losses for report in run(players, task, 9, report_every=every)]

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
    players, task = games.pix2pix(
        pairs=1, residual=False, dropout=0.0, learning_rate=5e-3,
        adversarial_weight=0.0,
        task={"noise": 0.0, "views": 0.0, "pushforward": 0},
    )  # fmt: skip
    task.frames = nn.functional.interpolate(task.frames[..., :4, :4].float(), size=64).to(
        torch.uint8
    )
    history = run(players, task, 60, report_every=1)
    assert history[-1].losses["l1"] < 0.3 * history[0].losses["l1"]


def test_a_loss_that_is_not_finite_is_named_with_its_step():
    class Broken:
        calls = 0

        def draw(self, generator, rng):
            return torch.zeros(1, 2), torch.zeros(1, 2)

        def make(self, generator, source, target):
            self.calls += 1
            fake = generator(source)
            return fake, {"l1": fake.detach().sum() * (float("nan") if self.calls == 3 else 1.0)}

    class Judge(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 1)

        def forward(self, source, target):
            return self.layer(torch.cat([source, target], dim=1))

    players = Players(nn.Linear(2, 2), Judge(), Rules(**games.RULES))
    with pytest.raises(FloatingPointError, match=r"from step 3 on \(l1\).*train\.learning_rate"):
        run(players, Broken(), 4)


def test_the_average_follows_and_forgets_the_first_weights():
    players, task = games.pix2pix(ema=0.9)
    run(players, task, 3)
    assert not same(players.average, players.generator)
    assert players.sampled is players.average
    plain, task = games.pix2pix(ema=0.0)
    run(plain, task, 3)
    assert plain.sampled is plain.generator
