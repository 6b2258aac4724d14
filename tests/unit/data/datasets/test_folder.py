import logging
import os
from pathlib import Path

import pytest
from PIL import Image

from vidpipe.data.datasets import folder
from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError


@pytest.fixture
def tree(place: Place) -> Path:
    root = place.project / "my videos"
    for name in ("walk/a.mp4", "walk/b.MOV", "run/a.mp4", "run/far/c.mkv", "top.avi"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"video")
    return root


def videos(place: Place, path: str | None = "my videos", labels: str | None = None) -> list[Video]:
    return list(folder.videos(path=path, labels=labels, place=place))


def labels(found: list[Video], tree: Path) -> dict[str, str]:
    return {video.path.relative_to(tree).as_posix(): video.label for video in found}


@pytest.mark.usefixtures("tree")
def test_a_video_shows_what_its_folder_is_called(place: Place, tree: Path):
    assert labels(videos(place), tree) == {
        "run/a.mp4": "run",
        "run/far/c.mkv": "far",
        "top.avi": "my videos",
        "walk/a.mp4": "walk",
        "walk/b.MOV": "walk",
    }


@pytest.mark.usefixtures("tree")
def test_videos_of_one_name_are_told_apart_and_are_groups_of_their_own(place: Place):
    found = videos(place)
    assert len({Path(video.name).stem for video in found}) == len(found) == 5
    assert len({video.group for video in found}) == 5
    assert {video.split for video in found} == {""}


def test_hidden_files_and_what_is_no_video_are_passed_over_and_counted(
    place: Place, tree: Path, caplog: pytest.LogCaptureFixture
):
    for name in ("walk/._a.mp4", ".DS_Store", "notes.txt", "run/x.jpg", "run/y.jpg", "README"):
        (tree / name).write_bytes(b"other")
    (tree / ".git").mkdir()
    (tree / ".git/a.mp4").write_bytes(b"video")
    with caplog.at_level(logging.INFO):
        assert len(videos(place)) == 5
    assert "2 .jpg, 1 .txt, 2 hidden, 1 no suffix" in caplog.text


@pytest.mark.parametrize(
    "suffix", ["m2v", "M1V", "mjpeg", "3g2", "f4v", "qt", "ivf", "obu", "m2t", "MOD", "ogm", "rm"]
)
def test_videos_from_cameras_and_programs_of_any_age_count(place: Place, suffix: str):
    root = make(place, f"walk/a.{suffix}")
    assert told(place, root) == {f"walk/a.{suffix}": ("walk", "")}


def test_links_are_followed_once_and_a_dangling_one_is_kept_for_the_manifest(
    place: Place, tree: Path
):
    other = place.project / "other"
    other.mkdir()
    (other / "d.mp4").write_bytes(b"video")
    (tree / "linked").symlink_to(other)
    (tree / "walk/again").symlink_to(tree)
    (tree / "walk/e.mp4").symlink_to(other / "d.mp4")
    (tree / "walk/gone.mp4").symlink_to(other / "gone.mp4")
    found = labels(videos(place), tree)
    assert found["linked/d.mp4"] == "linked"
    assert found["walk/e.mp4"] == found["walk/gone.mp4"] == "walk"
    assert len(found) == 8


def test_names_of_any_kind(place: Place, tree: Path):
    names = [
        "片段 #1.mp4",
        "n" * 200 + ".mp4",
        "new\nline.mp4",
        "%03d.mp4",
        os.fsdecode(b"\xff.mp4"),
    ]
    for name in names:
        (tree / "walk" / name).write_bytes(b"video")
    found = videos(place)
    assert len(found) == 5 + len(names)
    assert all(len(video.name.encode("utf-8")) <= 120 for video in found)
    assert all(video.path.is_file() for video in found)


def test_a_video_that_is_added_changes_no_other(place: Place, tree: Path):
    before = videos(place)
    (tree / "jump").mkdir()
    (tree / "jump/z.mp4").write_bytes(b"video")
    assert [video for video in videos(place) if video.label != "jump"] == before


def table(place: Place, text: str, encoding: str = "utf-8") -> str:
    (place.project / "labels.csv").write_bytes(text.encode(encoding))
    return "labels.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_table_says_what_each_shows_and_which_go_together(
    place: Place, tree: Path, encoding: str, caplog: pytest.LogCaptureFixture
):
    text = "path,label,group,split,note\nwalk/a.mp4,gehen,ann,train,x\nrun/a.mp4,läuft,,test,\n"
    found = videos(place, labels=table(place, text, encoding))
    told = {v.path.relative_to(tree).as_posix(): (v.label, v.group, v.split) for v in found}
    assert told == {
        "walk/a.mp4": ("gehen", "ann", "train"),
        "run/a.mp4": ("läuft", "run/a.mp4", "test"),
    }
    assert "3 videos without a line in labels.csv, left out: run/far/c.mkv, top.avi" in caplog.text


@pytest.mark.usefixtures("tree")
def test_a_video_that_only_the_table_knows_is_kept_for_the_manifest(place: Place):
    text = "path,label\nwalk/a.mp4,walk\nwalk/gone.mp4,walk\n"
    _, gone = videos(place, labels=table(place, text))
    assert not gone.path.exists()


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("path", "labels", "said"),
    [
        (None, None, "path: expected the folder of your videos"),
        ("gone", None, "path: expected a folder at .*gone"),
        ("my videos/top.avi", None, "path: expected a folder"),
        ("my videos", "gone.csv", "labels: expected a CSV at .*gone.csv"),
    ],
)
def test_what_is_not_there_is_told_by_its_key(
    place: Place, path: str | None, labels: str | None, said: str
):
    with pytest.raises(UserError, match=rf"sources\.clips\.x\.{said}"):
        videos(place, path, labels)


