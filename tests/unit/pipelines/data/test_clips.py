import logging
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import ClipFrames, Clips
from vidpipe.data.npz import Stream
from vidpipe.io import Npz, Picture
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256

FRAMES = ClipFrames(size=64, stride=1, fps=None, cut_threshold=0.12)
CLIPS = Clips(frames=16, stride=8, in_memory=1.0)
# Path, label, group, split, status, and frames.
VIDEOS = [
    ("walk/ira.avi", "walk", "ira", "train", "ok", 32),
    ("run/ira.avi", "run", "ira", "train", "ok", 24),
    ("run/lena.avi", "run", "lena", "test", "damaged", 16),
    ("run/short.avi", "run", "lena", "test", "ok", 15),
    ("run/torn.avi", "run", "lena", "test", "broken", 0),
    ("run/unread.avi", "run", "lena", "test", "ok", 0),
]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for n, (name, *_, count) in enumerate(VIDEOS):
        (folder / name).parent.mkdir(exist_ok=True)
        if count:
            footage.write(folder / name, footage.numbered(count + n)[n:], codec="mpeg4")
        else:
            (folder / name).write_bytes(b"\x00" * 500)
    return folder


@pytest.fixture(scope="module")
def manifest(videos: Path) -> pd.DataFrame:
    columns = ["path", "label", "group", "split", "status", "frames"]
    table = pd.DataFrame(VIDEOS, columns=columns)
    table["sha256"] = [sha256(videos / path) for path in table["path"]]
    table["seconds"] = table["frames"] / 25
    table["reason"] = ["" if status == "ok" else "torn" for status in table["status"]]
    return table


@pytest.fixture(scope="module")
def frames(videos: Path, manifest: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("home") / "work"
    scratch.mkdir()
    return extract_clips(videos, manifest, FRAMES, scratch)


def packed(folder: Path, arrays: dict[str, np.ndarray | Stream]) -> dict[str, np.ndarray]:
    """What the next stage reads."""
    Npz(filepath=str(folder / "clips.npz")).save(arrays)
    return Npz(filepath=str(folder / "clips.npz")).load()


def test_clips_come_with_what_they_show(frames: Path, manifest: pd.DataFrame, tmp_path: Path):
    arrays = packed(tmp_path, cut(frames, manifest, CLIPS)[0])
    assert arrays["clips"].shape == (6, 16)
    told = [
        (
            str(arrays["videos"][arrays["video"][n]]),
            str(arrays["labels"][arrays["label"][n]]),
            str(arrays["groups"][arrays["group"][n]]),
            str(arrays["split"][n]),
            float(arrays["fps"][n]),
        )
        for n in range(6)
    ]
    assert told == [
        *[("walk/ira.avi", "walk", "ira", "train", 25.0)] * 3,
        *[("run/ira.avi", "run", "ira", "train", 25.0)] * 2,
        ("run/lena.avi", "run", "lena", "test", 25.0),
    ]


def test_a_clip_shows_the_frames_of_its_video(frames: Path, manifest: pd.DataFrame, tmp_path: Path):
    arrays = packed(tmp_path, cut(frames, manifest, CLIPS)[0])
    shown = [footage.numbers(clip) for clip in arrays["frames"][arrays["clips"]]]
    assert shown[0] == list(range(16))
    assert shown[2] == list(range(16, 32))
    assert shown[4] == [n + 1 for n in range(8, 24)]
    assert len(arrays["frames"]) == 32 + 24 + 16


def test_a_set_above_the_limit_stays_on_disk_and_holds_the_same(
    frames: Path, manifest: pd.DataFrame, tmp_path: Path
):
    made = {}
    for name, limit in (("memory", 1.0), ("disk", 0.0)):
        (tmp_path / name).mkdir()
        how = CLIPS.model_copy(update={"in_memory": limit})
        made[name] = packed(tmp_path / name, cut(frames, manifest, how)[0])
    assert isinstance(made["disk"]["frames"], np.memmap)
    assert not isinstance(made["memory"]["frames"], np.memmap)
    for name, array in made["memory"].items():
        np.testing.assert_array_equal(array, made["disk"][name])


def test_what_is_left_out_is_named(
    videos: Path, manifest: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "work").mkdir()
    with caplog.at_level(logging.WARNING):
        folder = extract_clips(videos, manifest, FRAMES, tmp_path / "work")
        cut(folder, manifest, CLIPS)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "run/torn.avi is left out, for it is broken: torn"
    assert lines[1].startswith("run/unread.avi is left out: ")
    assert lines[2] == ("1 videos give no clip, for they have no shot of 16 frames: run/short.avi")
    assert len(lines) == 3


def test_a_set_of_broken_videos_is_refused(videos: Path, manifest: pd.DataFrame, tmp_path: Path):
    broken = manifest[manifest["status"] == "broken"]
    with pytest.raises(UserError, match=r"1 videos are broken: run/torn\.avi \(torn\)\. .*sources"):
        extract_clips(videos, broken, FRAMES, tmp_path)


def test_labels_that_look_like_numbers_are_names(
    frames: Path, manifest: pd.DataFrame, tmp_path: Path
):
    numbered = manifest.assign(label=[1, 2, 2, 2, 2, 2])
    arrays = packed(tmp_path, cut(frames, numbered, CLIPS)[0])
    assert arrays["labels"].tolist() == ["1", "2"]


def test_the_bytes_are_those_of_the_run_before(
    frames: Path, manifest: pd.DataFrame, tmp_path: Path
):
    seen = []
    for name in ("one", "two"):
        again = tmp_path / name
        shutil.copytree(frames, again / "frames")
        arrays, sheet = cut(again / "frames", manifest, CLIPS)
        packed(again, arrays)
        Picture(filepath=str(again / "clips.png")).save(sheet)
        seen.append([(again / f"clips.{kind}").read_bytes() for kind in ("npz", "png")])
    assert seen[0] == seen[1]
