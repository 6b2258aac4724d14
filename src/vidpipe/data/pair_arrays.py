"""Frames as `pairs.npz` holds them: where windows of so many frames may begin.

Shapes: n frames, w windows.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from vidpipe.utils.errors import UserError


def run_lengths(arrays: Mapping[str, np.ndarray], part: str) -> Int[np.ndarray, "n"]:
    """Count the frames of a split that follow each other within a shot from each frame on.

    The frame itself counts. Frames of other splits have 0.

    Args:
        arrays: Arrays of `pairs.npz`.
        part: `seen`, `held_out` or `unseen`.
    """
    # A run ends where the shot or the split is another than that of the next frame.
    split, shot = arrays["frame_split"], arrays["frame_shot"]
    same = (shot[1:] == shot[:-1]) & (split[1:] == split[:-1])
    ends = np.append(np.flatnonzero(~same), len(shot) - 1)
    place = np.arange(len(shot))
    lengths = ends[np.searchsorted(ends, place)] - place + 1
    return np.where(split == part, lengths, 0)


def window_starts(
    runs: Int[np.ndarray, "n"], *, history: int, ahead: int = 1
) -> Int[np.ndarray, "w"]:
    """Return the first frame of each window, within a shot and split, that can be followed.

    A window is frames `start` to `start + history - 1`; the frames after it, up to
    `start + history + ahead - 1`, are of its shot and split too.

    Args:
        runs: See `run_lengths`.
        history: Frames of a window.
        ahead: Frames that follow it.
    """
    return np.flatnonzero(runs >= history + ahead)


def check_history(arrays: Mapping[str, np.ndarray], split: str, history: int) -> None:
    """Check that there is a window and a frame to predict after it.

    Args:
        arrays: Arrays of `pairs.npz`.
        split: `seen`, `held_out` or `unseen`.
        history: Frames of a window.

    Raises:
        UserError: If no shot has so many frames of the split.
    """
    longest = run_lengths(arrays, split).max(initial=0)
    if longest > history:
        return
    longest_shot = np.bincount(arrays["frame_shot"]).max(initial=0)
    raise UserError(
        f"pix2pix.model.history: a window of {history} frames and the next one are {history + 1} "
        f"frames, but the longest shot has {longest_shot}, of which {longest} are {split}. Set "
        f"history to {max(longest - 1, 1)} or less, or take longer shots: another video, a smaller "
        "frames.footage.stride or a higher frames.footage.cut_threshold"
    )