def make(place: Place, *paths: str) -> Path:
    root = place.project / "set"
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"video")
    return root


def told(place: Place, root: Path, labels: str | None = None) -> dict[str, tuple[str, str]]:
    found = videos(place, "set", labels)
    return {v.path.relative_to(root).as_posix(): (v.label, v.split) for v in found}


def test_folders_called_like_splits_are_the_split_and_no_label(
    place: Place, caplog: pytest.LogCaptureFixture
):
    root = make(place, "Train/walk/a.mp4", "Train/run/b.mp4", "val/walk/c.mp4", "test/run/d.mp4")
    with caplog.at_level(logging.INFO):
        assert told(place, root) == {
            "Train/walk/a.mp4": ("walk", "train"),
            "Train/run/b.mp4": ("run", "train"),
            "val/walk/c.mp4": ("walk", "test"),
            "test/run/d.mp4": ("run", "test"),
        }
    assert "split by its folders: 2 of Train, 1 of test, 1 of val" in caplog.text


@pytest.mark.parametrize("held_out", ["val", "Valid", "validation", "test", "testing"])
@pytest.mark.parametrize("layout", ["{split}/walk", "walk/{split}", "all/{split}/walk"])
def test_splits_may_be_above_or_below_the_label(place: Place, held_out: str, layout: str):
    paths = [f"{layout.format(split=split)}/a.mp4" for split in ("training", held_out)]
    root = make(place, *paths)
    assert told(place, root) == {paths[0]: ("walk", "train"), paths[1]: ("walk", "test")}


@pytest.mark.parametrize(
    ("seen", "held_out"),
    [("train2017", "val2017"), ("01_train", "02_test"), ("pets_train", "pets_val")],
)
def test_names_of_splits_may_have_more_in_them(place: Place, seen: str, held_out: str):
    root = make(place, f"{seen}/walk/a.mp4", f"{held_out}/walk/b.mp4")
    splits = {f"{seen}/walk/a.mp4": ("walk", "train"), f"{held_out}/walk/b.mp4": ("walk", "test")}
    assert told(place, root) == splits


def test_videos_straight_in_a_split_are_labelled_like_those_straight_in_the_folder(place: Place):
    root = make(place, "train/a.mp4", "test/b.mp4")
    assert told(place, root) == {"train/a.mp4": ("set", "train"), "test/b.mp4": ("set", "test")}


def test_a_label_may_be_called_train_where_nothing_is_held_out(place: Place):
    root = make(place, "train/a.mp4", "car/b.mp4")
    assert told(place, root) == {"train/a.mp4": ("train", ""), "car/b.mp4": ("car", "")}


def test_a_video_beside_the_splits_is_named(place: Place):
    make(place, "train/walk/a.mp4", "test/walk/b.mp4", "more/c.mp4")
    with pytest.raises(UserError, match=r"x\.path: .*train and test.* got more/c\.mp4; move it"):
        videos(place, "set")


def test_a_table_may_name_the_split_of_a_video_beside_the_splits(place: Place):
    root = make(place, "train/a.mp4", "test/b.mp4", "more/c.mp4")
    text = "path,label,split\ntrain/a.mp4,x,\ntest/b.mp4,x,\nmore/c.mp4,x,train\n"
    splits = {path: split for path, (_, split) in told(place, root, table(place, text)).items()}
    assert splits == {"train/a.mp4": "train", "test/b.mp4": "test", "more/c.mp4": "train"}


def test_the_table_overrides_the_folders_and_keeps_what_it_does_not_say(place: Place):
    root = make(place, "train/a.mp4", "val/b.mp4", "val/c.mp4")
    text = "path,label,split\ntrain/a.mp4,x,\nval/b.mp4,x,\nval/c.mp4,y,train\n"
    assert told(place, root, table(place, text)) == {
        "train/a.mp4": ("x", "train"),
        "val/b.mp4": ("x", "test"),
        "val/c.mp4": ("y", "train"),
    }


@pytest.mark.usefixtures("tree")
def test_the_files_are_the_videos_and_the_table(place: Place, tree: Path):
    text = table(place, "path,label\nwalk/a.mp4,walk\n")
    found = folder.files(path="my videos", labels=text, place=place)
    assert found.pop("labels") == place.project / "labels.csv"
    assert found == {video.path.relative_to(tree).as_posix(): video.path for video in videos(place)}


@pytest.mark.usefixtures("tree")
def test_the_files_of_a_video_that_is_a_folder_are_those_in_it(
    place: Place, tree: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(folder, "_walk", lambda _: {"walk", "run/a.mp4"})
    found = folder.files(path="my videos", labels=None, place=place)
    assert found == {name: tree / name for name in ("run/a.mp4", "walk/a.mp4", "walk/b.MOV")}


def test_folders_of_numbered_pictures_and_animations_are_videos(place: Place, tree: Path):
    for name in ("walk/d/1.png", "walk/d/2.png", "run/a/07.jpg", "run/a/08.jpg"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(b"picture")
    # A video lies beside the first two, and the third is one picture: they are no videos.
    for name in ("run/1.png", "run/2.png", "still.webp"):
        Image.new("RGB", (8, 8)).save(tree / name)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tree / "walk/e.webp", save_all=True, append_images=frames[1:])
    found = videos(place)
    added = {name: label for name, label in labels(found, tree).items() if name[-4] != "."}
    assert added == {"walk/d": "walk", "run/a": "run", "walk/e.webp": "walk"}
    names = {video.path.relative_to(tree).as_posix(): video.name for video in found}
    assert names["walk/d"] == "d.mp4"
    assert names["walk/e.webp"] == "e.webp.mp4"
    assert names["run/a"].startswith("a-")  # not the name of run/a.mp4
