"""Stage `clips`: windows of frames with what they show, ready for training."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from vidpipe.config.schema import Clips
from vidpipe.data.clips import ClipIndex, index_clips, stream
from vidpipe.data.frames import Shot, load, read_shots
from vidpipe.data.npz import Stream
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)
GIB = 2**30
ACROSS = 8  # frames of a clip on the sheet
DOWN = 101  # labels on the sheet, at most; UCF101 has as many


def cut(
    frames: Path, manifest: pd.DataFrame, clips: Clips
) -> tuple[dict[str, np.ndarray | Stream], bytes]:
    """Cut clips from the shots of all videos, and draw one of each label.

    Returns:
        Arrays for `clips.npz` and a PNG. Each of `frames` stands once, `clips` says which make a
        clip; `label`, `group` and `video` of a clip count in `labels`, `groups` and `videos`.

    Raises:
        UserError: If no shot is as long as a clip.
    """
    shots = read_shots(frames)
    index = index_clips(shots, frames=clips.frames, stride=clips.stride)
    _name_short(shots, index, clips.frames)
    whole = stream(frames, index.kept)
    shown = manifest.astype({"path": str, "label": str, "group": str, "split": str})
    shown = shown.set_index("path").loc[[shots[n].video for n in index.shot]].reset_index()
    arrays: dict[str, np.ndarray | Stream] = {
        "frames": replace(whole, stored=whole.nbytes > clips.in_memory * GIB),
        "clips": index.clips,
        "split": shown["split"].to_numpy(dtype=str),
        "fps": np.array([shots[n].fps for n in index.shot]),
    }
    for column, one in (("label", "label"), ("group", "group"), ("path", "video")):
        names, place = np.unique(shown[column].to_numpy(dtype=str), return_inverse=True)
        arrays |= {f"{one}s": names, one: place.astype(np.int32)}
    log.info(
        "%d clips (%s) of %d labels, %.2f GiB of frames",
        len(index.clips),
        ", ".join(f"{n} {name or 'of no split'}" for name, n in Counter(shown["split"]).items()),
        len(set(shown["label"])),
        whole.nbytes / GIB,
    )
    return arrays, png(_sheet(frames, shots, index, shown["label"].to_numpy(dtype=str)))


def _name_short(shots: Sequence[Shot], index: ClipIndex, length: int) -> None:
    cut_from = {shots[n].video for n in index.shot}
    short = sorted({shot.video for shot in shots} - cut_from)
    if short:
        log.warning(
            "%d videos give no clip, for they have no shot of %d frames: %s",
            len(short),
            length,
            ", ".join(short),
        )


def _sheet(frames: Path, shots: Sequence[Shot], index: ClipIndex, label: np.ndarray) -> np.ndarray:
    """A row for each label: frames of the clip in the middle of its clips."""
    length = index.clips.shape[1]
    places = np.linspace(0, length - 1, min(ACROSS, length)).round().astype(int)
    names = np.unique(label)[:DOWN].tolist()
    rows = []
    for name in names:
        of_label = np.flatnonzero(label == name)
        clip = of_label[len(of_label) // 2]
        packed = load(frames, shots[index.shot[clip]].file)
        rows.append([packed[index.start[clip] + place] for place in places])
    return grid(rows, names=names, columns=[f"frame {place + 1}" for place in places], tile=96)
