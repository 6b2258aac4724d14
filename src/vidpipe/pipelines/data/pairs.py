"""Stage `pairs`: pairs of consecutive frames, ready for training."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from vidpipe.config.schema import Pairs
from vidpipe.data.frames import Shot, load, read_shots
from vidpipe.data.npz import Stream
from vidpipe.data.packed import stream
from vidpipe.data.pairs import PairIndex, index_pairs, side_by_side
from vidpipe.data.splits import HELD_OUT, SEEN, TEST, UNSEEN
from vidpipe.utils.names import amount, size
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)
NAMED = 3  # videos named in the log, of many
LETTERS = 20  # of a video's name, in a caption


def pack(
    frames: Path, manifest: pd.DataFrame, pairs: Pairs
) -> tuple[dict[str, np.ndarray | Stream], bytes]:
    """Index the pairs of all videos, and draw eight of them.

    Args:
        frames: Folder of `extract_footage`.
        manifest: Rows of `ingest.Entry`.
        pairs: Split by time.

    Returns:
        Arrays for `pairs.npz`, and a PNG. `frames` holds each frame once; a row of `pairs` holds
        the indices of source and target. `frame_shot` counts the shots of all videos through. If
        there are several videos, `frame_video` is each frame's index into `videos`, their names.
        `fps` is one number, the rate of most frames.

    Raises:
        UserError: If there is not one pair to learn from.
    """
    # The manifest names files, the shots their stems; a video on its own is in no split.
    held_out_whole = {
        Path(path).stem
        for path, split in zip(manifest["path"], manifest["split"], strict=True)
        if split == TEST
    }
    shots = read_shots(frames)
    index = index_pairs(shots, held_out=pairs.held_out, gap=pairs.gap, unseen=held_out_whole)
    _warn_of_videos_without_pairs(shots, index)

    lengths = np.array([shot.stop - shot.start for shot in shots])
    counts = Counter[str]()
    rates = Counter[float]()
    for shot, length in zip(shots, lengths.tolist(), strict=True):
        counts[shot.file] += length
        rates[shot.fps] += length
    pixels = stream(frames, {file: np.arange(count) for file, count in counts.items()})
    arrays: dict[str, np.ndarray | Stream] = {
        "frames": pixels,
        "pairs": index.pairs,
        "pair_split": index.pair_split,
        "frame_split": index.frame_split,
        "frame_shot": index.frame_shot,
        "fps": np.array([rates.most_common(1)[0][0]]),
    }
    videos, number = np.unique([shot.video for shot in shots], return_inverse=True)
    if len(videos) > 1:
        arrays |= {
            "frame_video": number.astype(np.int32)[index.frame_shot],
            "videos": videos,
        }
    sizes = [(split, int((index.pair_split == split).sum())) for split in (SEEN, HELD_OUT, UNSEEN)]
    log.info(
        "%s of %s: %s; %s of frames",
        amount(len(index.pairs), "pair"),
        amount(len(videos), "video"),
        ", ".join(f"{n} {split}" for split, n in sizes if n or split != UNSEEN),
        size(pixels.nbytes),
    )
    return arrays, png(_sheet(frames, shots, index))


def _warn_of_videos_without_pairs(shots: Sequence[Shot], index: PairIndex) -> None:
    used = {shots[number].video for number in np.unique(index.frame_shot[index.pairs[:, 0]])}
    without = sorted({shot.video for shot in shots} - used)
    if without:
        log.warning(
            "%s without a pair, for want of two frames that follow each other: %s",
            amount(len(without), "video"),
            ", ".join(without[:NAMED]),
        )


def _sheet(frames: Path, shots: Sequence[Shot], index: PairIndex) -> UInt8[np.ndarray, "h w c"]:
    """Draw eight pairs, spread over the footage, in two columns."""
    first = np.searchsorted(index.frame_shot, np.arange(len(shots)))
    tiles = []
    names = []
    several = len({shot.video for shot in shots}) > 1
    for pair in index.pairs[np.linspace(0, len(index.pairs) - 1, 8).round().astype(int)]:
        number = index.frame_shot[pair[0]]
        shot = shots[number]
        # Frames count through all files; these are their places in the file.
        source, target = pair - first[number] + shot.start
        tiles.append(side_by_side(load(frames, shot.file), np.array([source, target])))
        video = f"{shot.video[:LETTERS]}: " if several else ""
        names.append(f"{video}frames {source} and {target}")
    return grid([tiles[:2], tiles[2:4], tiles[4:6], tiles[6:]], captions=names, tile=160)
