"""Clips: windows of consecutive frames within a shot, as indices of frames that are kept once."""

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
    """Which frames each clip is made of.

    Attributes:
        clips: Rows of frame indices, each from frame to next within one shot.
        shot: Index of the shot that each clip is cut from.
        start: Where each clip starts in its packed file.
        kept: The frames of each packed file that stand in a clip; the clips' indices count them
            file by file.
    """

    clips: Int[np.ndarray, "k t"]
    shot: Int[np.ndarray, "k"]
    start: Int[np.ndarray, "k"]
    kept: Mapping[str, Int[np.ndarray, "_"]]


def index_clips(shots: Sequence[Shot], *, frames: int, stride: int) -> ClipIndex:
    """Cut windows from each shot, from its start on, as many as fit.

    Args:
        shots: Of any number of packed files.
        frames: Length of a clip.
        stride: Frames from the start of one clip to that of the next.

    Raises:
        UserError: If no shot is long enough.
    """
    starts = [np.arange(shot.start, shot.stop - frames + 1, stride) for shot in shots]
    shot_of = np.repeat(np.arange(len(shots)), [len(of_shot) for of_shot in starts])
    if not len(shot_of):
        longest = max((shot.stop - shot.start for shot in shots), default=0)
        raise UserError(
            f"clips: no shot has the {frames} frames of a clip, the longest of {len(shots)} has "
            f"{longest}. Take longer videos, a smaller frames.clips.stride or clips.frames, or a "
            "higher frames.clips.fps or frames.clips.cut_threshold"
        )
    start = np.concatenate(starts)
    windows = start[:, None] + np.arange(frames)
    files = list(dict.fromkeys(shots[n].file for n in shot_of.tolist()))
    number = {file: n for n, file in enumerate(files)}
    file_of = np.array([number[shots[n].file] for n in shot_of.tolist()])
    by_file = np.split(np.argsort(file_of, kind="stable"), np.cumsum(np.bincount(file_of))[:-1])
    clips, kept, count = np.empty(windows.shape, np.int32), {}, 0
    for file, here in zip(files, by_file, strict=True):
        kept[file] = np.unique(windows[here])
        clips[here] = count + np.searchsorted(kept[file], windows[here])
        count += len(kept[file])
    return ClipIndex(clips, shot_of, start, kept)


def stream(folder: Path, kept: Mapping[str, Int[np.ndarray, "_"]]) -> Stream:
    """The kept frames of all packed files, end to end, read a stretch at a time."""

    def parts() -> Iterator[UInt8[np.ndarray, "n h w c"]]:
        for file, chosen in kept.items():
            for start in range(0, len(chosen), at_once):
                # Mapped anew each time, so that what was read does not stay in memory.
                yield load(folder, file)[chosen[start : start + at_once]]

    one = load(folder, next(iter(kept)))[0]
    at_once = max(1, CHUNK // one.nbytes)
    return Stream((sum(map(len, kept.values())), *one.shape), one.dtype, parts)


def check(arrays: Mapping[str, np.ndarray]) -> None:
    """Hold arrays to what `clips.npz` is made of, whoever made it.

    Raises:
        UserError: Naming the array that can neither be learnt from nor compared with.
    """
    frames, clips, fps = (arrays[name] for name in ("frames", "clips", "fps"))
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1] != frames.shape[2]:
        got = f"{frames.dtype} of {' x '.join(map(str, frames.shape))}"
        raise _unsound("frames", "uint8 of n x side x side x channels", got)
    if clips.dtype.kind not in "iu" or clips.ndim != 2 or not _within(clips, len(frames)):
        raise _unsound("clips", f"rows of indices of {len(frames)} frames", "others")
    if fps.dtype.kind not in "fiu" or not (np.isfinite(fps) & (fps > 0)).all():
        raise _unsound("fps", "finite numbers above 0", "others")


def _within(index: np.ndarray, count: int) -> bool:
    return bool(((index >= 0) & (index < count)).all())


def _unsound(name: str, expected: str, got: str) -> UserError:
    return UserError(
        f"clips.npz, {name}: expected {expected}, got {got}; make it anew: dvc repro clips"
    )


@dataclass(frozen=True)
class Stretches:
    """Clips of any length, cut from those of `clips.npz`.

    Attributes:
        pixels: Themselves.
        video: Number of the video that each was cut from.
        label: Number of what each shows.
    """

    pixels: UInt8[np.ndarray, "k t h w c"]
    video: Int[np.ndarray, "k"]
    label: Int[np.ndarray, "k"]

    def __len__(self) -> int:
        return len(self.pixels)


def stretches(
    arrays: Mapping[str, np.ndarray], split: str, *, frames: int, most: int | None = None
) -> Stretches:
    """Every stretch of so many frames in the clips of a split, each once, or an even choice.

    Args:
        arrays: Of `clips.npz`.
        split: `train` or `test`.
        frames: Of a stretch.
        most: Stretches; None: all.

    Raises:
        UserError: If the clips are shorter.
    """
    rows = np.flatnonzero(arrays["split"] == split)
    index, found = windows(arrays["clips"][rows], frames)
    if most is not None and most < len(index):
        some = np.linspace(0, len(index) - 1, most).round().astype(int)
        index, found = index[some], found[some]
    origin = rows[found]
    return Stretches(arrays["frames"][index], arrays["video"][origin], arrays["label"][origin])


def windows(
    clips: Int[np.ndarray, "k whole"], frames: int
) -> tuple[Int[np.ndarray, "n t"], Int[np.ndarray, "n"]]:
    """Every stretch of so many frames in the clips, each once, in the order of the frames.

    Args:
        clips: Rows of frame indices.
        frames: Length of a stretch.

    Returns:
        Rows of frame indices, and for each the row of `clips` that it was found in.

    Raises:
        UserError: If the clips are shorter.
    """
    whole = clips.shape[1]
    if frames > whole:
        raise UserError(
            f"clips.frames: expected clips of at least the {frames} frames that the model makes, "
            f"got {whole}"
        )
    found = np.lib.stride_tricks.sliding_window_view(clips, frames, axis=1).reshape(-1, frames)
    stretches, first = np.unique(found, axis=0, return_index=True)
    return stretches, first // (whole - frames + 1)
