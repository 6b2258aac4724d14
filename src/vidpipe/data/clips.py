"""Cut clips, windows of consecutive frames within a shot, as indices into frames stored once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.data.frames import Shot, load
from vidpipe.data.npz import CHUNK, Stream
from vidpipe.utils.errors import UserError


@dataclass(frozen=True)
class ClipIndex:
    """Frame indices of each clip.

    Attributes:
        clips: A row of consecutive frames of one shot for each clip. The indices count the frames
            in `used`, file by file.
        shot: Index of the shot that each clip is cut from.
        start: Index of each clip's first frame in its packed file.
        used: Frames of each packed file that belong to a clip.
    """

    clips: Int[np.ndarray, "k t"]
    shot: Int[np.ndarray, "k"]
    start: Int[np.ndarray, "k"]
    used: Mapping[str, Int[np.ndarray, "_"]]


def index_clips(shots: Sequence[Shot], *, frames: int, stride: int) -> ClipIndex:
    """Cut as many windows from each shot as fit, beginning at its start.

    Args:
        shots: Shots of any number of packed files.
        frames: Length of a clip.
        stride: Frames from the start of one clip to the start of the next.

    Raises:
        UserError: If no shot is long enough.
    """
    # Starts of all windows, and the shot of each.
    starts = [np.arange(shot.start, shot.stop - frames + 1, stride) for shot in shots]
    shot_of = np.repeat(np.arange(len(shots)), [len(shot_starts) for shot_starts in starts])
    if not len(shot_of):
        longest = max((shot.stop - shot.start for shot in shots), default=0)
        raise UserError(
            f"clips: no shot has the {frames} frames of a clip, the longest of {len(shots)} has "
            f"{longest}. Take longer videos, a smaller frames.clips.stride or clips.frames, or a "
            "higher frames.clips.fps or frames.clips.cut_threshold"
        )
    start = np.concatenate(starts)
    windows = start[:, None] + np.arange(frames)
    # Group the windows by packed file, in the order of first use.
    files = list(dict.fromkeys(shots[n].file for n in shot_of.tolist()))
    number = {file: n for n, file in enumerate(files)}
    file_of = np.array([number[shots[n].file] for n in shot_of.tolist()])
    by_file = np.split(np.argsort(file_of, kind="stable"), np.cumsum(np.bincount(file_of))[:-1])
    # Renumber the frames, so that those of no window are left out.
    clips = np.empty(windows.shape, np.int32)
    used = {}
    count = 0
    for file, rows in zip(files, by_file, strict=True):
        used[file] = np.unique(windows[rows])
        clips[rows] = count + np.searchsorted(used[file], windows[rows])
        count += len(used[file])
    return ClipIndex(clips, shot_of, start, used)


def stream(folder: Path, used: Mapping[str, Int[np.ndarray, "_"]]) -> Stream:
    """Concatenate the used frames of all packed files, read in chunks.

    Args:
        folder: Folder of the packed files.
        used: Frames of each file, as in `ClipIndex`.
    """

    def parts() -> Iterator[UInt8[np.ndarray, "n h w c"]]:
        for file, frames in used.items():
            for start in range(0, len(frames), step):
                # Map the file again for each chunk, so that pages already read are released.
                yield load(folder, file)[frames[start : start + step]]

    frame = load(folder, next(iter(used)))[0]
    step = max(1, CHUNK // frame.nbytes)
    return Stream((sum(map(len, used.values())), *frame.shape), frame.dtype, parts)


def check(arrays: Mapping[str, np.ndarray]) -> None:
    """Check the arrays of `clips.npz`: types, shapes and ranges.

    Raises:
        UserError: If an array is not as `cut` writes it; the message names it.
    """
    frames, clips, fps = (arrays[name] for name in ("frames", "clips", "fps"))
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1] != frames.shape[2]:
        got = f"{frames.dtype} of {' x '.join(map(str, frames.shape))}"
        raise _invalid("frames", "uint8 of n x side x side x channels", got)
    if clips.dtype.kind not in "iu" or clips.ndim != 2 or not _within(clips, len(frames)):
        raise _invalid("clips", f"rows of indices of {len(frames)} frames", "others")
    if fps.dtype.kind not in "fiu" or not (np.isfinite(fps) & (fps > 0)).all():
        raise _invalid("fps", "finite numbers above 0", "others")


def _within(index: np.ndarray, count: int) -> bool:
    return bool(((index >= 0) & (index < count)).all())


def _invalid(name: str, expected: str, got: str) -> UserError:
    return UserError(
        f"clips.npz, {name}: expected {expected}, got {got}; make it anew: dvc repro clips"
    )


@dataclass(frozen=True)
class Stretches:
    """Clips of a split, cut to the length that a model generates.

    Attributes:
        pixels: The clips.
        video: Number of each clip's video.
        label: Number of each clip's label.
    """

    pixels: UInt8[np.ndarray, "k t h w c"]
    video: Int[np.ndarray, "k"]
    label: Int[np.ndarray, "k"]

    def __len__(self) -> int:
        return len(self.pixels)


def stretches(
    arrays: Mapping[str, np.ndarray], split: str, *, frames: int, most: int | None = None
) -> Stretches:
    """Return all windows of the clips of a split, each once, or an even choice of them.

    Args:
        arrays: Arrays of `clips.npz`.
        split: `train` or `test`.
        frames: Length of a window.
        most: Largest number of windows; None: all.

    Raises:
        UserError: If the clips are shorter.
    """
    # Windows of the split, thinned evenly if there are too many.
    rows = np.flatnonzero(arrays["split"] == split)
    index, origin = windows(arrays["clips"][rows], frames)
    if most is not None and most < len(index):
        chosen = np.linspace(0, len(index) - 1, most).round().astype(int)
        index = index[chosen]
        origin = origin[chosen]
    clip = rows[origin]
    return Stretches(
        pixels=arrays["frames"][index], video=arrays["video"][clip], label=arrays["label"][clip]
    )


def windows(
    clips: Int[np.ndarray, "k whole"], frames: int
) -> tuple[Int[np.ndarray, "n t"], Int[np.ndarray, "n"]]:
    """Return all windows of a given length in the clips, each once, in the order of the frames.

    Args:
        clips: Rows of frame indices.
        frames: Length of a window.

    Returns:
        Rows of frame indices, and the row of `clips` that each is cut from.

    Raises:
        UserError: If the clips are shorter.
    """
    whole = clips.shape[1]
    if frames > whole:
        raise UserError(
            f"clips.frames: expected clips of at least the {frames} frames that the model makes, "
            f"got {whole}"
        )
    # Clips overlap, so the same window may occur in two of them.
    every = np.lib.stride_tricks.sliding_window_view(clips, frames, axis=1).reshape(-1, frames)
    unique, first = np.unique(every, axis=0, return_index=True)
    return unique, first // (whole - frames + 1)
