import numpy as np
import pytest
import torch
from support import games

from vidpipe.evaluation.clip_diagnostics import fares
from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.models.clip_gan import RealClips
from vidpipe.pipelines.clips.train import progress_sheet


def held_out(players):
    """Held-out clips, all of one grey."""
    frames = np.full((16, 32, 32, 3), 99, np.uint8)
    clips = np.arange(16, dtype=np.int32)[None]
    real = RealClips(
        frames, clips, np.zeros(1, int), length=8, mirror=False, device=torch.device("cpu")
    )
    return gan3d.Game(real, batch=2, prior=players.generator.prior)


def test_equal_players_have_equal_diagnostics_and_are_left_as_they_were():
    players, task = games.clips(gan3d)
    before = {name: value.clone() for name, value in players.state_dict().items()}
    first, second = (fares(players, task, held_out(players), seed=0) for _ in range(2))
    assert first == second
    assert players.generator.training
    assert players.discriminator.training
    assert all(torch.equal(before[name], value) for name, value in players.state_dict().items())


@pytest.mark.parametrize("network", [gan3d, vgan, convlstm_gan])
def test_diagnostics_leave_networks_in_training_mode(network):
    players, task = games.clips(network, ema=0.0)
    source, _ = task.draw(players.sampled, torch.Generator().manual_seed(0))
    fares(players, task, task, seed=0)
    getattr(network, "fares", lambda *_: {})(players.sampled, source)
    progress_sheet(players.sampled, source)
    for player in (players.generator, players.discriminator):
        assert all(layer.training for layer in player.modules())
    players.sampled.eval()
    getattr(network, "fares", lambda *_: {})(players.sampled, source)
    assert not any(layer.training for layer in players.sampled.modules())


def test_still_samples_that_are_all_alike_have_no_motion_and_no_diversity():
    players, task = games.clips(gan3d, ema=0.0)
    for weight in players.generator.colours.parameters():
        torch.nn.init.zeros_(weight)
    numbers = fares(players, task, None, seed=0)
    assert numbers == {"motion": 0.0, "diversity": 0.0}


def test_a_discriminator_that_ranks_held_out_clips_below_fakes_takes_none_for_real():
    players, task = games.clips(gan3d)

    class Bright(torch.nn.Module):
        def forward(self, source, clips):
            return clips.mean((1, 2, 3, 4))[:, None]

    players.discriminator = Bright()
    for weight in players.average.colours.parameters():
        torch.nn.init.ones_(weight)
    assert fares(players, task, held_out(players), seed=0)["d_held_out"] == 0.0


def test_the_mean_of_the_mask_is_among_the_diagnostics():
    players, task = games.clips(vgan)
    source, _ = task.draw(players.generator, torch.Generator().manual_seed(0))
    with torch.no_grad():
        players.generator.moving.weight[3] = 0
        players.generator.moving.bias[3] = -10
    assert vgan.fares(players.generator, source)["mask_mean"] < 0.001
