import numpy as np
import pytest
import torch
from support import games, parameters
from torch.nn import functional as F

from vidpipe.config.loader import check
from vidpipe.models import mocogan
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.mocogan import LEAD, Generator
from vidpipe.utils.errors import UserError

SMALL = {"latent": 10, "codes": 3, "motion": 4, "width": 16}
FRAMES = {"size": 32, "frames": 8, "channels": 3}


def generator(paint="conditional", **changes):
    torch.manual_seed(0)
    return Generator(paint=paint, **{**SMALL, **FRAMES, **changes})


def noise_of(made, count=2, frames=8, label=None):
    return made.prior_for(frames).draw(count, torch.Generator().manual_seed(0), label)


def changed(noise, step):
    """The same noise, but for what is new in one step of motion, counted from the clip's first."""
    start = SMALL["latent"] + SMALL["motion"] * (LEAD + step)
    other = noise.clone()
    other[:, start : start + SMALL["motion"]] += 3
    return other


@pytest.mark.parametrize("paint", ["transposed", "conditional"])
@pytest.mark.parametrize(
    ("size", "frames", "channels"), [(32, 8, 3), (64, 16, 3), (32, 8, 1), (8, 16, 8)]
)
def test_clips_have_the_shape_and_range_that_is_asked_for(paint, size, frames, channels):
    made = generator(paint, size=size, frames=frames, channels=channels)
    clips = made(noise_of(made, frames=frames))
    assert clips.shape == (2, channels, frames, size, size)
    assert clips.abs().max() <= 1
    assert made.frames == frames


def test_what_is_not_bounded_reaches_any_value():
    made = generator(size=8, channels=8, bounded=False).eval()
    noise = noise_of(made)
    bounded = generator(size=8, channels=8).eval()
    parts, squashed = made.parts(noise), bounded.parts(noise)
    torch.testing.assert_close(parts.foreground.tanh(), squashed.foreground)
    torch.testing.assert_close(parts.background.tanh(), squashed.background)
    torch.testing.assert_close(parts.mask, squashed.mask)


@pytest.mark.parametrize("paint", ["transposed", "conditional"])
def test_clips_of_any_length_are_those_of_a_shorter_one_gone_on(paint):
    made = generator(paint).eval()
    long = noise_of(made, frames=64)
    short = long[:, : made.prior.latent]
    assert made(long).shape == (2, 3, 64, 32, 32)
    # The last frame sees the one after it, three layers deep, if there is one.
    torch.testing.assert_close(made(long)[:, :, :5], made(short)[:, :, :5])


def test_motion_is_made_step_by_step_from_what_is_new():
    made = generator()
    noise = noise_of(made)
    content, motion = made.unroll(noise)
    other_content, other_motion = made.unroll(changed(noise, 5))
    assert torch.equal(content, noise[:, :10])
    assert torch.equal(content, other_content)
    assert torch.equal(motion[:, :5], other_motion[:, :5])
    assert (motion[:, 5:] != other_motion[:, 5:]).any(2).all()


def test_the_category_steers_motion():
    made = generator(labels=("run", "jump", "walk"))
    run, jump = (noise_of(made, label=torch.full((2,), code)) for code in (0, 1))
    assert torch.equal(run[:, 3:], jump[:, 3:])
    assert not torch.allclose(made.unroll(run)[1], made.unroll(jump)[1])


def test_the_paper_paints_each_frame_alone_and_before_nothing():
    made = generator("transposed").eval()
    noise = noise_of(made)
    clips, others = made(noise), made(changed(noise, 7))
    assert torch.equal(clips[:, :, :7], others[:, :, :7])
    assert not torch.allclose(clips[:, :, 7], others[:, :, 7])
    assert made.components(noise) == {}


def test_before_a_still_background_motion_changes_the_foreground_alone():
    made = generator().eval()
    noise = noise_of(made)
    parts, others = made.parts(noise), made.parts(changed(noise, 0))
    assert torch.equal(parts.background, others.background)
    assert not torch.allclose(parts.foreground, others.foreground)
    assert torch.equal(made(noise), parts.clips)
    assert set(made.components(noise)) == {"foreground", "mask", "background"}


