import logging

import pandas as pd
import pytest
from support import footage

from vidpipe.config.schema import Frames
from vidpipe.data.frames import load, read_shots
from vidpipe.pipelines.data.footage_frames import extract_footage
from vidpipe.utils.errors import UserError

PLAIN = Frames(size=64, stride=1, fps=None, cut_threshold=0.12)


def extracted(tmp_path, path="v.mkv", **changes):
    videos, scratch = tmp_path / "videos", tmp_path / "scratch"
    for folder in (videos, scratch):
        folder.mkdir()
    footage.write(videos / "v.mkv", footage.numbered(9), codec="ffv1", pix_fmt="bgr0")
    manifest = pd.DataFrame({"path": [path], "fps": [25.0]})
    return extract_footage(videos, manifest, PLAIN.model_copy(update=changes), scratch)


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


def test_a_manifest_that_leads_out_of_its_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a path below this folder"):
        extracted(tmp_path, "../v.mkv")
