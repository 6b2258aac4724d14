import math

import numpy as np
import pytest
import torch
from support.network_layers import shapes
from torch import nn

from vidpipe.models.clip_gan import (
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    ClipWindows,
    VolumeStream,
)
from vidpipe.models.noise import CODE, Prior

JUDGE = {"channels": 3, "width": 4, "norm": "none", "dropout": 0.0}
JUDGE |= {"frame_discriminator": False, "augment": 0.0}


class Four(ClipDiscriminator):
    layers = 4


class Five(ClipDiscriminator):
    layers = 5


def counted(*, length=4, mirror=False):
    """Clips whose pixels tell the number of the frame, and whose left half is dark."""
    frames = np.zeros((12, 4, 4, 3), np.uint8)
    frames[:, :, 2:] = np.arange(12, dtype=np.uint8)[:, None, None, None] * 20
    clips = np.array([range(6), range(6, 12)], dtype=np.int32)
    label = np.array([2, 0])
    return ClipWindows(
        frames, clips, label, length=length, mirror=mirror, device=torch.device("cpu")
    )


def numbers(clips):
    """The frames' numbers, from either half."""
    return ((clips[:, 0, :, 0].amax(-1) + 1) * 127.5 / 20).round().long()


def test_a_window_is_of_frames_that_follow_each_other_in_one_clip():
    clips, label = counted().sample(64, torch.Generator().manual_seed(0))
    drawn = numbers(clips)
    assert (drawn.diff(dim=1) == 1).all()
    assert set(drawn[:, 0].tolist()) == {0, 1, 2, 6, 7, 8}
    assert torch.equal(label, torch.where(drawn[:, 0] < 6, 2, 0))


@pytest.mark.parametrize("mirror", [False, True])
def test_half_of_the_clips_are_mirrored_if_that_is_allowed(mirror):
    drawn, _ = counted(mirror=mirror).sample(64, torch.Generator().manual_seed(0))
    assert drawn.shape == (64, 3, 4, 4, 4)
    bright_left = (drawn[:, 0, -1, 0, 0] > -1).float().mean().item()
    assert 0.3 < bright_left < 0.7 if mirror else bright_left == 0


def test_a_task_draws_the_same_from_the_same_numbers():
    objective = ClipObjective(counted(), batch=5, prior=Prior(7, 2))
    one, other = (
        objective.sample_batch(ClipGenerator(), torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    assert one[0].shape == (5, 7)


def test_noise_names_what_the_clip_beside_it_shows():
    objective = ClipObjective(counted(), batch=20, prior=Prior(7, 3, tuple("abc")))
    noise, clips = objective.sample_batch(ClipGenerator(), torch.Generator().manual_seed(0))
    shown = torch.where(numbers(clips)[:, 0] < 6, 2, 0)
    assert torch.equal(noise[:, :3], CODE * nn.functional.one_hot(shown, 3))


def test_the_volume_grows_as_the_report_says():
    with torch.device("meta"):
        volume = VolumeStream(latent=100, size=128, frames=8, width=128)
        assert shapes(volume, torch.empty(2, 100)) == [
            (128 * 8 * 8,), (64, 2, 16, 16), (32, 4, 32, 32), (16, 8, 64, 64), (8, 8, 128, 128)
        ]  # fmt: skip


@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_a_volume_has_the_shape_that_is_asked_for(size, frames):
    with torch.device("meta"):
        volume = VolumeStream(latent=10, size=size, frames=frames, width=32)
        assert volume(torch.empty(1, 10)).shape == (1, 2, frames, size, size)


def test_the_discriminator_halves_time_until_there_is_one_frame():
    with torch.device("meta"):
        discriminator = Four(size=128, frames=8, **JUDGE)
        clips = torch.empty(2, 3, 8, 128, 128)
        assert shapes(discriminator, torch.empty(2, 100), clips) == [
            (4, 4, 64, 64), (8, 2, 32, 32), (16, 1, 16, 16), (32, 1, 8, 8), (1,)
        ]  # fmt: skip
    kernels = [
        layer.kernel_size for layer in discriminator.modules() if isinstance(layer, nn.Conv3d)
    ]
    assert kernels == [(4, 4, 4)] * 3 + [(1, 4, 4)]


@pytest.mark.parametrize("kind", [Four, Five])
@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_discriminator_takes_every_size(size, frames, kind):
    how = {**JUDGE, "frame_discriminator": True}
    with torch.device("meta"):
        discriminator = kind(size=size, frames=frames, **how)
        judged = discriminator(torch.empty(2, 1), torch.empty(2, 3, frames, size, size))
    assert judged.shape == (2, 2)


@pytest.mark.parametrize(("norm", "norms"), [("batch", 6), ("spectral", 0), ("none", 0)])
def test_batch_norm_stands_after_all_but_the_first_layer_of_each_judge(norm, norms):
    discriminator = Four(size=32, frames=8, **{**JUDGE, "norm": norm, "frame_discriminator": True})
    kinds = (nn.BatchNorm2d, nn.BatchNorm3d)
    assert sum(isinstance(layer, kinds) for layer in discriminator.modules()) == norms


def test_the_judge_of_frames_sees_one_frame_of_each_clip():
    discriminator = Four(size=32, frames=8, **{**JUDGE, "frame_discriminator": True})
    clips = torch.rand(4, 3, 8, 32, 32, requires_grad=True)
    discriminator(torch.zeros(4, 1), clips)[:, 1].sum().backward()
    seen = clips.grad.abs().amax((1, 3, 4)) > 0
    assert seen.sum(1).tolist() == [1, 1, 1, 1]


def test_the_discriminator_sees_how_frames_follow_each_other():
    torch.manual_seed(0)
    discriminator = Four(size=32, frames=8, **JUDGE).eval()
    clips = torch.rand(2, 3, 8, 32, 32)
    backwards = discriminator(torch.zeros(2, 1), clips.flip(2))
    assert not torch.allclose(discriminator(torch.zeros(2, 1), clips), backwards)
    assert math.isfinite(backwards.sum().item())
