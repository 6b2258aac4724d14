"""From a video to shots of square frames in one packed file that can be memory-mapped.

Frames stream from the decoder to the file, so memory does not grow with the video's length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from numpy.lib import format as npy

from vidpipe.data.files import inside, named
from vidpipe.data.video import Decoded, Square, Thumbnail, decode, rate
from vidpipe.utils.errors import UserError

SHOTS = "shots.csv"
BUFFER = 2**20  # bytes written at a time
TOGETHER = 8  # frames compared at a time: NumPy takes hardly longer over them than over one


@dataclass(frozen=True)
class Shot:
    """Frames `start` to `stop - 1` of a packed file, filmed without a cut.

    Attributes:
        video: Name of the video.
        file: Name of the packed file.
        shot: Number of the shot in its video, from 0.
        start: Index of its first frame.
        stop: Index after its last frame.
        fps: Frames per second, after sampling.
    """

    video: str
    file: str
    shot: int
    start: int
    stop: int
    fps: float


@dataclass(frozen=True)
class Sampled:
    """A decoded frame that was chosen, and whether a cut lies between it and the one before."""

    decoded: Decoded
    cut: bool


def extract(
    path: Path,
    folder: Path,
    *,
    size: int,
    stride: int,
    fps: float | None,
    cut_threshold: float,
    quick: bool = False,
) -> list[Shot]:
    """Write `<stem>.npy`, uint8 (t h w c), and say where its shots are.

    Args:
        path: The video.
        folder: Where the packed file goes.
        size: Side of the frames in pixels.
        stride: Keep every stride-th frame of the rate chosen.
        fps: Rate to sample at; None keeps the video's own.
        cut_threshold: Mean change of luma (0 to 1) from frame to frame that makes a shot cut.
        quick: Scale in half the time, nearly as well; see `Square`.

    Raises:
        UserError: If the file is not a video that can be read.
    """
    own_rate = rate(path)
    target_rate = (Fraction(str(fps)) if fps else own_rate) / stride
    packed = folder / f"{path.stem}.npy"
    square = Square(size, quick=quick)
    starts: list[int] = []
    count = 0
    seen = with_changes(decode(path))
    with named(packed), packed.open("wb", BUFFER) as file:
        _write_header(file, (0, size, size, 3))
        for sampled in sample(
            seen, own_rate=own_rate, target_rate=target_rate, cut_threshold=cut_threshold
        ):
            if sampled.cut or count == 0:
                starts.append(count)
            file.write(square(sampled.decoded).data)
            count += 1
        if count == 0:
            raise UserError(f"{path}: no frame of it can be decoded")
        file.seek(0)
        _write_header(file, (count, size, size, 3))
    fps = round(float(target_rate), 3)
    stops = [*starts[1:], count]
    return [
        Shot(path.stem, packed.name, number, start, stop, fps)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]


def with_changes(frames: Iterator[Decoded]) -> Iterator[tuple[Decoded, float]]:
    """Each frame with its mean change of luma, 0 to 1, from the one before; none from the first."""
    thumbnail, last = Thumbnail(), None
    while some := list(islice(frames, TOGETHER)):
        small = np.stack([thumbnail(frame) for frame in some])
        before = np.concatenate([small[:1] if last is None else last, small[:-1]])
        change = np.maximum(small, before) - np.minimum(small, before)
        yield from zip(some, (change.mean(axis=(1, 2)) / 255).tolist(), strict=True)
        last = small[-1:]


def sample(
    frames: Iterator[tuple[Decoded, float]],
    *,
    own_rate: Fraction,
    target_rate: Fraction,
    cut_threshold: float,
) -> Iterator[Sampled]:
    """The frame on display at each tick of an even clock, as time stamps tell.

    At a video's own even rate that is every frame once. Cuts are looked for between all frames
    that were decoded, so a coarse clock takes no motion for a cut.

    Args:
        frames: All frames of a video, with their changes.
        own_rate: Its frames per second.
        target_rate: Ticks per second.
        cut_threshold: Mean change of luma, 0 to 1, that makes a cut.
    """
    period = float(1 / target_rate)
    slack = min(period, float(1 / own_rate)) / 2  # stamps jitter around the clock's ticks
    tick, shown, cut = 0, None, False
    for frame, change in frames:
        while shown is not None and tick * period < frame.time - slack:
            yield Sampled(shown, cut)
            tick, cut = tick + 1, False
        shown, cut = frame, cut or change > cut_threshold
    if shown is not None and tick * period <= shown.time + slack:
        yield Sampled(shown, cut)


def load(folder: Path, file: str) -> UInt8[np.ndarray, "t h w c"]:
    """The frames of one packed file, memory-mapped.

    Raises:
        UserError: If the name leads out of the folder.
    """
    frames: np.ndarray = np.load(inside(folder, file), mmap_mode="r", allow_pickle=False)
    return frames


def write_shots(folder: Path, shots: Sequence[Shot]) -> None:
    """The manifest beside the packed files."""
    pd.DataFrame([asdict(shot) for shot in shots]).to_csv(folder / SHOTS, index=False)


def read_shots(folder: Path) -> list[Shot]:
    """What `write_shots` wrote."""
    text = {"video": str, "file": str}
    table = pd.read_csv(folder / SHOTS, dtype=text, keep_default_na=False)
    return [Shot(*row) for row in table.itertuples(index=False)]


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """NumPy leaves room for a longer first axis, so the true count fits in afterwards."""
    npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
