"""Cut clips, windows of consecutive frames within a shot, as indices into frames stored once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from vidpipe.data.frames import Shot
from vidpipe.utils.errors import UserError


@dataclass(frozen=True)
class ClipIndex:
    """Frame indices of each clip.

    Attributes:
        clips: A row of consecutive frames of one shot for each clip. The indices count the frames
            in `used`, file by file.
        shot: Index of the shot that each clip is cut from.
        start: Index of each clip's first frame in its packed file.
        used: Frames of each packed file that belong to a clip.
    """

    clips: Int[np.ndarray, "k t"]
    shot: Int[np.ndarray, "k"]
    start: Int[np.ndarray, "k"]
    used: Mapping[str, Int[np.ndarray, "_"]]


def index_clips(shots: Sequence[Shot], *, frames: int, stride: int) -> ClipIndex:
    """Cut as many windows from each shot as fit, beginning at its start.

    Args:
        shots: Shots of any number of packed files.
        frames: Length of a clip.
        stride: Frames from the start of one clip to the start of the next.

    Raises:
        UserError: If no shot is long enough.
    """
    # Starts of all windows, and the shot of each.
    starts = [np.arange(shot.start, shot.stop - frames + 1, stride) for shot in shots]
    shot_of = np.repeat(np.arange(len(shots)), [len(shot_starts) for shot_starts in starts])
    if not len(shot_of):
        longest = max((shot.stop - shot.start for shot in shots), default=0)
        raise UserError(
            f"clips: no shot has the {frames} frames of a clip, the longest of {len(shots)} has "
            f"{longest}. Take longer videos, a smaller frames.clips.stride or clips.frames, or a "
            "higher frames.clips.fps or frames.clips.cut_threshold"
        )
    start = np.concatenate(starts)
    windows = start[:, None] + np.arange(frames)
    # Group the windows by packed file, in the order of first use.
    files = list(dict.fromkeys(shots[n].file for n in shot_of.tolist()))
    number = {file: n for n, file in enumerate(files)}
    file_of = np.array([number[shots[n].file] for n in shot_of.tolist()])
    by_file = np.split(np.argsort(file_of, kind="stable"), np.cumsum(np.bincount(file_of))[:-1])
    # Renumber the frames, so that those of no window are left out.
    clips = np.empty(windows.shape, np.int32)
    used = {}
    count = 0
    for file, rows in zip(files, by_file, strict=True):
        used[file] = np.unique(windows[rows])
        clips[rows] = count + np.searchsorted(used[file], windows[rows])
        count += len(used[file])
    return ClipIndex(clips, shot_of, start, used)
