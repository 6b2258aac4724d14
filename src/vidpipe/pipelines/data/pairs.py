"""Stage `pairs`: pairs of consecutive frames, ready for training."""

import logging
from pathlib import Path

import numpy as np

from vidpipe.config.schema import Pairs
from vidpipe.data.frames import load, read_shots
from vidpipe.data.pairs import index_pairs, side_by_side
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)


def pack(frames: Path, pairs: Pairs) -> tuple[dict[str, np.ndarray], bytes]:
    """Index the pairs of the one video, and draw eight of them.

    Returns:
        Arrays for `pairs.npz`, and a PNG. `frames` holds each frame once; a row of `pairs` holds
        the indices of source and target.

    Raises:
        UserError: If there is not one pair.
    """
    shots = read_shots(frames)
    index = index_pairs(shots, held_out=pairs.held_out, gap=pairs.gap)
    packed = load(frames, shots[0].file)
    counts = {split: int((index.pair_split == split).sum()) for split in (SEEN, HELD_OUT)}
    sizes = ", ".join(f"{n} {split}" for split, n in counts.items())
    log.info("%d pairs: %s", len(index.pairs), sizes)
    arrays = {
        "frames": packed,
        "pairs": index.pairs,
        "pair_split": index.pair_split,
        "frame_split": index.frame_split,
        "frame_shot": index.frame_shot,
        "fps": np.array([shots[0].fps]),
    }
    # Eight pairs, spread over the video, in two columns.
    chosen = index.pairs[np.linspace(0, len(index.pairs) - 1, 8).round().astype(int)]
    tiles = [side_by_side(packed, pair) for pair in chosen]
    names = [f"frames {pair[0]} and {pair[1]}" for pair in chosen]
    sheet = grid([tiles[:2], tiles[2:4], tiles[4:6], tiles[6:]], captions=names, tile=160)
    return arrays, png(sheet)
