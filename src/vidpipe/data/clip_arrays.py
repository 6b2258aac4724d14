"""Clips as `clips.npz` holds them: validation, and every run of so many frames in them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from vidpipe.utils.errors import UserError

SHRUNK_AT_ONCE = 256  # frames


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


def frame_rate(arrays: Mapping[str, np.ndarray]) -> float:
    """Return the frame rate of most clips in the arrays of `clips.npz`."""
    return float(np.median(arrays["fps"]))


@dataclass(frozen=True)
class ReferenceClips:
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
) -> ReferenceClips:
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
        even = np.linspace(0, len(index) - 1, most).round().astype(int)
        index = index[even]
        origin = origin[even]
    clip = rows[origin]
    return ReferenceClips(
        pixels=arrays["frames"][index], video=arrays["video"][clip], label=arrays["label"][clip]
    )


def shrunk(
    frames: UInt8[np.ndarray, "*n h w c"], side: int
) -> UInt8[np.ndarray, "*n small small c"]:
    """Shrink frames or clips to squares of about `side` pixels: means of equal blocks of them.

    Smaller ones are returned as they are.
    """
    factor = frames.shape[-2] // side
    if factor < 2:
        return frames
    lead, channels = frames.shape[:-3], frames.shape[-1]
    cut = frames.shape[-2] // factor * factor
    flat = frames.reshape(-1, *frames.shape[-3:])
    small = np.empty((len(flat), cut // factor, cut // factor, channels), np.uint8)

    # A part at a time: frames may be mapped from a file. Sums of whole numbers have no last bit.
    area = factor**2
    for start in range(0, len(flat), SHRUNK_AT_ONCE):
        part = flat[start : start + SHRUNK_AT_ONCE, :cut, :cut].astype(np.uint32)
        blocks = part.reshape(len(part), cut // factor, factor, cut // factor, factor, channels)
        small[start : start + SHRUNK_AT_ONCE] = (blocks.sum((2, 4)) + area // 2) // area
    return small.reshape(*lead, *small.shape[1:])


def at_size(arrays: Mapping[str, np.ndarray], size: int | None) -> dict[str, np.ndarray]:
    """Return the arrays of `clips.npz` with frames shrunk to the size that a model makes.

    Args:
        arrays: Arrays of `clips.npz`.
        size: Side of the frames; None: as they are.

    Raises:
        UserError: If it is larger than the frames, or does not divide their side.
    """
    side = arrays["frames"].shape[1]
    if size is not None and side % size:
        raise UserError(
            f"clips.npz: expected frames of a multiple of model.size, {size} pixels, got {side}; "
            "change the model's size or frames.clips.size"
        )
    return {**arrays, "frames": shrunk(arrays["frames"], size or side)}


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
