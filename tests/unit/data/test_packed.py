from pathlib import Path

import numpy as np
import pytest

from vidpipe.data import packed as module
from vidpipe.data.packed import stream


def test_the_stream_is_the_used_frames_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    files = {f"{n}.npy": rng.integers(0, 256, (20, 4, 4, 3), np.uint8) for n in "ab"}
    for name, frames in files.items():
        np.save(tmp_path / name, frames)
    used = {"b.npy": np.array([0, 1, 5, 6, 7]), "a.npy": np.arange(20)}
    expected = np.concatenate([files[file][chosen] for file, chosen in used.items()])
    for at_once in (1, 100, 10**6):
        monkeypatch.setattr(module, "CHUNK", at_once)
        whole = stream(tmp_path, used)
        assert (whole.shape, whole.dtype, whole.nbytes) == (
            expected.shape,
            expected.dtype,
            expected.nbytes,
        )
        parts = list(whole.parts())
        assert max(part.nbytes for part in parts) <= max(at_once, 48)
        np.testing.assert_array_equal(np.concatenate(parts), expected)
