"""The stage, from parameters to manifest, as Kedro calls it."""

import logging
from pathlib import Path
from typing import Any

import pytest
from support import datasets as sets
from support import footage
from support.http_server import serve

from vidpipe.config.datasets import ClipsSource
from vidpipe.config.loader import read
from vidpipe.config.schema import ClipFrames, Clips
from vidpipe.io import Npz
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_fetch import fetch_clips
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.errors import UserError

ROOT = Path(__file__).parents[4]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def source(dataset: str, **block: Any) -> ClipsSource:
    """The shipped parameters, with another data set."""
    values = read(ROOT / "params.yaml")["sources"]["clips"]
    return ClipsSource.model_validate(
        {**values, "dataset": dataset, dataset: {**values[dataset], **block}}
    )


def test_weizmann_comes_from_a_mirror_to_a_manifest_and_a_sheet(tmp_path: Path, scratch: Path):
    shelf = sets.weizmann(tmp_path / "DB", ["bend", "walk"])
    with serve(shelf) as mirror:
        chosen = source("weizmann", archive=mirror.url, actions=["bend", "walk"])
        folder, manifest, sheet = fetch_clips(chosen, tmp_path, scratch)
    assert list(manifest["path"]) == sorted(path.name for path in folder.iterdir())
    assert set(manifest["status"]) == {"ok"}
    assert dict(manifest.groupby("label").size()) == {"bend": 9, "walk": 10}
    tested = set(manifest[manifest["split"] == "test"]["group"])
    assert tested == {"denis", "ira", "shahar"}
    assert sheet.startswith(b"\x89PNG")


def test_ucf101_comes_with_its_official_parts(tmp_path: Path, scratch: Path):
    shelf = sets.ucf101(tmp_path / "shelf", classes=["YoYo"], groups=9)
    _, manifest, _ = fetch_clips(source("ucf101", archive=str(shelf)), tmp_path, scratch)
    assert dict(manifest.groupby("split").size()) == {"test": 14, "train": 4}


def mixed(folder: Path, broken: int) -> ClipsSource:
    """Four videos that play, one cut off, and some that are none."""
    for n in range(4):
        footage.write(folder / "set" / "a" / f"{n}.avi", footage.numbered(6), codec="mpeg4")
    cut = footage.write(folder / "set/b/cut.avi", footage.noise(20), codec="mpeg4")
    footage.cut_off(cut, 0.7)
    for n in range(broken):
        (folder / f"set/b/none{n}.avi").write_bytes(b"no video")
    return source("folder", path=str(folder / "set"))


@pytest.fixture
def _folders(tmp_path: Path):
    for label in "ab":
        (tmp_path / "set" / label).mkdir(parents=True)


@pytest.mark.usefixtures("_folders")
def test_what_is_broken_is_listed_and_told(
    tmp_path: Path, scratch: Path, caplog: pytest.LogCaptureFixture
):
    chosen = mixed(tmp_path, 1).model_copy(update={"broken": 0.2})
    with caplog.at_level(logging.INFO):
        _, manifest, _ = fetch_clips(chosen, tmp_path, scratch)
    assert dict(manifest.groupby("status").size()) == {"ok": 4, "damaged": 1, "broken": 1}
    assert "none0.avi is broken: none0.avi: expected a video" in caplog.text
    assert "cut.avi is damaged" in caplog.text
    assert "6 videos, 2 labels: 4 ok, 1 damaged, 1 broken" in caplog.text


def test_names_of_any_kind_reach_the_clips_and_none_is_lost(tmp_path: Path, scratch: Path):
    names = ["a/v.avi", "b/v.avi", "b/V.AVI", "ходьба/片段 1.avi", f"b/{'long ' * 45}.avi"]
    for n, name in enumerate(names):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        footage.write(tmp_path / "v.avi", footage.numbered(16 + n)[n:], codec="mpeg4").replace(
            tmp_path / "set" / name
        )
    folder, manifest, _ = fetch_clips(source("folder", path="set"), tmp_path, scratch)
    how = ClipFrames(size=32, stride=1, fps=None, cut_threshold=0.12)
    frames = extract_clips(folder, manifest, how, scratch)
    arrays, _ = cut(frames, manifest, Clips(frames=16, stride=8, in_memory=1.0))
    Npz(filepath=str(tmp_path / "clips.npz")).save(arrays)
    made = Npz(filepath=str(tmp_path / "clips.npz")).load()
    assert made["frames"][made["clips"]].shape == (5, 16, 32, 32, 3)
    assert made["labels"][made["label"]].tolist().count("ходьба") == 1
    assert sorted(footage.numbers(made["frames"][made["clips"][:, 0]])) == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("_folders")
def test_too_many_broken_stop_the_run_by_name(tmp_path: Path, scratch: Path):
    with pytest.raises(UserError, match=r"2 of 7 videos .* sources\.clips\.broken .*none0\.avi"):
        fetch_clips(mixed(tmp_path, 2), tmp_path, scratch)


def test_a_set_without_videos_is_told(tmp_path: Path, scratch: Path):
    (tmp_path / "set").mkdir()
    with pytest.raises(UserError, match=r"clips\.folder: expected videos.*sources\.clips\.d"):
        fetch_clips(source("folder", path="set"), tmp_path, scratch)
