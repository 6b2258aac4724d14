import pytest
import torch

from vidpipe.models.augmentation import (
    Augmentation,
    LatentAugmentation,
    coloured,
    cutout_mask,
    repeat_edges,
    shifted,
)


def still(count=6):
    """Clips of smooth pictures in which nothing moves."""
    torch.manual_seed(0)
    small = torch.rand(count, 3, 1, 4, 4) * 2 - 1
    return torch.nn.functional.interpolate(small, size=(1, 16, 16)).expand(-1, -1, 8, -1, -1)


@pytest.mark.parametrize("change", [coloured, shifted])
def test_nothing_moves_that_did_not_move_before(change):
    changed = change(still(), 1.0)
    assert (changed.diff(dim=2) == 0).all()
    assert not torch.equal(changed, still())


@pytest.mark.parametrize("change", [coloured, shifted])
def test_clips_are_altered_each_in_its_own_way(change):
    clips = still(1).expand(6, -1, -1, -1, -1)
    assert len({tuple(clip.flatten().tolist()) for clip in change(clips, 1.0)}) > 1


def test_a_shift_moves_and_fills_with_the_edge():
    ramp = torch.arange(16.0).expand(8, 1, 2, 16, 16)
    moved = shifted(ramp, 1.0)
    offsets = {row[0].item() for row in (moved - ramp)[:, 0, 0, 8, 4:12]}
    assert offsets <= {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert len(offsets) > 1
    assert moved.min() == 0
    assert moved.max() == 15


def test_gradients_reach_the_clips():
    clips = still().clone().requires_grad_()
    Augmentation(1.0)(clips).square().sum().backward()
    assert (clips.grad != 0).float().mean() > 0.7


@pytest.mark.parametrize(
    "off",
    [
        Augmentation(0.0),
        Augmentation(1.0).eval(),
        LatentAugmentation(0.0),
        LatentAugmentation(1.0).eval(),
    ],
)
def test_clips_are_left_alone_when_it_is_off(off):
    assert torch.equal(off(still()), still())


def test_edges_are_repeated_as_torch_repeats_them():
    padding = (2, 1, 3, 0, 0, 0)
    one, other = (still().clone().requires_grad_() for _ in range(2))
    torched = torch.nn.functional.pad(one, padding, mode="replicate")
    ours = repeat_edges(other, padding)
    assert torch.equal(torched, ours)
    for padded in (torched, ours):
        padded.square().sum().backward()
    torch.testing.assert_close(one.grad, other.grad)


@pytest.mark.parametrize(("side", "cut"), [(8, 3), (16, 6)])
def test_a_square_is_cut_out_of_every_second_clip_of_latents(side, cut):
    torch.manual_seed(0)
    gone = (cutout_mask(400, side, 1.0) == 0).sum((1, 2, 3, 4))
    assert set(gone.tolist()) == {0, cut**2}
    assert 0.4 < (gone > 0).float().mean() < 0.6


def test_latents_are_scaled_as_a_whole_offset_by_channel_and_a_little_noisy():
    torch.manual_seed(0)
    altered = LatentAugmentation(1.0)(torch.ones(200, 8, 2, 8, 8))
    # The square that is cut out is zero in all channels.
    seen = altered[:, :, 0, 0, 0][(altered[:, :, 0, 0, 0] != 0).all(1)]
    assert seen.mean() == pytest.approx(1, abs=0.05)
    assert seen.mean(1).std() == pytest.approx((0.2**2 + (0.2**2 + 0.1**2) / 8) ** 0.5, rel=0.2)
    assert seen.std(1).mean() == pytest.approx((0.2**2 + 0.1**2) ** 0.5, rel=0.1)


def test_latents_move_by_up_to_two_cells_of_eight_all_frames_alike():
    torch.manual_seed(0)
    ramp = torch.arange(8.0).mul(1000).expand(400, 1, 2, 8, 8)
    altered = LatentAugmentation(1.0)(ramp)[:, 0]
    whole = altered[(altered[:, 0, 7, 1:] > 0).all(1)]
    # Scale and offset fall out of differences along a row; a shift repeats the edge.
    steps = (whole[..., 7, :].diff(dim=-1) > 300).sum(-1)
    assert set(steps.flatten().tolist()) == {5, 6, 7}
    assert torch.equal(steps[:, 0], steps[:, 1])


def test_gradients_reach_latents():
    latents = torch.rand(6, 4, 4, 8, 8, requires_grad=True)
    LatentAugmentation(1.0)(latents).square().sum().backward()
    assert (latents.grad != 0).float().mean() > 0.5
