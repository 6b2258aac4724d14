"""Pairs of consecutive frames, and the split of each shot by time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.data.frames import Shot
from vidpipe.data.splits import GAP, HELD_OUT, SEEN
from vidpipe.utils.errors import UserError


@dataclass(frozen=True)
class PairIndex:
    """Which frame follows which, and what may be trained on.

    Attributes:
        pairs: Rows (source, target) of frame indices; never across a cut or two splits.
        pair_split: `seen` or `held_out`, pair by pair.
        frame_split: `seen`, `gap` or `held_out`, frame by frame.
        frame_shot: Number of the shot, frame by frame.
    """

    pairs: Int[np.ndarray, "p 2"]
    pair_split: np.ndarray
    frame_split: np.ndarray
    frame_shot: Int[np.ndarray, "n"]


def index_pairs(shots: Sequence[Shot], *, held_out: float, gap: int) -> PairIndex:
    """Pair consecutive frames of each shot and hold out its end.

    Each shot is split by time: first `seen`, then `gap` frames that nothing uses, then `held_out`.
    A shot too short to hold out two frames is seen whole.

    Args:
        shots: Of one packed file, in order.
        held_out: Share of each shot's frames to hold out.
        gap: Frames between the two.

    Raises:
        UserError: If no two frames follow each other.
    """
    count = shots[-1].stop if shots else 0
    split = np.full(count, GAP, dtype="U8")
    shot_of = np.zeros(count, dtype=np.int32)
    for shot in shots:
        length = shot.stop - shot.start
        held = round(held_out * length)
        if held < 2 or length - held - gap < 2:
            held, left_out = 0, 0
        else:
            left_out = gap
        split[shot.start : shot.stop - held - left_out] = SEEN
        split[shot.stop - held : shot.stop] = HELD_OUT
        shot_of[shot.start : shot.stop] = shot.shot
    first = np.arange(max(count - 1, 0))
    joined = (shot_of[first] == shot_of[first + 1]) & (split[first] == split[first + 1])
    first = first[joined & (split[first] != GAP)].astype(np.int32)
    if not len(first):
        video = shots[0].video if shots else "footage"
        longest = max((shot.stop - shot.start for shot in shots), default=0)
        raise UserError(
            f"{video}: no pairs: {count} frames in {len(shots)} shots, the longest of {longest}; "
            "a pair needs two frames of one shot. Take a longer video, a smaller "
            "frames.footage.stride (or a higher fps), or a higher frames.footage.cut_threshold"
        )
    return PairIndex(np.stack([first, first + 1], axis=1), split[first], split, shot_of)


def side_by_side(
    frames: UInt8[np.ndarray, "n h w c"], pair: Int[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w2 c"]:
    """The pair as the report's picture: source left, target right."""
    return np.concatenate([frames[pair[0]], frames[pair[1]]], axis=1)
