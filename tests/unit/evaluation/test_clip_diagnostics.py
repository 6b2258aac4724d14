import numpy as np
import pytest
import torch
from support import games

from vidpipe.evaluation.clip_diagnostics import clip_diagnostics
from vidpipe.models import gan3d, vgan
from vidpipe.models.clip_gan import ClipObjective, ClipWindows, diagnostics_of
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.train import progress_sheet
from vidpipe.training.adversarial import Networks, TrainState


def held_out(state):
    """Held-out clips, all of one grey."""
    frames = np.full((16, 32, 32, 3), 99, np.uint8)
    clips = np.arange(16, dtype=np.int32)[None]
    real = ClipWindows(
        frames, clips, np.zeros(1, int), length=8, mirror=False, device=torch.device("cpu")
    )
    return ClipObjective(real, batch=2, prior=state.generator.prior)


def test_equal_players_have_equal_diagnostics_and_are_left_as_they_were():
    state, objective = games.clips(gan3d)
    before = {name: value.clone() for name, value in state.state_dict().items()}
    first, second = (clip_diagnostics(state, objective, held_out(state), seed=0) for _ in range(2))
    assert first == second
    assert state.generator.training
    assert state.discriminators[0].training
    assert all(torch.equal(before[name], value) for name, value in state.state_dict().items())


@pytest.mark.parametrize("network", CLIP_GANS)
def test_diagnostics_leave_networks_in_training_mode(network):
    state, objective = games.clips(network, ema=0.0)
    source, _ = objective.sample_batch(state.sampling_generator, torch.Generator().manual_seed(0))
    clip_diagnostics(state, objective, objective, seed=0)
    diagnostics_of(network)(state.sampling_generator, source)
    progress_sheet(state.sampling_generator, source)
    for player in state.networks.by_name().values():
        assert all(layer.training for layer in player.modules())
    state.sampling_generator.eval()
    diagnostics_of(network)(state.sampling_generator, source)
    assert not any(layer.training for layer in state.sampling_generator.modules())


def test_still_samples_that_are_all_alike_have_no_motion_and_no_diversity():
    state, objective = games.clips(gan3d, ema=0.0)
    for weight in state.generator.colours.parameters():
        torch.nn.init.zeros_(weight)
    numbers = clip_diagnostics(state, objective, None, seed=0)
    assert numbers == {"motion": 0.0, "diversity": 0.0}


def test_a_discriminator_that_ranks_held_out_clips_below_fakes_takes_none_for_real():
    state, objective = games.clips(gan3d)

    class Bright(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, source, clips):
            return clips.mean((1, 2, 3, 4))[:, None]

    state = games.state_of(state.generator, Bright())
    for weight in state.g_ema.colours.parameters():
        torch.nn.init.ones_(weight)
    assert clip_diagnostics(state, objective, held_out(state), seed=0)["d_held_out"] == 0.0

    # Another discriminator that takes all of them for real makes it a half: the mean of both.
    class Dark(Bright):
        def forward(self, source, clips):
            return -super().forward(source, clips)

    networks = Networks(state.generator, {"discriminator": Bright(), "critic": Dark()})
    both = TrainState(networks, state.hyperparameters)
    both.g_ema.load_state_dict(state.g_ema.state_dict())
    assert clip_diagnostics(both, objective, held_out(both), seed=0)["d_held_out"] == 0.5


def test_the_mean_of_the_mask_is_among_the_diagnostics():
    state, objective = games.clips(vgan)
    source, _ = objective.sample_batch(state.generator, torch.Generator().manual_seed(0))
    with torch.no_grad():
        state.generator.moving.weight[3] = 0
        state.generator.moving.bias[3] = -10
    assert vgan.diagnostics(state.generator, source)["mask_mean"] < 0.001
