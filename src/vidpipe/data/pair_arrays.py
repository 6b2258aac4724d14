"""Frames and pairs as `pairs.npz` holds them: how much of the past each frame has.

Shapes: n frames, p pairs.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from vidpipe.data.splits import GAP
from vidpipe.utils.errors import UserError


def past_lengths(split: np.ndarray, shot: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Count the frames of one shot and split that end with each frame, itself among them.

    A frame ends a window of k frames if its count is at least k. Frames of the gap have 0.

    Args:
        split: Split of each frame.
        shot: Number of each frame's shot.
    """
    count = len(shot)
    place = np.arange(count)
    # A run begins where the shot or the split is another than that of the frame before.
    begins = np.ones(count, dtype=bool)
    begins[1:] = (shot[1:] != shot[:-1]) | (split[1:] != split[:-1])
    lengths = place - np.maximum.accumulate(np.where(begins, place, 0)) + 1
    lengths[split == GAP] = 0
    return lengths


def pairs_with_history(
    arrays: Mapping[str, np.ndarray], split: str, history: int
) -> Int[np.ndarray, "p 2"]:
    """Return the pairs of a split whose source ends a window of `history` frames of it.

    The window of a pair is frames `source - history + 1` to `source`.

    Args:
        arrays: Arrays of `pairs.npz`.
        split: `seen`, `held_out` or `unseen`.
        history: Frames of a window.

    Raises:
        UserError: If no shot has so many frames of the split, and one to predict.
    """
    lengths = past_lengths(arrays["frame_split"], arrays["frame_shot"])
    pairs = arrays["pairs"][arrays["pair_split"] == split]
    complete = pairs[lengths[pairs[:, 0]] >= history]
    if not len(complete):
        longest_shot = np.bincount(arrays["frame_shot"]).max(initial=0)
        longest = lengths[arrays["frame_split"] == split].max(initial=0)
        raise UserError(
            f"pix2pix.model.history: a window of {history} frames and the next one are "
            f"{history + 1} frames, but the longest shot has {longest_shot}, of which {longest} "
            f"are {split}. Set history to {max(longest - 1, 1)} or less, or take longer shots: "
            "another video, a smaller frames.footage.stride or a higher "
            "frames.footage.cut_threshold"
        )
    return complete
