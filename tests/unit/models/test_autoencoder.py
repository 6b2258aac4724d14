import copy

import numpy as np
import pytest
import torch
from support import moving_clips as moving
from support.network_layers import shapes
from torch import nn

from vidpipe.models.autoencoder import (
    STILL,
    Autoencoder,
    AutoencoderLoss,
    in_latents,
    trained_autoencoder,
)
from vidpipe.training import weights
from vidpipe.training.single import fit_network
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS
from vidpipe.utils.errors import UserError

LOSS = AutoencoderLoss(motion=0.5, gradients=0.5, regularity=0.1, noise=0.05)


def network(*, size=32, side=8, channels=3, latents=4, width=8, seed=0):
    torch.manual_seed(seed)
    return Autoencoder(size=size, side=side, channels=channels, latents=latents, width=width)


def frames(count=16, *, size=32):
    """uint8 frames in which something moves."""
    clips, _ = moving.clips(count // 4, size=size, frames=4)
    return clips.flatten(0, 1).numpy()


def floats(pixels):
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1


def pairs(pixels):
    """Pairs of frames that follow each other, no frame in two of them."""
    return torch.unflatten(floats(pixels), 0, (-1, 2))


def trained(pixels, *, steps, learning_rate=1e-2, seed=0, **how):
    """Autoencoder and its losses, on one batch."""
    made = network(size=pixels.shape[1], channels=pixels.shape[-1], seed=seed, **how)
    batch = pairs(pixels)
    reports = fit_network(
        made,
        lambda rng: LOSS(made, batch, rng),
        steps=steps,
        learning_rate=learning_rate,
        report_every=max(1, steps // 2),
        seed=seed,
    )
    return made, [report.values for report in reports]


@pytest.mark.parametrize("side", [8, 16])
@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_frames_of_every_size_become_latents_of_either_side_and_frames_again(size, side, channels):
    with torch.device("meta"):
        made = network(size=size, side=side, channels=channels, latents=8, width=32)
        some = torch.empty(2, channels, size, size)
        latents = made.encode(some)
        assert latents.shape == (2, 8, side, side)
        assert made.decode(latents).shape == some.shape


def test_the_side_is_halved_down_to_the_latents_and_channels_double_to_four_times_as_many():
    with torch.device("meta"):
        made = network(size=64, latents=8, width=32)
        seen = shapes(made.encoder, torch.empty(1, 3, 64, 64))
    assert seen == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (128, 8, 8), (8, 8, 8)]


def test_every_parameter_moves():
    made = network()
    before = copy.deepcopy(dict(made.named_parameters()))
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-2)
    LOSS(made, pairs(frames()), torch.Generator().manual_seed(0))["total"].backward()
    optimizer.step()
    assert not [name for name, value in made.named_parameters() if torch.equal(value, before[name])]


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    (one, first), (same, again), (other, _) = (
        trained(frames(), steps=3, seed=s) for s in (0, 0, 1)
    )
    assert first == again
    assert all(map(torch.equal, one.state_dict().values(), same.state_dict().values()))
    assert not torch.equal(one.decoder[0].weight, other.decoder[0].weight)


def test_one_batch_is_learnt_by_heart_and_latents_become_regular():
    pixels = frames(8, size=16)
    made, (early, late) = trained(pixels, steps=360)
    assert late["l1"] < 0.5 * early["l1"]
    made.normalise_by(pixels)
    error = np.square(made.reconstruct(pixels).astype(float) - pixels).mean()
    assert error < 0.3 * pixels.astype(float).var(0).mean()
    assert 0.8 < made.deviation.min() < made.deviation.max() < 1.2


