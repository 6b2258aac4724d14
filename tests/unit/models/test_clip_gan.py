import math

import numpy as np
import pytest
import torch
from support.network_layers import shapes
from torch import nn

from vidpipe.config.models import ClipGanModel
from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    ClipWindows,
    LatentDiscriminator,
    VolumeStream,
    WithChange,
    prior_of,
)
from vidpipe.models.noise import CODE, Prior
from vidpipe.utils.errors import UserError

DISCRIMINATOR = {"channels": 3, "width": 4, "norm": "none", "dropout": 0.0}
DISCRIMINATOR |= {"frame_discriminator": False, "augment": 0.0}


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
    windows = counted()
    places = windows.draw(64, torch.Generator().manual_seed(0))
    drawn = numbers(windows.read(places))
    assert (drawn.diff(dim=1) == 1).all()
    assert set(drawn[:, 0].tolist()) == {0, 1, 2, 6, 7, 8}
    assert torch.equal(places.label, torch.where(drawn[:, 0] < 6, 2, 0))


@pytest.mark.parametrize("mirror", [False, True])
def test_half_of_the_clips_are_mirrored_if_that_is_allowed(mirror):
    windows = counted(mirror=mirror)
    drawn = windows.read(windows.draw(64, torch.Generator().manual_seed(0)))
    assert drawn.shape == (64, 3, 4, 4, 4)
    bright_left = (drawn[:, 0, -1, 0, 0] > -1).float().mean().item()
    assert 0.3 < bright_left < 0.7 if mirror else bright_left == 0


def test_latents_are_taken_as_they_are_and_mirrored_ones_from_those_of_mirrored_frames():
    latents = np.arange(8, dtype=np.float32)[:, None, None, None] * np.ones(
        (1, 2, 2, 4), np.float32
    )
    clips = np.arange(8, dtype=np.int32).reshape(1, 8)
    windows = ClipWindows(
        latents, clips, np.array([1]), length=3, mirror=True, device=torch.device("cpu"),
        mirrored=latents + 100,
    )  # fmt: skip
    places = windows.draw(64, torch.Generator().manual_seed(0))
    drawn = windows.read(places)
    assert drawn.shape == (64, 4, 3, 2, 2)
    assert set(places.label.tolist()) == {1}
    first = drawn[:, 0, 0, 0, 0]
    assert set(first.tolist()) == {*range(6), *range(100, 106)}
    assert 0.3 < (first >= 100).float().mean() < 0.7
    assert (drawn.diff(dim=2) == 1).all()


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


@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_a_volume_has_the_shape_that_is_asked_for(size, frames):
    with torch.device("meta"):
        volume = VolumeStream(latent=10, size=size, frames=frames, width=32)
        assert volume(torch.empty(1, 10)).shape == (1, 2, frames, size, size)


