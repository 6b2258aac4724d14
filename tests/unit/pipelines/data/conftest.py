from pathlib import Path

import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import ClipFrames
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.hashing import sha256

FRAMES = ClipFrames(size=64, stride=1, fps=None, cut_threshold=0.12)
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
    table["fps"] = 25.0
    table["seconds"] = table["frames"] / 25
    table["reason"] = ["" if status == "ok" else "torn" for status in table["status"]]
    return table


@pytest.fixture(scope="module")
def frames(videos: Path, manifest: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("home") / "work"
    scratch.mkdir()
    return extract_clips(videos, manifest, FRAMES, scratch)
