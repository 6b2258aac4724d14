import pytest
import torch
from support import moving_clips as moving

from vidpipe.evaluation.motion import FAINT, MOVES, STRONG, gated_change, measure_motion


@pytest.fixture(scope="module")
def real():
    return moving.clips(60)[0]


def test_a_pixel_moves_if_any_channel_changes_by_more_than_fifteen_in_a_hundred():
    clip = torch.full((1, 3, 10, 10, 3), 100, dtype=torch.uint8)
    clip[0, 1:, 0, :, 2] = 139  # ten pixels in blue, once: 39 of 255
    clip[0, 1:, 1, :, 2] = 138  # and ten by a grey level less
    assert measure_motion(clip).moving_share.tolist() == pytest.approx([10 / 200])


def test_faint_and_strong_motion_are_counted_apart():
    clip = torch.full((1, 2, 10, 10, 3), 100, dtype=torch.uint8)
    for row, level in enumerate((115, 116, 138, 139, 163, 164)):
        clip[0, 1, row, :, 0] = level
    shares = measure_motion(clip).moving_shares
    expected = {FAINT: 0.5, MOVES: 0.3, STRONG: 0.1}
    assert {least: share.item() for least, share in shares.items()} == pytest.approx(expected)


def test_blur_loses_strong_motion_first(real):
    before, after = measure_motion(real), measure_motion(moving.blurred(real, 3))
    kept = [
        (after.moving_shares[least].mean() / before.moving_shares[least].mean()).item()
        for least in (FAINT, MOVES, STRONG)
    ]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.7


def test_only_changes_of_what_moves_pass_the_gate(real):
    change = gated_change(real)
    of_pixels = change.abs().amax(-1)
    assert change.shape == (60, moving.FRAMES - 1, moving.SIZE, moving.SIZE, 3)
    assert of_pixels[of_pixels > 0].min() >= 39
    torch.testing.assert_close((of_pixels > 0).float().mean((1, 2, 3)), _share(real))
    assert gated_change(moving.noisy(moving.frozen(real), 6.0)).count_nonzero() < 0.001 * len(
        change.flatten()
    )


def test_the_more_a_clip_flickers_the_less_of_it_passes_the_gate(real):
    passed = [
        (gated_change(moving.noisy(real, level)) != 0).any(-1).sum() for level in (0, 3, 6, 12)
    ]
    assert passed == sorted(passed, reverse=True)
    assert len(set(passed)) == 4


def _share(clips):
    return measure_motion(clips).moving_share


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
