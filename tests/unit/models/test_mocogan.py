import pytest
import torch
from support import games
from torch.nn import functional as F

from vidpipe.models import mocogan
from vidpipe.models.mocogan import LEAD, Generator

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


def test_with_an_encoder_noise_has_what_stays_and_what_is_new_in_each_frame():
    made = generator(**ENCODED)
    assert made.prior.latent == SMALL["latent"] + 16 * (SMALL["motion"] + 1)