def test_one_clip_is_learnt_by_heart():
    made = generator(size=8, width=32)
    noise = noise_of(made, 1)
    target = torch.full((1, 3, 8, 8, 8), -0.8)
    for t in range(8):
        target[:, 0, t, 2:6, t] = 0.8  # a bar that crosses the picture
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01, fused=True)
    losses = []
    for _ in range(80):
        loss = F.mse_loss(made(noise), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_a_mask_is_paid_for_and_measured_where_there_is_one():
    state, objective = games.clips(mocogan)
    source, _ = objective.sample_batch(state.generator, torch.Generator().manual_seed(0))
    assert 0 < mocogan.diagnostics(state.generator, source)["mask_mean"] < 1

    state, objective = games.clips(mocogan, paint="transposed")
    assert mocogan.diagnostics(state.generator, source) == {}


ENCODED = {"size": 8, "channels": 8, "frames": 16, "bounded": False, "encoder": 8, "memory": 12}


def test_with_an_encoder_clips_of_any_length_go_on():
    made = generator(**ENCODED).eval()
    long = noise_of(made, frames=40)
    short = long[:, : made.prior.latent]
    assert short.shape[1] == SMALL["latent"] + 16 * (SMALL["motion"] + 1)
    assert made(long).shape == (2, 8, 40, 8, 8)
    torch.testing.assert_close(made(long)[:, :, :12], made(short)[:, :, :12])


def encoded_game(**hyperparameters):
    return games.clips(mocogan, space="latent", encoder=8, **hyperparameters)


def test_every_second_clip_is_a_real_one_made_again():
    state, objective = encoded_game()
    made = state.generator
    source, real = objective.sample_batch(made, torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    clips, losses = objective.generate_with_losses(made, source, real)
    torch.manual_seed(1)
    other_real = real + torch.randn_like(real)
    others, _ = objective.generate_with_losses(made, source, other_real)
    assert set(losses) == {
        "reconstruction", "content_divergence", "motion_divergence", "walk", "mask"
    }  # fmt: skip
    assert clips.shape == real.shape
    assert not torch.allclose(clips[1], others[1])
    # Batch norm alone ties one clip to another.
    made.eval()
    content, motion = made.unroll(source)
    expected, _ = made.paint_with_mask(content[:1], motion[:1])
    first, _ = objective.generate_with_losses(made, source, real)
    torch.testing.assert_close(first[:1], expected)


def test_codes_of_many_clips_are_those_of_each():
    state, objective = encoded_game()
    made, rng = state.generator.eval(), torch.Generator()
    noise, motion = made.encode_motion(objective.real, 70, rng.manual_seed(0))
    drawn = objective.real.draw(70, rng.manual_seed(0))
    expected = made.encoder(objective.real.read(drawn))[1]
    for one, other in zip(motion, expected, strict=True):
        torch.testing.assert_close(one, other)
        assert not one.requires_grad
    assert torch.equal(noise[:, :3].argmax(1), drawn.label)
    assert torch.equal(noise[:, 3:5].argmax(1), drawn.group)


def test_noise_names_the_group_of_the_clip_beside_it():
    state, objective = encoded_game()
    assert state.generator.content.groups == ("x", "y")
    drawn = objective.real.draw(50, torch.Generator().manual_seed(0))
    noise = objective.prior.draw(50, torch.Generator().manual_seed(1), drawn.label, drawn.group)
    assert torch.equal(noise[:, 3:5].argmax(1), drawn.group)
    assert torch.equal(drawn.group, torch.where(drawn.label == 0, 1, 0))


def test_more_names_than_noise_has_numbers_are_refused():
    model = check(parameters.changed("mocogan.model.latent", 12)).mocogan.model
    names = {"labels": tuple("abcdefghi"), "groups": ("ann", "bo", "cy", "di")}
    frames, index = np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 16), np.int32)
    device = torch.device("cpu")
    data = ClipData(frames, index, index[:, 0], split="train", device=device, **names)
    with pytest.raises(UserError, match=r"9 labels and 4 groups, .* 12 numbers; raise mocogan\."):
        mocogan.content_of(model, data)
    without = model.model_copy(update={"groups": False})
    assert mocogan.content_of(without, data).codes == 9


def test_one_clip_is_made_again_by_heart():
    state, objective = encoded_game()
    made = state.generator
    source, real = objective.sample_batch(made, torch.Generator().manual_seed(0))
    real = torch.full_like(real, -0.8)
    for t in range(8):
        real[:, 0, t, 2:6, t] = 0.8  # a bar that crosses the picture
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01, fused=True)
    errors = []
    for _ in range(80):
        _, losses = objective.generate_with_losses(made, source, real)
        optimizer.zero_grad()
        losses["reconstruction"].backward()
        optimizer.step()
        errors.append(losses["reconstruction"].item())
    assert errors[-1] < 0.2 * errors[0]
