"""Frames to pairs, and arrays to npz: fast, deterministic, opened by plain `numpy.load`."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np
from isal import isal_zlib
from jaxtyping import Int, UInt8
from numpy.lib import format as npy

from vidpipe.data.frames import Shot
from vidpipe.data.splits import GAP, HELD_OUT, SEEN
from vidpipe.errors import UserError

# What numpy and zipfile raise on bytes that are not what they should be.
DAMAGE = (
    *(OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, TypeError),
    *(zipfile.BadZipFile, zlib.error, SyntaxError, TokenError, MemoryError),
)
CHUNK = 8 * 2**20  # bytes compressed at a time
BIG = 2**31 - 2**24  # bytes; beyond, the zip needs wider sizes, which Python 3.11.3 wrote otherwise
LEVEL = 2  # of ISA-L; levels 0 to 2 give the same bytes on every processor


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


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz with ISA-L's DEFLATE, chunk by chunk: memory-mapped arrays stay on disk.

    The bytes depend on names, order and values alone.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, like every entry
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=array.nbytes > BIG) as member:
                # zipfile has no public way to choose the compressor of a member.
                member._compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)  # type: ignore[attr-defined]
                header = npy.header_data_from_array_1_0(np.empty(0, array.dtype))
                npy.write_array_header_1_0(member, {**header, "shape": array.shape})
                rows = array if array.ndim else array[None]
                some = max(1, CHUNK // max(rows[:1].nbytes, 1))
                for start in range(0, len(rows), some):
                    member.write(rows[start : start + some].tobytes())


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz, without unpickling anything.

    Raises:
        UserError: If the file is not a whole npz of plain arrays.
    """
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: expected an npz of plain arrays, this is none, or a torn one")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except DAMAGE as error:
        raise UserError(f"{path}: expected an npz of plain arrays: {error}") from error
