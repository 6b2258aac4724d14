import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vidpipe.config.schema import Pairs
from vidpipe.data.frames import Shot, read_shots, write_shots
from vidpipe.data.npz import read_npz, write_npz
from vidpipe.pipelines.data.pairs import pack
from vidpipe.utils.errors import UserError


def frames_of(folder, *lengths, video="v", first=0, fps=25.0):
    """The folder of a video whose frames tell their number, in shots of these lengths."""
    count = sum(lengths)
    levels = 10 * np.arange(first, first + count, dtype=np.uint8)[:, None, None, None]
    np.save(folder / f"{video}.npy", np.broadcast_to(levels, (count, 16, 16, 3)))
    stops = np.cumsum(lengths).tolist()
    spans = zip([0, *stops], stops, strict=False)
    earlier = read_shots(folder) if first else []
    shots = [Shot(video, f"{video}.npy", n, *span, fps) for n, span in enumerate(spans)]
    write_shots(folder, [*earlier, *shots])
    return folder


def packed(folder, splits, pairs, tmp_path):
    """Arrays as they are read again, and the sheet."""
    rows = [(f"{name}.mkv", split) for name, split in splits.items()]
    manifest = pd.DataFrame(rows, columns=["path", "split"])
    arrays, sheet = pack(folder, manifest, pairs)
    write_npz(tmp_path / "pairs.npz", arrays)
    return read_npz(tmp_path / "pairs.npz"), sheet


def test_frames_are_packed_once_with_pairs_splits_shots_and_rate(tmp_path):
    folder = frames_of(tmp_path, 12, 3)
    arrays, sheet = packed(folder, {"v": ""}, Pairs(held_out=0.25, gap=1), tmp_path)
    names = ["frames", "pairs", "pair_split", "frame_split", "frame_shot", "fps"]
    assert list(arrays) == names, "of one video no more"
    assert arrays["frames"][:, 0, 0, 0].tolist() == list(range(0, 150, 10))
    source, target = arrays["pairs"].T
    assert source.tolist() == [*range(7), 9, 10, 12, 13]
    assert (target == source + 1).all()
    assert arrays["pair_split"].tolist() == ["seen"] * 7 + ["held_out"] * 2 + ["seen"] * 2
    assert arrays["frame_split"].tolist()[7:10] == ["seen", "gap", "held_out"]
    assert arrays["frame_shot"].tolist() == [0] * 12 + [1] * 3
    assert arrays["fps"].tolist() == [25.0]
    with Image.open(io.BytesIO(sheet)) as page:
        assert page.width > 2 * 2 * 160


def test_several_videos_are_packed_end_to_end_and_those_to_test_on_are_unseen(tmp_path, caplog):
    frames_of(tmp_path, 4, 2)
    frames_of(tmp_path, 3, video="w", first=6)
    frames_of(tmp_path, 1, video="still", first=9, fps=50.0)
    splits = {"v": "train", "w": "test", "still": "train"}
    arrays, _ = packed(tmp_path, splits, Pairs(held_out=0, gap=0), tmp_path)
    assert arrays["frames"][:, 0, 0, 0].tolist() == list(range(0, 100, 10))
    assert arrays["pairs"][:, 0].tolist() == [0, 1, 2, 4, 6, 7]
    assert arrays["pair_split"].tolist() == ["seen"] * 4 + ["unseen"] * 2
    assert arrays["frame_shot"].tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 3]
    names = arrays["videos"][arrays["frame_video"]].tolist()
    assert names == ["v"] * 6 + ["w"] * 3 + ["still"]
    assert arrays["fps"].tolist() == [25.0]
    line = "1 video without a pair, for want of two frames that follow each other: still"
    assert line in caplog.text


def test_a_video_without_pairs_is_refused(tmp_path):
    folder = frames_of(tmp_path, 1, 1)
    with pytest.raises(UserError, match="no pairs: 2 frames in 2 shots"):
        packed(folder, {"v": ""}, Pairs(held_out=0.25, gap=1), tmp_path)