@pytest.mark.parametrize(("network", "layers"), [(gan3d, 4), (vgan, 4), (convlstm_gan, 5)])
@pytest.mark.parametrize(("frames", "halvings"), [(8, 3), (16, 4)])
def test_discriminators_halve_space_in_every_layer_and_time_until_one_frame_is_left(
    network, layers, frames, halvings
):
    with torch.device("meta"):
        discriminator = network.Discriminator(size=128, frames=frames, **DISCRIMINATOR)
        noise, clips = torch.empty(2, 100), torch.empty(2, 3, frames, 128, 128)
        source = convlstm_gan.Source(noise, clips[:, :, 0]) if network is convlstm_gan else noise
        seen = shapes(discriminator, source, clips)
    sizes = [(4 * 2**n, max(1, frames // 2 ** (n + 1)), *[64 // 2**n] * 2) for n in range(layers)]
    assert seen == [*sizes, (1,)]
    kernels = [part.kernel_size for part in discriminator.modules() if isinstance(part, nn.Conv3d)]
    lengths = [4] * min(halvings, layers) + [1] * (layers - halvings)
    assert kernels == [(length, 4, 4) for length in lengths]


@pytest.mark.parametrize("kind", [Four, Five])
@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_discriminator_takes_every_size(size, frames, kind):
    how = {**DISCRIMINATOR, "frame_discriminator": True}
    with torch.device("meta"):
        discriminator = kind(size=size, frames=frames, **how)
        logits = discriminator(torch.empty(2, 1), torch.empty(2, 3, frames, size, size))
    assert logits.shape == (2, 2)


@pytest.mark.parametrize(("norm", "norms"), [("batch", 6), ("spectral", 0), ("none", 0)])
def test_batch_norm_stands_after_all_but_the_first_layer_of_each_judge(norm, norms):
    discriminator = Four(
        size=32, frames=8, **{**DISCRIMINATOR, "norm": norm, "frame_discriminator": True}
    )
    kinds = (nn.BatchNorm2d, nn.BatchNorm3d)
    assert sum(isinstance(layer, kinds) for layer in discriminator.modules()) == norms


def test_the_judge_of_frames_sees_one_frame_of_each_clip():
    discriminator = Four(size=32, frames=8, **{**DISCRIMINATOR, "frame_discriminator": True})
    clips = torch.rand(4, 3, 8, 32, 32, requires_grad=True)
    discriminator(torch.zeros(4, 1), clips)[:, 1].sum().backward()
    seen = clips.grad.abs().amax((1, 3, 4)) > 0
    assert seen.sum(1).tolist() == [1, 1, 1, 1]


def test_the_discriminator_sees_how_frames_follow_each_other():
    torch.manual_seed(0)
    discriminator = Four(size=32, frames=8, **DISCRIMINATOR).eval()
    clips = torch.rand(2, 3, 8, 32, 32)
    backwards = discriminator(torch.zeros(2, 1), clips.flip(2))
    assert not torch.allclose(discriminator(torch.zeros(2, 1), clips), backwards)
    assert math.isfinite(backwards.sum().item())


def model(codes):
    return ClipGanModel(
        latent=10, codes=codes, frames=8, width=16, discriminator_width=4,
        space="pixels", size=None, norm="none", dropout=0.0, frame_discriminator=True,
    )  # fmt: skip


def test_a_code_for_each_label_or_as_many_free_ones_as_are_wanted():
    assert prior_of(model("labels"), ["run", "jump"]) == Prior(10, 2, ("run", "jump"))
    assert prior_of(model(3), ["run", "jump"]) == Prior(10, 3)


def test_more_labels_than_noise_has_numbers_are_refused_with_what_to_do():
    with pytest.raises(UserError, match=r"11 labels.*noise's 10 numbers; raise the model's latent"):
        prior_of(model("labels"), list("abcdefghijk"))


@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("size", [8, 16])
def test_the_discriminator_of_latents_halves_side_and_time_by_turns(size, frames):
    how = {**DISCRIMINATOR, "channels": 8, "width": 64, "labels": 3}
    with torch.device("meta"):
        discriminator = LatentDiscriminator(size=size, frames=frames, **how)
        latents = torch.empty(2, 8, frames, size, size)
        seen = shapes(discriminator, torch.empty(2, 3), latents)
    half, quarter, t = size // 2, size // 4, frames
    assert seen[:5] == [
        (64, t, size, size),
        (96, t // 2, size, size),
        (128, t // 2, half, half),
        (160, t // 4, half, half),
        (224, t // 4, quarter, quarter),
    ]
    assert seen[5] == (1,)


def test_the_discriminator_of_latents_sees_label_order_and_one_frame_of_each_clip():
    torch.manual_seed(0)
    how = {**DISCRIMINATOR, "channels": 4, "labels": 2, "frame_discriminator": True}
    discriminator = LatentDiscriminator(size=8, frames=8, **how).eval()
    latents = torch.rand(4, 4, 8, 8, 8, requires_grad=True)
    noise = CODE * torch.eye(2)[[0, 1, 0, 1]]
    logits = discriminator(noise, latents)
    assert logits.shape == (4, 2)
    (of_frames,) = torch.autograd.grad(logits[:, 1].sum(), latents, retain_graph=True)
    assert (of_frames.abs().amax((1, 3, 4)) > 0).sum(1).tolist() == [1, 1, 1, 1]
    others = (discriminator(noise.flip(1), latents), discriminator(noise, latents.flip(2)))
    assert all(not torch.allclose(other[:, 0], logits[:, 0]) for other in others)


def test_the_change_of_a_frame_is_joined_to_it():
    clips = torch.rand(2, 3, 4, 5, 5)
    joined = WithChange()(clips)
    assert torch.equal(joined[:, :3], clips)
    assert torch.equal(joined[:, 3:, 1:], clips.diff(dim=2))
    assert (joined[:, 3:, 0] == 0).all()


def test_groups_are_counted_over_those_for_training():
    arrays = {
        "frames": np.zeros((8, 4, 4, 3), np.uint8),
        "clips": np.arange(8, dtype=np.int32).reshape(4, 2),
        "label": np.zeros(4, np.int32),
        "labels": np.array(["walk"]),
        "group": np.array([0, 1, 3, 1]),
        "groups": np.array(["ann", "bo", "cy", "di"]),
        "split": np.array(["test", "train", "train", "train"]),
    }
    data = ClipData.of(arrays, torch.device("cpu"))
    assert data.groups == ("bo", "di")
    assert data.group.tolist() == [0, 1, 0]
    held_out = ClipData.of(arrays, torch.device("cpu"), split="test")
    assert held_out.groups == ("bo", "di")
    assert held_out.group.tolist() == [-1]
