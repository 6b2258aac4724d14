from pathlib import Path

import numpy as np
import pytest

from vidpipe.data.datasets.actions import ACTIONS, FPS, videos
from vidpipe.data.video import Square, decode, probe
from vidpipe.utils.errors import UserError

TWO = 2 / FPS  # seconds that two frames take


def drawn(folder: Path, **asked) -> dict[str, bytes]:
    folder.mkdir()
    given = {"seed": 0, "actors": 1, "seconds": TWO} | asked
    return {video.name: video.path.read_bytes() for video in videos(folder=folder, **given)}


def test_nine_actors_in_nine_actions_are_81_videos_that_all_differ(tmp_path: Path):
    shown = list(videos(seed=0, actors=9, seconds=1 / FPS, folder=tmp_path))
    assert len(shown) == 81
    assert {video.label for video in shown} == set(ACTIONS)
    assert len({video.group for video in shown}) == 9
    for video in shown:
        assert video.name == video.path.name == f"{video.group}_{video.label}.avi"
        assert video.split == ""
    assert {path.name for path in tmp_path.iterdir()} == {video.name for video in shown}
    assert len({video.path.read_bytes() for video in shown}) == 81


def test_a_video_is_as_those_of_weizmann(tmp_path: Path):
    (video,) = videos(seed=0, actors=1, seconds=0.4, actions=["walk"], folder=tmp_path)
    seen = probe(video.path)
    assert (seen.codec, seen.width, seen.height) == ("mpeg4", 180, 144)
    assert (seen.fps, seen.announced) == (25.0, 10)
    assert (
        video.path.read_bytes().count(b"XVID") == 2
    )  # in the header of the stream, and its format
    assert [round(frame.time * FPS) for frame in decode(video.path)] == list(range(10))


def test_the_background_stands_still_after_decoding(tmp_path: Path):
    (video,) = videos(seed=0, actors=1, seconds=1.0, actions=["wave1"], folder=tmp_path)
    shown = np.stack([Square(144)(frame) for frame in decode(video.path)]).astype(float) / 255
    swing = np.ptp(shown, axis=0).max(axis=2)
    assert (swing > 0.15).mean() > 0.01  # an arm
    assert swing[:, 110:].max() < 0.15  # where no arm reaches
    assert (swing < 0.06).mean() > 0.7


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path):
    first, again, other = (
        drawn(tmp_path / name, seed=seed, actions=("run",))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == again
    assert first.keys() == other.keys()
    assert first != other


def test_more_actors_and_fewer_actions_change_no_video(tmp_path: Path):
    few = drawn(tmp_path / "few", actors=2, actions=("jack", "walk", "bend"))
    many = drawn(tmp_path / "many", actors=3, actions=("walk", "bend", "run"))
    assert (len(few), len(many)) == (6, 9)
    common = few.keys() & many.keys()
    assert len(common) == 4
    assert all(few[name] == many[name] for name in common)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"seed": -1}, r"actions\.seed: expected 0 or more, got -1"),
        ({"actors": 0}, r"actions\.actors: expected at least one, got 0"),
        ({"seconds": 0.0}, r"actions\.seconds: expected .*, got 0\.0"),
        ({"seconds": float("nan")}, r"actions\.seconds: expected .*, got nan"),
        ({"seconds": float("inf")}, r"actions\.seconds: expected .*, got inf"),
        ({"actions": ()}, r"actions\.actions: expected .*walk.*, got none"),
        ({"actions": ("walk", "swim")}, r"actions\.actions: .*got walk, swim"),
        ({"actions": ("walk", "walk")}, r"actions\.actions: .*each once, got walk, walk"),
    ],
)
def test_numbers_that_make_no_sense_are_errors_before_anything_is_drawn(
    tmp_path: Path, asked: dict, says: str
):
    with pytest.raises(UserError, match=says):
        drawn(tmp_path / "out", **asked)
    assert not list((tmp_path / "out").iterdir())
