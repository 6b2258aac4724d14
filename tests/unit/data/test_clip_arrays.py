import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import moving_clips as moving

from vidpipe.data.clip_arrays import at_size, check, frame_rate, shrunk, stretches, windows
from vidpipe.utils.errors import UserError

UNSOUND = {
    "frames as floats": ("frames", lambda frames: frames / np.float32(255)),
    "frames that are no squares": ("frames", lambda frames: frames[:, 1:]),
    "frames without channels": ("frames", lambda frames: frames[..., 0]),
    "frames that are not there": ("clips", lambda clips: clips + 1),
    "frames before the first": ("clips", lambda clips: clips - 1),
    "halves of frames": ("clips", lambda clips: clips / 2),
    "rates that are not finite": ("fps", lambda fps: fps * np.nan),
    "no rate": ("fps", lambda fps: fps * 0),
    "rates as text": ("fps", lambda fps: fps.astype(str)),
}


@pytest.mark.parametrize(("name", "spoil"), UNSOUND.values(), ids=UNSOUND)
def test_arrays_that_are_unsound_are_named_with_what_makes_them_anew(name, spoil):
    arrays = moving.packed()
    check(arrays)
    arrays[name] = spoil(arrays[name])
    with pytest.raises(UserError, match=rf"^clips\.npz, {name}: expected .* dvc repro clips$"):
        check(arrays)


@given(
    starts=st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True),
    length=st.integers(2, 20),
    share=st.floats(0, 1),
)
def test_windows_are_all_stretches_of_the_clips_each_once(
    starts: list[int], length: int, share: float
):
    """Of clips that overlap or do not."""
    frames = 1 + round(share * (length - 1))
    clips = np.array(sorted(starts), np.int32)[:, None] + np.arange(length, dtype=np.int32)
    found, origin = windows(clips, frames)
    wanted = {tuple(clip[n : n + frames]) for clip in clips for n in range(length - frames + 1)}
    assert sorted(map(tuple, found)) == sorted(wanted)
    for stretch, clip in zip(found, clips[origin], strict=True):
        assert set(stretch) <= set(clip)


def test_clips_shorter_than_a_window_say_what_to_change():
    with pytest.raises(UserError, match=r"clips\.frames: expected clips of at least the 9 frames"):
        windows(np.arange(16).reshape(2, 8), 9)


@pytest.mark.parametrize(("most", "count"), [(None, 78), (100, 78), (7, 7)])
def test_stretches_are_those_of_a_split_or_an_even_choice(most: int | None, count: int):
    arrays = moving.packed()  # of eight videos two are for testing, each of two clips of 16 frames
    some = stretches(arrays, "train", frames=8, most=most)
    assert len(some) == len(some.video) == len(some.label) == count
    assert set(some.video.tolist()) == {0, 1, 2, 4, 5, 6}
    assert (some.label == some.video % len(moving.ACTIONS)).all()
    video = some.video[-1]
    film = arrays["frames"][20 * video : 20 * video + 20]
    assert any(np.array_equal(some.pixels[-1], film[n : n + 8]) for n in range(13))


@pytest.mark.parametrize("shape", [(3, 64, 64, 3), (2, 5, 64, 64, 1), (600, 64, 64, 1)])
def test_frames_are_shrunk_by_the_mean_of_equal_blocks(shape):
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    small = shrunk(frames, 32)
    assert small.shape == (*shape[:-3], 32, 32, shape[-1])
    blocks = frames.reshape(*shape[:-3], 32, 2, 32, 2, shape[-1]).mean((-4, -2))
    assert np.array_equal(small, np.floor(blocks + 0.5))


def test_frames_that_are_small_enough_stay_as_they_are():
    frames = moving.packed(size=32)["frames"]
    assert shrunk(frames, 32) is frames
    assert at_size({"frames": frames}, None)["frames"] is frames


def test_a_size_that_the_frames_cannot_be_shrunk_to_is_refused():
    with pytest.raises(UserError, match=r"multiple of model\.size, 64 pixels, got 32; change"):
        at_size(moving.packed(size=32), 64)


def test_the_frame_rate_is_that_of_most_clips():
    assert frame_rate({"fps": np.array([25.0, 12.5, 12.5])}) == 12.5
