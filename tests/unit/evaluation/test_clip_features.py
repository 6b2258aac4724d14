import pytest
import torch
from support import moving_clips as moving

from vidpipe.evaluation.clip_features import BATCH, SEED, WIDTHS, _random_weights, random_features

CPU = torch.device("cpu")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_clip_has_the_same_features_in_any_company_and_any_project(channels):
    clips = moving.clips(BATCH + 2)[0][..., :channels]
    torch.manual_seed(SEED + 1)
    frames, differences = random_features(clips, CPU)
    assert frames.shape == differences.shape == (BATCH + 2, WIDTHS[-1])
    torch.manual_seed(SEED + 2)
    alone = random_features(clips[-1:], CPU)
    torch.testing.assert_close(alone, (frames[-1:], differences[-1:]))


def test_what_does_not_move_has_no_features_of_differences():
    clips = moving.clips(4)[0]
    assert random_features(moving.frozen(clips), CPU)[1].abs().max() == 0
    assert random_features(clips, CPU)[1].abs().max() > 0


def test_half_of_the_first_kernels_see_edges_and_no_light():
    sums = _random_weights(channels=3)[0].sum((3, 4)).abs().amax((1, 2))
    assert (sums[: WIDTHS[0] // 2] < 1e-5).all()
    assert (sums[WIDTHS[0] // 2 :] > 1e-2).all()
