import logging
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import Clips
from vidpipe.data.npz import Stream
from vidpipe.io import Npz, Picture
from vidpipe.pipelines.data.clips import cut

CLIPS = Clips(frames=16, stride=8, in_memory=1.0)


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


def test_videos_that_give_no_clip_are_named(
    frames: Path, manifest: pd.DataFrame, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        cut(frames, manifest, CLIPS)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "1 video without a clip, for want of a shot of 16 frames: run/short.avi"
