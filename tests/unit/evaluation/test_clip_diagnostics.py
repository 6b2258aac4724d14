import numpy as np
import pytest
import torch
from support import games

from vidpipe.evaluation.clip_diagnostics import fares
from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.models.clip_gan import ClipWindows
from vidpipe.pipelines.clips.train import progress_sheet


def held_out(state):
    """Clips that nobody has seen, all of one grey."""
    frames = np.full((16, 32, 32, 3), 99, np.uint8)
    clips = np.arange(16, dtype=np.int32)[None]
    real = ClipWindows(
        frames, clips, np.zeros(1, int), length=8, mirror=False, device=torch.device("cpu")
    )
    return gan3d.Game(real, batch=2, prior=state.generator.prior)


def test_the_same_players_fare_the_same_and_are_left_as_they_were():
    state, objective = games.clips(gan3d)
    before = {name: value.clone() for name, value in state.state_dict().items()}
    one, other = (fares(state, objective, held_out(state), seed=0) for _ in range(2))
    assert one == other
    assert state.generator.training
    assert state.discriminators[0].training
    assert all(torch.equal(before[name], value) for name, value in state.state_dict().items())


@pytest.mark.parametrize("network", [gan3d, vgan, convlstm_gan])
def test_whoever_watches_leaves_networks_in_the_mode_they_learn_in(network):
    state, objective = games.clips(network, ema=0.0)
    source, _ = objective.sample_batch(state.sampling_generator, torch.Generator().manual_seed(0))
    fares(state, objective, objective, seed=0)
    getattr(network, "fares", lambda *_: {})(state.sampling_generator, source)
    progress_sheet(state.sampling_generator, source)
    for player in (state.generator, state.discriminators[0]):
        assert all(layer.training for layer in player.modules())
    state.sampling_generator.eval()
    getattr(network, "fares", lambda *_: {})(state.sampling_generator, source)
    assert not any(layer.training for layer in state.sampling_generator.modules())


def test_still_samples_that_are_all_alike_have_no_motion_and_no_diversity():
    state, objective = games.clips(gan3d, ema=0.0)
    for weight in state.generator.colours.parameters():
        torch.nn.init.zeros_(weight)
    numbers = fares(state, objective, None, seed=0)
    assert numbers == {"motion": 0.0, "diversity": 0.0}


def test_a_discriminator_that_finds_the_unseen_worse_than_fakes_takes_none_for_real():
    state, objective = games.clips(gan3d)

    class Bright(torch.nn.Module):
        def forward(self, source, clips):
            return clips.mean((1, 2, 3, 4))[:, None]

    state.discriminators[0] = Bright()
    for weight in state.g_ema.colours.parameters():
        torch.nn.init.ones_(weight)
    assert fares(state, objective, held_out(state), seed=0)["d_held_out"] == 0.0


def test_the_mean_of_the_mask_is_watched():
    state, objective = games.clips(vgan)
    source, _ = objective.sample_batch(state.generator, torch.Generator().manual_seed(0))
    with torch.no_grad():
        state.generator.moving.weight[3] = 0
        state.generator.moving.bias[3] = -10
    assert vgan.fares(state.generator, source)["mask_mean"] < 0.001
