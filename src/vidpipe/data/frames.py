"""Extract the square frames of a video into one file that can be memory-mapped, shot by shot.

Frames stream from the decoder to the file, so memory does not grow with the video's length.
"""

import logging
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
from vidpipe.data.video import PAUSE, Decoded, Square, Thumbnail, decode, rate
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
SHOTS = "shots.csv"
WRITE_BUFFER = 2**20  # bytes
COMPARED = 8  # frames compared at a time: hardly slower in NumPy than one
ALIKE = 1.01  # ratio of frame rates that count as one


@dataclass(frozen=True)
class Shot:
    """A shot: frames `start` to `stop - 1` of a packed file, without a cut or pause.

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
    """A frame that the sampling chose.

    Attributes:
        decoded: The frame.
        cut: A shot cut or a pause lies between it and the sample before.
    """

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
    """Write the frames to `<stem>.npy`, uint8 (t h w c), and return their shots.

    Args:
        path: The video.
        folder: Folder of the packed file.
        size: Side of the frames in pixels.
        stride: Keep every stride-th frame of those at `fps`.
        fps: Sampling rate, before the stride; None: the video's own.
        cut_threshold: Mean change of luma (0 to 1) between two frames that counts as a cut.
        quick: Scale in half the time, nearly as well; see `Square`.

    Raises:
        UserError: If the file is not a video that can be read.
    """
    own_rate = rate(path)
    # Of a film of one frame a second, 25 samples a second would be repeats but for one in 25.
    target_rate = min((Fraction(str(fps)) if fps else own_rate) / stride, PAUSE * own_rate)
    packed = folder / f"{path.stem}.npy"
    square = Square(size, quick=quick)
    samples = sample(
        luma_changes(decode(path)),
        own_rate=own_rate,
        target_rate=target_rate,
        cut_threshold=cut_threshold,
    )
    with named(packed), packed.open("wb", WRITE_BUFFER) as file:
        # The number of frames is not yet clear: write the header again at the end.
        _write_header(file, (0, size, size, 3))
        starts, count = _write_frames(file, samples, square)
        if count == 0:
            raise UserError(f"{path}: no frame of it can be decoded")
        file.seek(0)
        _write_header(file, (count, size, size, 3))
    # A shot ends where the next one starts.
    sampled_fps = round(float(target_rate), 3)
    stops = [*starts[1:], count]
    return [
        Shot(path.stem, packed.name, number, start, stop, sampled_fps)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]


def _write_frames(
    file: BinaryIO, samples: Iterator[Sampled], square: Square
) -> tuple[list[int], int]:
    """Write all samples; return the index of each shot's first frame, and the number of frames."""
    starts: list[int] = []
    count = 0
    for sampled in samples:
        if sampled.cut or count == 0:
            starts.append(count)
        file.write(square(sampled.decoded).data)
        count += 1
    return starts, count


def luma_changes(frames: Iterator[Decoded]) -> Iterator[tuple[Decoded, float]]:
    """Yield each frame with its mean change of luma, 0 to 1, from the one before (first frame: 0).

    The change is measured on thumbnails.
    """
    thumbnail = Thumbnail()
    last = None
    while batch := list(islice(frames, COMPARED)):
        luma = np.stack([thumbnail(frame) for frame in batch])
        previous = np.concatenate([luma[:1] if last is None else last, luma[:-1]])
        change = np.maximum(luma, previous) - np.minimum(luma, previous)  # in uint8, no overflow
        yield from zip(batch, (change.mean(axis=(1, 2)) / 255).tolist(), strict=True)
        last = luma[-1:]


def sample(
    frames: Iterator[tuple[Decoded, float]],
    *,
    own_rate: Fraction,
    target_rate: Fraction,
    cut_threshold: float,
) -> Iterator[Sampled]:
    """Yield the frame on display at each tick of a regular clock, by the frames' time stamps.

    At the video's own constant rate that is every frame once. Cuts are detected between all decoded
    frames, so motion between two distant samples is not mistaken for a cut. A frame that stays on
    display for up to `PAUSE` frames is sampled again; a longer pause ends the shot.

    Args:
        frames: All frames of a video, with their changes.
        own_rate: The video's frames per second.
        target_rate: Ticks per second.
        cut_threshold: Mean change of luma, 0 to 1, that counts as a cut.
    """
    period = float(1 / target_rate)
    own_period = float(1 / own_rate)
    slack = min(period, own_period) / 2  # time stamps jitter around the ticks
    longest = PAUSE * max(period, own_period) + slack
    start = 0.0  # of the clock
    tick = 0
    on_display = None
    cut = False
    for frame, change in frames:
        if on_display is not None and frame.time - on_display.time > longest:
            # A pause: nothing moves, so the shot ends as the video does, and the clock starts anew.
            if tick * period <= on_display.time - start + slack:
                yield Sampled(on_display, cut)
            start = frame.time
            tick = 0
            cut = True
        # The frame before this one is on display at all ticks until this one's time.
        while on_display is not None and tick * period < frame.time - start - slack:
            yield Sampled(on_display, cut)
            tick += 1
            cut = False
        on_display = frame
        cut = cut or change > cut_threshold
    if on_display is not None and tick * period <= on_display.time - start + slack:
        yield Sampled(on_display, cut)


def warn_of_rates(rates: Sequence[float], fps: float | None, key: str) -> None:
    """Log that videos have fewer frames than are sampled, or steps of unequal time.

    Args:
        rates: Frames per second of each video.
        fps: Sampling rate; None: each video's own.
        key: Key of `params.yaml` that holds it, for the message.
    """
    lowest, highest = min(rates), max(rates)
    if fps and fps > lowest:
        log.warning(
            "%s: %g is above the video's own %g: frames will stand more than once", key, fps, lowest
        )
    elif not fps and highest > ALIKE * lowest:
        log.warning(
            "%s: it is empty, and the videos have from %g to %g frames a second, so a step is a "
            "longer time in some; %g would make them alike",
            *(key, lowest, highest, lowest),
        )


def load(folder: Path, file: str) -> UInt8[np.ndarray, "t h w c"]:
    """Memory-map the frames of one packed file.

    Raises:
        UserError: If the name leads out of the folder.
    """
    frames: np.ndarray = np.load(inside(folder, file), mmap_mode="r", allow_pickle=False)
    return frames


def write_shots(folder: Path, shots: Sequence[Shot]) -> None:
    """Write the list of shots beside the packed files."""
    pd.DataFrame([asdict(shot) for shot in shots]).to_csv(folder / SHOTS, index=False)


def read_shots(folder: Path) -> list[Shot]:
    """Read the list that `write_shots` wrote; names that look like numbers stay text."""
    dtypes = {"video": str, "file": str}
    table = pd.read_csv(folder / SHOTS, dtype=dtypes, keep_default_na=False)
    return [Shot(*row) for row in table.itertuples(index=False)]


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of an npy file; NumPy pads it, so that any first axis fits in later."""
    npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
