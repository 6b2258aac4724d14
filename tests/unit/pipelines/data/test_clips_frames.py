import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import ClipFrames
from vidpipe.data.frames import load, read_shots
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.errors import UserError

FRAMES = ClipFrames(size=64, stride=1, fps=None, cut_threshold=0.12)


def test_every_video_that_can_be_read_has_its_frames(frames: Path):
    shots = {shot.video: shot for shot in read_shots(frames)}
    lengths = {name: shot.stop - shot.start for name, shot in shots.items()}
    assert lengths == {
        "walk/ira.avi": 32, "run/ira.avi": 24, "run/lena.avi": 16, "run/short.avi": 15
    }  # fmt: skip
    shown = load(frames, shots["run/ira.avi"].file)
    assert shown.shape == (24, 64, 64, 3)
    assert footage.numbers(shown) == [n + 1 for n in range(24)]


def test_what_is_left_out_is_named(
    videos: Path, manifest: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "work").mkdir()
    with caplog.at_level(logging.WARNING):
        extract_clips(videos, manifest, FRAMES, tmp_path / "work")
    first, second = [record.getMessage() for record in caplog.records]
    assert first == "run/torn.avi is left out, for it is broken: torn"
    assert second.startswith("run/unread.avi is left out: ")


def test_videos_of_unlike_rates_are_told_with_the_rate_that_makes_them_alike(
    videos: Path, manifest: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "work").mkdir()
    few = manifest.head(2).assign(fps=[25.0, 59.94])
    with caplog.at_level(logging.WARNING):
        extract_clips(videos, few, FRAMES, tmp_path / "work", pool=ThreadPoolExecutor)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("frames.clips.fps: it is empty, and the videos have from 25 to 59.94")
    assert said.endswith("; 25 would make them alike")


def test_a_set_of_broken_videos_is_refused(videos: Path, manifest: pd.DataFrame, tmp_path: Path):
    broken = manifest[manifest["status"] == "broken"]
    message = r"no video can be read, of 1: run/torn\.avi \(torn\)\. .*sources"
    with pytest.raises(UserError, match=message):
        extract_clips(videos, broken, FRAMES, tmp_path)