def test_encoded_frames_of_the_data_have_mean_0_and_deviation_1_in_each_channel():
    made = network()
    made.normalise_by(frames())
    latents = made.encode_all(frames())
    assert latents.shape == (16, 8, 8, 4)
    assert latents.dtype == np.float32
    np.testing.assert_allclose(latents.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(latents.std((0, 1, 2)), 1, atol=1e-4)


def test_normalised_latents_are_decoded_as_the_raw_ones_and_normalising_twice_changes_nothing():
    made = network().eval()
    some = floats(frames())
    with torch.no_grad():
        plain = made(some)
        made.normalise_by(frames())
        once = made.mean.clone()
        made.normalise_by(frames())
        torch.testing.assert_close(made(some), plain, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(made.mean, once)


def test_the_loss_is_of_colours_edges_and_regularity():
    made = network()
    parts = LOSS(made, pairs(frames()), torch.Generator().manual_seed(0))
    weighted = parts["l1"] + 0.5 * parts["gradients"] + 0.1 * parts["regularity"]
    torch.testing.assert_close(parts["total"], weighted)
    quiet = AutoencoderLoss(motion=0.0, gradients=0.0, regularity=0.0, noise=0.0)
    error = (made(floats(frames())) - floats(frames())).abs().mean()
    total = quiet(made, pairs(frames()), torch.Generator())["total"]
    torch.testing.assert_close(total, error)


def test_of_frames_that_stand_still_all_pixels_weigh_the_same():
    made = network()
    still = floats(frames()).unsqueeze(1).expand(-1, 2, -1, -1, -1)
    losses = [
        AutoencoderLoss(motion=motion, gradients=0.5, regularity=0.1, noise=0.0)(
            made, still, torch.Generator()
        )["total"]
        for motion in (0.0, 16.0)
    ]
    torch.testing.assert_close(*losses)


class Wrong(nn.Module):
    """Gives frames back with an error that does not depend on them."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, frames):
        return frames + self.error


def loss_with_error(error, pairs, **weighted):
    made = network(size=8, side=4)
    made.encoder, made.decoder = nn.Identity(), Wrong(error)
    loss = AutoencoderLoss(
        **{"motion": 0.0, "gradients": 0.0, "regularity": 0.0} | weighted, noise=0.0
    )
    return {name: part.item() for name, part in loss(made, pairs, torch.Generator()).items()}


# Of one row of eight that changes by the whole range, each pixel then weighs 8.
OF_A_ROW = 7 * (1 / 8 + STILL)


def test_an_error_weighs_more_where_something_moves():
    pairs = torch.zeros(2, 2, 3, 8, 8)
    pairs[:, 1, 1, 2] = 2.0  # row 2 changes by the whole range, in one channel
    errors = torch.zeros(2, 4, 3, 8, 8)
    errors[0, :, :, 2] = errors[1, :, :, 5] = 0.1
    # One row of eight weighs 8, seven weigh 1: 15/8 in the mean, by which all are divided.
    # Of the differences between rows, the lower row's weight counts: those of 2 and 3, of 5 and 6.
    for error, share, edges in zip(errors, (8 / 15, 1 / 15), (9 / 15, 2 / 15), strict=True):
        losses = loss_with_error(error, pairs, motion=OF_A_ROW)
        assert losses["l1"] == pytest.approx(0.1 * share)
        assert losses["gradients"] == pytest.approx(0.1 * 8 / 7 * edges)


@pytest.mark.parametrize(("rows", "change"), [(1, 2.0), (1, 0.5), (4, 1.0), (8, 2.0)])
def test_all_that_moves_in_a_pair_weighs_the_same_however_much_it_is(rows, change):
    pairs = torch.zeros(2, 2, 3, 8, 8)
    pairs[0, 1, :, :rows] = change
    pairs[1, 1, :, :, 3:5] = 2.0
    error = torch.zeros(4, 3, 8, 8)
    error[:2, :, :rows] = 0.1  # in the first pair, where it moves
    # Beside the 1 that a pixel has in any case; 1 + 7 is the mean weight, of both pairs.
    share = (rows / 8 + 7) / (1 + 7) / 2
    assert loss_with_error(error, pairs, motion=7.0)["l1"] == pytest.approx(0.1 * share, rel=0.01)


def test_of_frames_that_hardly_change_what_does_weighs_little():
    pairs = torch.zeros(2, 2, 3, 10, 10)
    pairs[:, 1, :, 0, 0] = 2 / 255  # one pixel in a hundred, by one grey level
    error = torch.zeros(4, 3, 10, 10)
    error[..., 0, 0] = 0.1
    assert loss_with_error(error, pairs, motion=0.5)["l1"] < 0.1 * 0.1


def test_an_error_of_one_column_has_two_edges():
    error = torch.zeros(4, 3, 8, 8)
    error[..., 2] = 0.1
    losses = loss_with_error(error, torch.zeros(2, 2, 3, 8, 8))
    assert losses["gradients"] == pytest.approx(0.1 * 2 / 7)


def test_an_error_that_stays_has_no_gradient_and_one_that_flickers_has():
    still = torch.zeros(2, 2, 3, 8, 8)
    error = torch.full((4, 3, 8, 8), 0.1)
    assert loss_with_error(error, still)["gradients"] == 0
    error[1::2] *= -1  # of the second of each pair
    assert loss_with_error(error, still)["gradients"] == pytest.approx(0.2)


def test_an_error_that_flickers_weighs_more_where_something_moves():
    pairs = torch.zeros(2, 2, 3, 8, 8)
    pairs[:, 1, 1, 2] = 2.0
    error = torch.zeros(4, 3, 8, 8)
    error[::2, :, 2] = 0.1  # of the first of each pair
    losses = loss_with_error(error, pairs, motion=OF_A_ROW)
    # In time, row 2 alone; between rows, two edges in every second frame.
    assert losses["gradients"] == pytest.approx(0.1 * 8 / 15 + 0.1 * 8 / 7 * 9 / 15 / 2)


def test_what_moves_changes_no_latent_and_no_pixel_far_from_it():
    made = network(size=64, width=8).eval()
    one = floats(frames(4, size=64))[0]
    other = one.clone()
    other[:, :8, :8] = 1.0  # a corner
    with torch.no_grad():
        latents = made.encode(torch.stack([one, other]))
        changed = (latents[0] != latents[1]).any(dim=0)
        assert changed[0, 0]
        assert not changed[4:, 4:].any()
        latents[1] = latents[0]
        latents[1, :, 0, 0] += 1.0
        decoded = made.decode(latents)
    moved = (decoded[0] != decoded[1]).any(dim=0)
    assert moved[:8, :8].any()
    assert not moved[40:, 40:].any()


def test_latents_of_mirrored_frames_are_those_of_the_mirror_image():
    made = network()
    arrays = in_latents({"frames": frames(), "label": np.zeros(2)}, made, mirrored=True)
    mirrored = made.encode_all(np.ascontiguousarray(frames()[:, :, ::-1]))
    np.testing.assert_allclose(arrays["mirrored"], mirrored, atol=1e-6)
    assert not np.allclose(arrays["mirrored"], arrays["frames"][:, :, ::-1], atol=1e-2)
    assert arrays["label"].shape == (2,)


def test_frames_that_are_never_mirrored_are_encoded_once():
    assert "mirrored" not in in_latents({"frames": frames()}, network(), mirrored=False)


def test_clips_are_decoded_frame_by_frame():
    made = network().eval()
    latents = torch.randn(3, 4, 5, 8, 8)
    clips = made.decode_clips(latents)
    assert clips.shape == (3, 3, 5, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(clips[1, :, 2], made.decode(latents[1:2, :, 2])[0])


def kept(made, folder):
    described = {n: getattr(made, n) for n in ("size", "side", "channels", "latents")}
    weights.save(made, folder / AUTOENCODER_WEIGHTS, described | {"width": 8})
    return folder


def test_one_that_suits_the_frames_is_loaded(tmp_path):
    pixels = frames(8, size=16)
    made, _ = trained(pixels, steps=160)
    made.normalise_by(pixels)
    loaded = trained_autoencoder(kept(made, tmp_path), pixels)
    torch.testing.assert_close(loaded.mean, made.mean)


def test_one_of_other_frames_is_refused_by_both_shapes(tmp_path):
    message = r"of 64 x 64 x 3 .*, as those in clips.npz, got one of 32 x 32 x 3; train it anew"
    with pytest.raises(UserError, match=message):
        trained_autoencoder(kept(network(), tmp_path), frames(size=64))


def test_one_whose_latents_are_all_alike_is_refused(tmp_path):
    made = network()
    made.encoder[-1].weight.data.zero_()
    made.normalise_by(frames())
    with pytest.raises(UserError, match=r"deviation of 1 in each channel, got one of .*collapsed"):
        trained_autoencoder(kept(made, tmp_path), frames())


def test_one_that_gives_back_less_than_the_mean_frame_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"better than their mean frame, by at least 1 dB, got -"):
        trained_autoencoder(kept(network(), tmp_path), frames())


def test_latents_that_are_not_finite_are_refused():
    made = network()
    made.encoder[0].weight.data[0] = float("nan")
    with pytest.raises(
        UserError, match=r"expected finite latents .* lower clip_autoencoder\.train"
    ):
        in_latents({"frames": frames()}, made, mirrored=False)
