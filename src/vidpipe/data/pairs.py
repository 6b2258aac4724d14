"""Index pairs of consecutive frames, and split each shot by time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.data.frames import Shot
from vidpipe.data.splits import GAP, HELD_OUT, SEEN
from vidpipe.utils.errors import UserError


@dataclass(frozen=True)
class PairIndex:
    """Index of the pairs of a packed file, and their split.

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
    A shot too short to hold out two frames is all `seen`.

    Args:
        shots: Shots of one packed file, in order.
        held_out: Share of each shot's frames to hold out.
        gap: Frames between the two splits.

    Raises:
        UserError: If no two frames follow each other.
    """
    # Split and shot of each frame.
    count = shots[-1].stop if shots else 0
    frame_split = np.full(count, GAP, dtype="U8")
    frame_shot = np.zeros(count, dtype=np.int32)
    for shot in shots:
        frame_split[shot.start : shot.stop] = _split_shot(shot.stop - shot.start, held_out, gap)
        frame_shot[shot.start : shot.stop] = shot.shot
    # A pair is a frame and the next one, of the same shot and the same split.
    source = np.arange(max(count - 1, 0))
    same_shot = frame_shot[source] == frame_shot[source + 1]
    same_split = frame_split[source] == frame_split[source + 1]
    source = source[same_shot & same_split & (frame_split[source] != GAP)].astype(np.int32)
    if not len(source):
        video = shots[0].video if shots else "footage"
        longest = max((shot.stop - shot.start for shot in shots), default=0)
        raise UserError(
            f"{video}: no pairs: {count} frames in {len(shots)} shots, the longest of {longest}; "
            "a pair needs two frames of one shot. Take a longer video, a smaller "
            "frames.footage.stride (or a higher fps), or a higher frames.footage.cut_threshold"
        )
    return PairIndex(
        pairs=np.stack([source, source + 1], axis=1),
        pair_split=frame_split[source],
        frame_split=frame_split,
        frame_shot=frame_shot,
    )


def _split_shot(length: int, held_out: float, gap: int) -> np.ndarray:
    """Split the frames of one shot by time."""
    # Training and held-out frames must both be enough for a pair.
    split = np.full(length, SEEN, dtype="U8")
    held = round(held_out * length)
    if held >= 2 and length - held - gap >= 2:
        split[length - held - gap :] = GAP
        split[length - held :] = HELD_OUT
    return split


def side_by_side(
    frames: UInt8[np.ndarray, "n h w c"], pair: Int[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w2 c"]:
    """Join the two frames of a pair: source left, target right."""
    return np.concatenate([frames[pair[0]], frames[pair[1]]], axis=1)
