"""Frames as `pairs.npz` holds them: where windows of so many frames may begin.

Shapes: n frames, w windows.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from vidpipe.utils.errors import UserError


def run_lengths(split: np.ndarray, shot: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Count the frames of one shot and split that begin with each frame, itself among them.

    Args:
        split: Split of each frame.
        shot: Number of each frame's shot.
    """
    # A run ends where the shot or the split is another than that of the next frame.
    same = (shot[1:] == shot[:-1]) & (split[1:] == split[:-1])
    ends = np.append(np.flatnonzero(~same), len(shot) - 1)
    place = np.arange(len(shot))
    return ends[np.searchsorted(ends, place)] - place + 1


def window_starts(
    arrays: Mapping[str, np.ndarray], split: str, *, history: int, ahead: int = 1
) -> Int[np.ndarray, "w"]:
    """Return the first frame of each window, within a shot and split, that can be followed.

    A window is frames `start` to `start + history - 1`; the frames after it, up to
    `start + history + ahead - 1`, are of its shot and split too.

    Args:
        arrays: Arrays of `pairs.npz`.
        split: `seen`, `held_out` or `unseen`.
        history: Frames of a window.
        ahead: Frames that follow it.
    """
    lengths = run_lengths(arrays["frame_split"], arrays["frame_shot"])
    return np.flatnonzero((arrays["frame_split"] == split) & (lengths >= history + ahead))


def check_history(arrays: Mapping[str, np.ndarray], split: str, history: int) -> None:
    """Check that there is a window and a frame to predict after it.

    Args:
        arrays: Arrays of `pairs.npz`.
        split: `seen`, `held_out` or `unseen`.
        history: Frames of a window.

    Raises:
        UserError: If no shot has so many frames of the split.
    """
    if len(window_starts(arrays, split, history=history)):
        return
    longest_shot = np.bincount(arrays["frame_shot"]).max(initial=0)
    lengths = run_lengths(arrays["frame_split"], arrays["frame_shot"])
    longest = lengths[arrays["frame_split"] == split].max(initial=0)
    raise UserError(
        f"pix2pix.model.history: a window of {history} frames and the next one are {history + 1} "
        f"frames, but the longest shot has {longest_shot}, of which {longest} are {split}. Set "
        f"history to {max(longest - 1, 1)} or less, or take longer shots: another video, a smaller "
        "frames.footage.stride or a higher frames.footage.cut_threshold"
    )
