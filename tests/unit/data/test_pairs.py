from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import footage
from support.footage import BLACK, WHITE

from vidpipe.data.frames import Shot, extract
from vidpipe.data.pairs import index_pairs, side_by_side
from vidpipe.data.splits import GAP, HELD_OUT, SEEN, UNSEEN
from vidpipe.utils.errors import UserError

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=6)
SHARES = st.floats(0, 0.99)
GAPS = st.integers(0, 8)


def shots(*lengths: int) -> list[Shot]:
    stops = np.cumsum(lengths).tolist()
    return [
        Shot(video="v", file="v.npy", shot=n, start=stop - length, stop=stop, fps=25.0)
        for n, (length, stop) in enumerate(zip(lengths, stops, strict=True))
    ]


@given(lengths=LENGTHS, held_out=SHARES, gap=GAPS)
def test_a_pair_is_a_frame_and_the_next_of_one_shot_and_one_split(
    lengths: list[int], held_out: float, gap: int
):
    assume(max(lengths) > 1)
    index = index_pairs(shots(*lengths), held_out=held_out, gap=gap)
    source, target = index.pairs.T
    shot = np.repeat(np.arange(len(lengths)), lengths)
    np.testing.assert_array_equal(target, source + 1)
    np.testing.assert_array_equal(shot[source], shot[target])
    np.testing.assert_array_equal(index.frame_shot, shot)
    np.testing.assert_array_equal(index.frame_split[source], index.pair_split)
    np.testing.assert_array_equal(index.frame_split[target], index.pair_split)
    assert set(index.pair_split) <= {SEEN, HELD_OUT}


@given(lengths=LENGTHS, held_out=SHARES, gap=GAPS)
def test_a_frame_is_the_source_of_at_most_one_pair_and_the_target_of_at_most_one(
    lengths: list[int], held_out: float, gap: int
):
    assume(max(lengths) > 1)
    index = index_pairs(shots(*lengths), held_out=held_out, gap=gap)
    assert all(len(np.unique(column)) == len(column) for column in index.pairs.T)


@given(lengths=LENGTHS, held_out=SHARES, gap=GAPS)
def test_each_shot_is_seen_then_left_out_then_held_out(
    lengths: list[int], held_out: float, gap: int
):
    assume(max(lengths) > 1)
    taken = shots(*lengths)
    index = index_pairs(taken, held_out=held_out, gap=gap)
    for shot in taken:
        parts = index.frame_split[shot.start : shot.stop].tolist()
        held = parts.count(HELD_OUT)
        left_out = parts.count(GAP)
        assert (
            parts == [SEEN] * (len(parts) - held - left_out) + [GAP] * left_out + [HELD_OUT] * held
        )
        assert (held, left_out) in ((0, 0), (round(held_out * len(parts)), gap))


@given(lengths=LENGTHS, held_out=SHARES, gap=GAPS)
def test_every_frame_next_to_one_of_its_shot_and_split_is_in_a_pair(
    lengths: list[int], held_out: float, gap: int
):
    assume(max(lengths) > 1)
    taken = shots(*lengths)
    index = index_pairs(taken, held_out=held_out, gap=gap)
    parts = [index.frame_split[shot.start : shot.stop].tolist() for shot in taken]
    expected = sum(max(p.count(name) - 1, 0) for p in parts for name in (SEEN, HELD_OUT))
    assert len(index.pairs) == expected


def test_frames_of_several_videos_count_through_and_no_pair_straddles_two():
    first, second = shots(6, 2), [replace(shot, video="w", file="w.npy") for shot in shots(3, 1)]
    index = index_pairs([*first, *second], held_out=0.0, gap=0)
    assert index.frame_shot.tolist() == [0] * 6 + [1] * 2 + [2] * 3 + [3]
    assert index.pairs[:, 0].tolist() == [0, 1, 2, 3, 4, 6, 8, 9]


def test_a_video_held_out_whole_is_unseen_and_the_others_split_by_time():
    other = [replace(shot, video="w", file="w.npy") for shot in shots(20)]
    index = index_pairs([*shots(20), *other], held_out=0.25, gap=4, unseen={"w"})
    assert index.frame_split.tolist() == [SEEN] * 11 + [GAP] * 4 + [HELD_OUT] * 5 + [UNSEEN] * 20
    assert index.frame_split.dtype == index_pairs(shots(20), held_out=0.0, gap=0).frame_split.dtype
    assert (index.pair_split == UNSEEN).sum() == 19


def test_pairs_of_unseen_videos_alone_are_none_to_learn_from():
    other = [replace(shot, video="w", file="w.npy") for shot in shots(20)]
    with pytest.raises(UserError, match="v: no pairs: 2 frames in 2 shots, the longest of 1"):
        index_pairs([*shots(1, 1), *other], held_out=0.25, gap=4, unseen={"w"})


def test_the_end_of_a_shot_is_held_out_after_the_gap():
    index = index_pairs(shots(20), held_out=0.25, gap=4)
    assert index.frame_split.tolist() == [SEEN] * 11 + [GAP] * 4 + [HELD_OUT] * 5
    assert (index.pair_split == SEEN).sum() == 10
    assert (index.pair_split == HELD_OUT).sum() == 4


def test_a_shot_too_short_to_hold_out_two_frames_is_seen_whole():
    index = index_pairs(shots(7), held_out=0.2, gap=1)
    assert set(index.frame_split) == {SEEN}
    assert len(index.pairs) == 6


@pytest.mark.parametrize(
    ("lengths", "counted"),
    [((), "0 shots"), ((1,), "1 shot"), ((1, 1, 1, 1), "4 shots")],
)
def test_no_two_frames_of_one_shot_are_no_pairs(lengths: tuple[int, ...], counted: str):
    with pytest.raises(UserError, match="no pairs") as error:
        index_pairs(shots(*lengths), held_out=0.25, gap=4)
    assert f"in {counted}, " in str(error.value)
    assert "two frames of one shot" in str(error.value)


def test_a_video_of_one_frame_gives_no_pairs(tmp_path: Path):
    path = footage.write(tmp_path / "still.mp4", footage.numbered(1))
    found = extract(path, tmp_path, size=16, stride=1, fps=None, cut_threshold=0.1)
    with pytest.raises(UserError, match="no pairs: 1 frame in 1 shot,"):
        index_pairs(found, held_out=0.25, gap=4)


def test_a_video_that_cuts_at_every_frame_gives_no_pairs(tmp_path: Path):
    pictures = [footage.plain(32, 32, colour) for colour in (BLACK, WHITE) * 4]
    path = footage.write(tmp_path / "strobe.mp4", pictures)
    found = extract(path, tmp_path, size=16, stride=1, fps=None, cut_threshold=0.1)
    with pytest.raises(UserError, match="no pairs: 8 frames in 8 shots, the longest of 1"):
        index_pairs(found, held_out=0.25, gap=4)


def test_the_report_shows_source_and_target_side_by_side():
    frames = np.stack([footage.plain(256, 256, (n,) * 3) for n in range(3)])
    picture = side_by_side(frames, np.array([1, 2], np.int32))
    assert picture.shape == (256, 512, 3)
    np.testing.assert_array_equal(picture[:, :256], frames[1])
    np.testing.assert_array_equal(picture[:, 256:], frames[2])
