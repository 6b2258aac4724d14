import logging
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import Frames
from vidpipe.data.frames import load, read_shots
from vidpipe.data.workers import Failure
from vidpipe.pipelines.data import footage_frames as module
from vidpipe.pipelines.data.footage_frames import extract_footage
from vidpipe.utils.errors import UserError

PLAIN = Frames(size=64, stride=1, fps=None, cut_threshold=0.12)


def extracted(tmp_path, path="v.mkv", **changes):
    videos, scratch = tmp_path / "videos", tmp_path / "scratch"
    for folder in (videos, scratch):
        folder.mkdir()
    write(videos / "v.mkv")
    manifest = pd.DataFrame({"path": [path], "fps": [25.0], "status": ["ok"], "split": [""]})
    return extract_footage(videos, manifest, PLAIN.model_copy(update=changes), scratch)


def write(path, first=0, count=9, fps=25):
    pictures = footage.numbered(first + count)[first:]
    return footage.write(path, pictures, codec="ffv1", pix_fmt="bgr0", fps=fps)


def test_the_video_becomes_square_frames_and_shots(tmp_path):
    folder = extracted(tmp_path, stride=2)
    (shot,) = read_shots(folder)
    frames = load(folder, shot.file)
    assert frames.shape == (5, 64, 64, 3)
    assert footage.numbers(frames) == [0, 2, 4, 6, 8]
    assert (shot.start, shot.stop, shot.fps) == (0, 5, 12.5)


@pytest.mark.parametrize(("fps", "told"), [(25.0, False), (50.0, True)])
def test_a_rate_above_the_videos_own_is_told(tmp_path, caplog, fps, told):
    with caplog.at_level(logging.WARNING):
        extracted(tmp_path, fps=fps)
    assert ("frames.footage.fps: 50 is above the video's own 25" in caplog.text) == told


@pytest.fixture
def several(tmp_path):
    """A folder of four videos, of which one has no split and one is broken, and their manifest."""
    for first, name in enumerate("abc"):
        write(tmp_path / f"{name}.mkv", first, 4 + first, 50 if name == "c" else 25)
    rows = {"path": ["a.mkv", "b.mkv", "c.mkv", "d.mkv"], "fps": [25.0, 25.0, 50.0, 0.0]}
    rows |= {"status": ["ok", "ok", "damaged", "broken"], "split": ["train", "", "test", "train"]}
    (tmp_path / "scratch").mkdir()
    return tmp_path, pd.DataFrame(rows), PLAIN, tmp_path / "scratch"


def test_videos_of_a_split_become_a_file_each_in_their_order(several, caplog):
    folder = extract_footage(*several, pool=ThreadPoolExecutor)
    shots = read_shots(folder)
    assert [(shot.video, shot.start, shot.stop) for shot in shots] == [("a", 0, 4), ("c", 0, 6)]
    numbers = [footage.numbers(load(folder, shot.file)) for shot in shots]
    assert numbers == [[0, 1, 2, 3], [2, 3, 4, 5, 6, 7]]
    assert "the videos have from 25 to 50 frames a second" in caplog.text


def test_of_several_videos_one_that_kills_its_worker_is_named(several, monkeypatch):
    results = iter([[], Failure("killed")])
    monkeypatch.setattr(module, "map_ordered", lambda *_, **__: results)
    with pytest.raises(UserError, match=r"c\.mkv: killed; take it out of the set"):
        extract_footage(*several)


def test_a_manifest_that_leads_out_of_its_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a path below this folder"):
        extracted(tmp_path, "../v.mkv")
