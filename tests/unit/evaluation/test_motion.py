import pytest
import torch
from support import moving_clips as moving

from vidpipe.evaluation.motion import measure_motion


@pytest.fixture(scope="module")
def real():
    return moving.clips(60)[0]


def test_a_pixel_moves_if_any_channel_changes_by_more_than_fifteen_in_a_hundred():
    clip = torch.full((1, 3, 10, 10, 3), 100, dtype=torch.uint8)
    clip[0, 1:, 0, :, 2] = 139  # ten pixels in blue, once: 39 of 255
    clip[0, 1:, 1, :, 2] = 138  # and ten by a grey level less
    assert measure_motion(clip).moving_share.tolist() == pytest.approx([10 / 200])


def test_stills_move_nothing_however_they_flicker(real):
    rng = torch.Generator().manual_seed(0)
    light = torch.randint(-9, 10, (60, moving.FRAMES, 1, 1, 1), generator=rng)
    stills = moving.frozen(real)
    flickering = (stills.int() + light).clamp(0, 255).to(torch.uint8)
    for clips in (stills, flickering):
        assert measure_motion(clips).moving_share.max() == 0
        assert measure_motion(clips).freezing_rate(measure_motion(real)) == 1
    assert measure_motion(stills).flicker.max() == 0
    assert measure_motion(flickering).flicker.mean() > 4


def test_what_moves_before_a_still_ground_does_not_flicker(real):
    assert measure_motion(real).flicker.max() == 0
    assert measure_motion(moving.noisy(real, 5.0)).flicker.mean() > 3


def test_the_share_of_frozen_clips_is_that_of_the_stills(real):
    mixed = torch.cat([real[:45], moving.frozen(real[45:])])
    assert measure_motion(real).freezing_rate(measure_motion(real)) == 0
    assert measure_motion(mixed).freezing_rate(measure_motion(real)) == 0.25


def test_shorter_motion_is_less_motion(real):
    shares = [measure_motion(moving.frozen(real, n)).moving_share.mean() for n in (1, 3, 6, 8)]
    assert shares == sorted(shares)
    assert len(set(shares)) == 4


def test_clips_of_one_frame_or_none_are_no_error(real):
    assert measure_motion(real[:0]).moving_share.shape == (0,)
