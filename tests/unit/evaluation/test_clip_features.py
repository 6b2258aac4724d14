import pytest
import torch
from support import moving_clips as moving

from vidpipe.evaluation.clip_features import BATCH, SEED, WIDTHS, _random_weights, random_features

CPU = torch.device("cpu")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_clip_has_the_same_features_in_any_company_and_any_project(channels):
    clips = moving.clips(BATCH + 2)[0][..., :channels]
    torch.manual_seed(SEED + 1)
    features = random_features(clips, CPU)
    assert {vectors.shape for vectors in features.values()} == {(BATCH + 2, WIDTHS[-1])}
    torch.manual_seed(SEED + 2)
    alone = random_features(clips[-1:], CPU)
    torch.testing.assert_close(alone, {name: rows[-1:] for name, rows in features.items()})


def test_what_does_not_move_has_no_features_of_differences():
    clips = moving.clips(4)[0]
    still, real = (random_features(c, CPU) for c in (moving.frozen(clips), clips))
    for name in ("diff", "diff_gated"):
        assert still[name].abs().max() == 0
        assert real[name].abs().max() > 0


def test_gated_differences_are_those_of_the_frames_where_all_that_changes_moves():
    checks = torch.zeros(2, 8, 16, 16, 3, dtype=torch.uint8)
    checks[:, ::2, :4] = 200
    features = random_features(checks, CPU)
    torch.testing.assert_close(features["diff_gated"], features["diff"])


def test_half_of_the_first_kernels_see_edges_and_no_light():
    sums = _random_weights(channels=3)[0].sum((3, 4)).abs().amax((1, 2))
    assert (sums[: WIDTHS[0] // 2] < 1e-5).all()
    assert (sums[WIDTHS[0] // 2 :] > 1e-2).all()
