"""Stage `clips`: labelled windows of frames, ready for training."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from vidpipe.config.schema import Clips
from vidpipe.data.clips import ClipIndex, index_clips
from vidpipe.data.frames import Shot, load, read_shots
from vidpipe.data.npz import Stream
from vidpipe.data.packed import stream
from vidpipe.utils.names import amount, size
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)
GIB = 2**30
COLUMNS = 8  # frames of a clip on the sheet
ROWS = 101  # labels on the sheet, at most; UCF101 has as many


def cut(
    frames: Path, manifest: pd.DataFrame, clips: Clips
) -> tuple[dict[str, np.ndarray | Stream], bytes]:
    """Cut clips from the shots of all videos, and draw one of each label.

    Args:
        frames: Folder of `extract_clips`.
        manifest: Rows of `ingest.Entry`.
        clips: Length and stride of the clips, and the size that may be read into memory.

    Returns:
        Arrays for `clips.npz`, and a PNG. `frames` holds each frame once; a row of `clips` holds
        the indices of a clip's frames; `label`, `group` and `video` are indices into `labels`,
        `groups` and `videos`.

    Raises:
        UserError: If no shot is as long as a clip.
    """
    shots = read_shots(frames)
    index = index_clips(shots, frames=clips.frames, stride=clips.stride)
    _warn_of_short_videos(shots, index, clips.frames)

    # One row of the manifest for each clip.
    rows = manifest.astype({"path": str, "label": str, "group": str, "split": str})
    rows = rows.set_index("path").loc[[shots[n].video for n in index.shot]].reset_index()

    # A data set that does not fit into memory is stored uncompressed, to be memory-mapped.
    pixels = stream(frames, index.used)
    arrays: dict[str, np.ndarray | Stream] = {
        "frames": replace(pixels, stored=pixels.nbytes > clips.in_memory * GIB),
        "clips": index.clips,
        "split": rows["split"].to_numpy(dtype=str),
        "fps": np.array([shots[n].fps for n in index.shot]),
    }
    for column, name in (("label", "label"), ("group", "group"), ("path", "video")):
        names, number = np.unique(rows[column].to_numpy(dtype=str), return_inverse=True)
        arrays |= {f"{name}s": names, name: number.astype(np.int32)}
    log.info(
        "%s (%s) of %s, %s of frames",
        amount(len(index.clips), "clip"),
        ", ".join(f"{n} {name or 'of no split'}" for name, n in Counter(rows["split"]).items()),
        amount(len(set(rows["label"])), "label"),
        size(pixels.nbytes),
    )
    return arrays, png(_sheet(frames, shots, index, rows["label"].to_numpy(dtype=str)))


def _warn_of_short_videos(shots: Sequence[Shot], index: ClipIndex, length: int) -> None:
    cut_from = {shots[n].video for n in index.shot}
    short = sorted({shot.video for shot in shots} - cut_from)
    if short:
        log.warning(
            "%s without a clip, for want of a shot of %d frames: %s",
            amount(len(short), "video"),
            length,
            ", ".join(short),
        )


def _sheet(frames: Path, shots: Sequence[Shot], index: ClipIndex, label: np.ndarray) -> np.ndarray:
    """Draw a row for each label: frames of the label's middle clip."""
    length = index.clips.shape[1]
    places = np.linspace(0, length - 1, min(COLUMNS, length)).round().astype(int)
    names = np.unique(label)[:ROWS].tolist()
    rows = []
    for name in names:
        clips = np.flatnonzero(label == name)
        clip = clips[len(clips) // 2]
        packed = load(frames, shots[index.shot[clip]].file)
        rows.append([packed[index.start[clip] + place] for place in places])
    return grid(rows, names=names, columns=[f"frame {place + 1}" for place in places], tile=96)
