"""The frames of many videos as one array that is never whole in memory.

A packed file has the frames of one video: see `data/frames.py`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.data.frames import load
from vidpipe.data.npz import CHUNK, Stream


def stream(folder: Path, used: Mapping[str, Int[np.ndarray, "_"]]) -> Stream:
    """Concatenate the used frames of all packed files, read in chunks.

    Args:
        folder: Folder of the packed files.
        used: Frames of each file, as in `ClipIndex`.
    """
    frame = load(folder, next(iter(used)))[0]
    step = max(1, CHUNK // frame.nbytes)  # frames in a chunk

    def parts() -> Iterator[UInt8[np.ndarray, "n h w c"]]:
        for file, frames in used.items():
            for start in range(0, len(frames), step):
                # Map the file again for each chunk, so that pages already read are released.
                yield load(folder, file)[frames[start : start + step]]

    return Stream((sum(map(len, used.values())), *frame.shape), frame.dtype, parts)
