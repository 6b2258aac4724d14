import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.data.pair_arrays import pairs_with_history, past_lengths
from vidpipe.data.splits import GAP, HELD_OUT, SEEN, UNSEEN
from vidpipe.utils.errors import UserError

RUNS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([SEEN, GAP, HELD_OUT, UNSEEN]), st.integers(1, 6)),
    max_size=8,
)


def arrays(*runs: tuple[int, str, int]) -> dict[str, np.ndarray]:
    """Arrays of `pairs.npz` from (shot, split, frames) in order."""
    shot = np.repeat([n for n, *_ in runs], [count for *_, count in runs]).astype(np.int32)
    split = np.repeat([name for _, name, _ in runs], [count for *_, count in runs]).astype("U8")
    source = np.flatnonzero((shot[1:] == shot[:-1]) & (split[1:] == split[:-1]))
    source = source[split[source] != GAP]
    return {
        "frame_shot": shot,
        "frame_split": split,
        "pairs": np.stack([source, source + 1], axis=1),
        "pair_split": split[source],
    }


@given(runs=RUNS)
def test_a_length_is_how_far_back_shot_and_split_stay_the_same(runs: list[tuple[int, str, int]]):
    found = arrays(*runs)
    shot, split = found["frame_shot"], found["frame_split"]
    lengths = past_lengths(split, shot)
    for frame, length in enumerate(lengths.tolist()):
        back = frame
        while back >= 0 and shot[back] == shot[frame] and split[back] == split[frame]:
            back -= 1
        assert length == (0 if split[frame] == GAP else frame - back)


def test_a_pair_needs_all_frames_of_its_window_in_its_shot_and_split():
    found = arrays((0, SEEN, 5), (0, GAP, 1), (0, HELD_OUT, 4), (1, SEEN, 3), (2, UNSEEN, 4))
    assert pairs_with_history(found, SEEN, 1)[:, 0].tolist() == [0, 1, 2, 3, 10, 11]
    assert pairs_with_history(found, SEEN, 2)[:, 0].tolist() == [1, 2, 3, 11]
    assert pairs_with_history(found, SEEN, 4).tolist() == [[3, 4]]
    assert pairs_with_history(found, HELD_OUT, 3)[:, 0].tolist() == [8]
    assert pairs_with_history(found, UNSEEN, 3)[:, 0].tolist() == [15]


def test_a_window_longer_than_every_shot_is_an_error_that_says_what_to_change():
    found = arrays((0, SEEN, 5), (0, GAP, 1), (0, HELD_OUT, 4), (1, SEEN, 3))
    with pytest.raises(UserError) as error:
        pairs_with_history(found, SEEN, 5)
    message = str(error.value)
    assert "pix2pix.model.history: a window of 5 frames and the next one are 6 frames" in message
    assert "the longest shot has 10, of which 5 are seen" in message
    assert "Set history to 4 or less" in message
    assert "frames.footage.stride" in message
