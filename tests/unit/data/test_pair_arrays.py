import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.data.pair_arrays import check_history, run_lengths, window_starts
from vidpipe.data.splits import GAP, HELD_OUT, SEEN, UNSEEN
from vidpipe.utils.errors import UserError

RUNS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([SEEN, GAP, HELD_OUT, UNSEEN]), st.integers(1, 6)),
    min_size=1,
    max_size=8,
)


def arrays(*runs: tuple[int, str, int]) -> dict[str, np.ndarray]:
    """Arrays of `pairs.npz` from (shot, split, frames) in order."""
    shot, split, count = zip(*runs, strict=True)
    return {
        "frame_shot": np.repeat(np.array(shot, np.int32), count),
        "frame_split": np.repeat(np.array(split, "U8"), count),
    }


@given(runs=RUNS, history=st.integers(1, 5), ahead=st.integers(1, 3))
def test_a_window_and_what_follows_it_lie_in_one_shot_and_split(
    runs: list[tuple[int, str, int]], history: int, ahead: int
):
    found = arrays(*runs)
    frames = list(zip(found["frame_shot"], found["frame_split"], strict=True))
    length = history + ahead
    for name in (SEEN, HELD_OUT, UNSEEN):
        starts = window_starts(run_lengths(found, name), history=history, ahead=ahead).tolist()
        assert starts == [
            start
            for start in range(len(frames) - length + 1)
            if frames[start][1] == name and len(set(frames[start : start + length])) == 1
        ]


def test_windows_are_of_the_split_that_is_asked_for():
    found = arrays((0, SEEN, 5), (0, GAP, 2), (0, HELD_OUT, 4), (1, SEEN, 3), (2, UNSEEN, 4))
    assert window_starts(run_lengths(found, SEEN), history=1).tolist() == [0, 1, 2, 3, 11, 12]
    assert window_starts(run_lengths(found, SEEN), history=2).tolist() == [0, 1, 2, 11]
    assert window_starts(run_lengths(found, SEEN), history=2, ahead=3).tolist() == [0]
    assert window_starts(run_lengths(found, HELD_OUT), history=3).tolist() == [7]
    assert window_starts(run_lengths(found, UNSEEN), history=2).tolist() == [14, 15]


def test_a_window_longer_than_every_shot_is_an_error_that_says_what_to_change():
    found = arrays((0, SEEN, 5), (0, GAP, 1), (0, HELD_OUT, 4), (1, SEEN, 3))
    check_history(found, SEEN, 4)
    with pytest.raises(UserError) as error:
        check_history(found, SEEN, 5)
    message = str(error.value)
    assert "pix2pix.model.history: a window of 5 frames and the next one are 6 frames" in message
    assert "the longest shot has 10, of which 5 are seen" in message
    assert "Set history to 4 or less" in message
    assert "frames.footage.stride" in message
