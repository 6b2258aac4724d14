import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vidpipe.data.clips import index_clips
from vidpipe.data.frames import Shot
from vidpipe.utils.errors import UserError

# Lengths of the shots of each video; two videos may share one file, as equal files do.
VIDEOS = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), min_size=1, max_size=5)
LENGTH = st.integers(2, 20)
STRIDE = st.integers(1, 25)


def shots_of(videos: list[list[int]]) -> list[Shot]:
    found = []
    for v, lengths in enumerate(videos):
        stops = np.cumsum(lengths).tolist()
        for n, (length, stop) in enumerate(zip(lengths, stops, strict=True)):
            shot = Shot(f"v{v}", f"v{v}.npy", shot=n, start=stop - length, stop=stop, fps=25.0)
            found.append(shot)
    return found


def frame_names(shots: list[Shot], used) -> np.ndarray:
    """(file, frame in it) of each frame that a clip uses."""
    number = {file: n for n, file in enumerate(dict.fromkeys(shot.file for shot in shots))}
    return np.array([(number[file], frame) for file, chosen in used.items() for frame in chosen])


@given(videos=VIDEOS, length=LENGTH, stride=STRIDE)
def test_a_clip_is_consecutive_frames_of_one_shot(
    videos: list[list[int]], length: int, stride: int
):
    shots = shots_of(videos)
    assume(any(shot.stop - shot.start >= length for shot in shots))
    index = index_clips(shots, frames=length, stride=stride)
    names = frame_names(shots, index.used)
    for clip, shot, start in zip(index.clips, index.shot, index.start, strict=True):
        cut_from = shots[shot]
        file, frame = names[clip].T
        assert len(set(file)) == 1
        np.testing.assert_array_equal(frame, np.arange(start, start + length))
        assert cut_from.start <= start
        assert start + length <= cut_from.stop
        assert (start - cut_from.start) % stride == 0


@given(videos=VIDEOS, length=LENGTH, stride=STRIDE)
def test_as_many_clips_are_cut_as_fit(videos: list[list[int]], length: int, stride: int):
    shots = shots_of(videos)
    expected = [max(0, (s.stop - s.start - length) // stride + 1) for s in shots]
    assume(sum(expected))
    index = index_clips(shots, frames=length, stride=stride)
    assert np.bincount(index.shot, minlength=len(shots)).tolist() == expected


@given(videos=VIDEOS, length=LENGTH, stride=STRIDE)
def test_each_frame_of_a_clip_is_stored_once_and_no_other(
    videos: list[list[int]], length: int, stride: int
):
    shots = shots_of(videos)
    assume(any(shot.stop - shot.start >= length for shot in shots))
    index = index_clips(shots, frames=length, stride=stride)
    count = sum(map(len, index.used.values()))
    assert np.unique(index.clips).tolist() == list(range(count))
    assert all((np.diff(chosen) > 0).all() for chosen in index.used.values())


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3), length=LENGTH, stride=STRIDE)
def test_videos_that_share_a_file_share_its_frames(lengths: list[int], length: int, stride: int):
    assume(max(lengths) >= length)
    once = shots_of([lengths])
    twice = once + [Shot("other", s.file, s.shot, s.start, s.stop, s.fps) for s in once]
    alone = index_clips(once, frames=length, stride=stride)
    both = index_clips(twice, frames=length, stride=stride)
    assert {file: len(c) for file, c in both.used.items()} == {"v0.npy": len(alone.used["v0.npy"])}
    np.testing.assert_array_equal(both.clips, np.concatenate([alone.clips, alone.clips]))


@pytest.mark.parametrize("lengths", [[], [[15]], [[3, 9], [15, 1]]])
def test_no_clip_at_all_says_what_to_change(lengths: list[list[int]]):
    shots = shots_of(lengths)
    with pytest.raises(UserError, match=r"no shot has the 16 frames of a clip") as error:
        index_clips(shots, frames=16, stride=8)
    longest = max((n for video in lengths for n in video), default=0)
    assert f"the longest of {len(shots)} has {longest}" in str(error.value)
    assert "frames.clips.stride or clips.frames" in str(error.value)
