import io

import numpy as np
import pytest
from PIL import Image

from vidpipe.config.schema import Pairs
from vidpipe.data.frames import Shot, write_shots
from vidpipe.pipelines.data.pairs import pack
from vidpipe.utils.errors import UserError


def frames_of(folder, *lengths):
    """The folder of a video whose frames tell their number, in shots of these lengths."""
    count = sum(lengths)
    levels = 10 * np.arange(count, dtype=np.uint8)[:, None, None, None]
    np.save(folder / "v.npy", np.broadcast_to(levels, (count, 16, 16, 3)))
    stops = np.cumsum(lengths).tolist()
    spans = zip([0, *stops], stops, strict=False)
    write_shots(folder, [Shot("v", "v.npy", n, *span, 25.0) for n, span in enumerate(spans)])
    return folder


def test_frames_are_packed_once_with_pairs_splits_shots_and_rate(tmp_path):
    arrays, sheet = pack(frames_of(tmp_path, 12, 3), Pairs(held_out=0.25, gap=1))
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


def test_a_video_without_pairs_is_refused(tmp_path):
    with pytest.raises(UserError, match="no pairs: 2 frames in 2 shots"):
        pack(frames_of(tmp_path, 1, 1), Pairs(held_out=0.25, gap=1))
