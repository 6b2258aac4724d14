import pytest
import torch

from vidpipe.models.clip_painters import Scene, Stream

SIZES = {"content": 6, "motion": 4, "size": 16, "width": 32, "channels": 3}


def codes(frames=8):
    torch.manual_seed(1)
    return torch.randn(2, 6), torch.randn(2, frames, 4)


def painter(kind, **options):
    torch.manual_seed(0)
    return kind(**SIZES, **{"bounded": True, **options}).eval()


@pytest.mark.parametrize("time", ["shift", "kernel"])
@pytest.mark.parametrize("kind", [Stream, Scene])
@pytest.mark.parametrize("frames", [8, 11])
def test_clips_have_a_frame_for_each_vector_of_motion(kind, time, frames):
    clips = painter(kind, time=time)(*codes(frames))
    assert clips.shape == (2, 3, frames, 16, 16)
    assert clips.abs().max() <= 1


@pytest.mark.parametrize("time", ["shift", "kernel"])
def test_two_layers_hear_two_frames_on_each_side(time):
    made = painter(Stream, time=time)
    content, motion = codes()
    other = motion.clone()
    other[0, 4] += 1
    differs = (made(content, motion) != made(content, other)).flatten(3).any(3).any(1)
    assert differs[0].tolist() == [False, False, True, True, True, True, True, False]
    assert not differs[1].any()


def test_motion_moves_the_foreground_and_not_the_background():
    made = painter(Scene)
    content, motion = codes()
    parts, others = made.parts(content, motion), made.parts(content, motion + 1)
    assert torch.equal(parts.background, others.background)
    assert not torch.allclose(parts.foreground, others.foreground)
    assert torch.equal(made(content, motion), parts.clips)


def test_what_is_not_bounded_reaches_any_value():
    free, bounded = painter(Scene, bounded=False), painter(Scene)
    parts, squashed = free.parts(*codes()), bounded.parts(*codes())
    torch.testing.assert_close(parts.foreground.tanh(), squashed.foreground)
    torch.testing.assert_close(parts.background.tanh(), squashed.background)
    torch.testing.assert_close(parts.mask, squashed.mask)
