"""Index pairs of consecutive frames; split shots by time, and videos as the manifest says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.data.frames import Shot
from vidpipe.data.splits import GAP, HELD_OUT, SEEN, UNSEEN
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount

NAMED = 3  # videos named in a message, of many


@dataclass(frozen=True)
class PairIndex:
    """Index of the pairs of the packed files, end to end, and their split.

    Attributes:
        pairs: Rows (source, target) of frame indices; never across a cut, a video or two splits.
        pair_split: `seen`, `held_out` or `unseen`, pair by pair.
        frame_split: `seen`, `gap`, `held_out` or `unseen`, frame by frame.
        frame_shot: Number of the shot in the list of shots, frame by frame.
    """

    pairs: Int[np.ndarray, "p 2"]
    pair_split: np.ndarray
    frame_split: np.ndarray
    frame_shot: Int[np.ndarray, "n"]


def index_pairs(
    shots: Sequence[Shot], *, held_out: float, gap: int, unseen: Collection[str] = ()
) -> PairIndex:
    """Pair consecutive frames of each shot and hold out its end.

    Each shot is split by time: first `seen`, then `gap` frames that nothing uses, then `held_out`.
    A shot too short to hold out two frames is all `seen`. A video held out whole is all `unseen`.

    Args:
        shots: Shots of the packed files, in order.
        held_out: Share of each shot's frames to hold out.
        gap: Frames between the two splits.
        unseen: Names of the videos that are held out whole.

    Raises:
        UserError: If no two frames to learn from follow each other.
    """
    # Split and shot of each frame.
    lengths = [shot.stop - shot.start for shot in shots]
    frame_shot = np.repeat(np.arange(len(shots), dtype=np.int32), np.array(lengths, np.int64))
    parts = [
        np.full(length, UNSEEN) if shot.video in unseen else _split_shot(length, held_out, gap)
        for shot, length in zip(shots, lengths, strict=True)
    ]
    frame_split = np.concatenate([np.empty(0, "U8"), *parts])
    # A pair is a frame and the next one, of the same shot and the same split.
    source = np.arange(max(len(frame_shot) - 1, 0))
    same_shot = frame_shot[source] == frame_shot[source + 1]
    same_split = frame_split[source] == frame_split[source + 1]
    source = source[same_shot & same_split & (frame_split[source] != GAP)].astype(np.int32)
    pair_split = frame_split[source]
    if SEEN not in pair_split:
        videos = list(dict.fromkeys(shot.video for shot in shots if shot.video not in unseen))
        lengths = [length for n, length in enumerate(lengths) if shots[n].video in videos]
        raise UserError(
            f"{', '.join(videos[:NAMED]) or 'footage'}: no pairs: "
            f"{amount(sum(lengths), 'frame')} in {amount(len(lengths), 'shot')}, the longest of "
            f"{max(lengths, default=0)}; a pair needs two frames of one shot. Take a longer video, "
            "a smaller frames.footage.stride (or a higher fps), or a higher "
            "frames.footage.cut_threshold"
        )
    return PairIndex(
        pairs=np.stack([source, source + 1], axis=1),
        pair_split=pair_split,
        frame_split=frame_split,
        frame_shot=frame_shot,
    )


def _split_shot(length: int, held_out: float, gap: int) -> np.ndarray:
    """Split the frames of one shot by time."""
    # Training and held-out frames must both be enough for a pair.
    split = np.full(length, SEEN, dtype="U8")
    withheld = round(held_out * length)
    if withheld >= 2 and length - withheld - gap >= 2:
        split[length - withheld - gap :] = GAP
        split[length - withheld :] = HELD_OUT
    return split


def side_by_side(
    frames: UInt8[np.ndarray, "n h w c"], pair: Int[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w2 c"]:
    """Join the two frames of a pair: source left, target right."""
    return np.concatenate([frames[pair[0]], frames[pair[1]]], axis=1)
