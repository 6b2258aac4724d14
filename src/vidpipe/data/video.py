"""Decode, encode and probe videos with PyAV, which only this file and `colours` import.

Decoding respects orientation, non-square pixels and time stamps, as players do.
"""

import io
import math
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from av.video.stream import VideoStream
from jaxtyping import Int64, UInt8

from vidpipe.data import colours
from vidpipe.data.colours import BITEXACT
from vidpipe.utils.errors import UserError

Image = UInt8[np.ndarray, "h w c"]
LARGEST = 16384  # pixels a side that H.264 takes
LONGEST_PAUSE = 3600.0  # seconds between two frames; a time stamp beyond is broken
PAUSE = 10  # frames that a frame is shown for, at most; one that is shown longer is a pause
JITTER = 0.05  # by which jitter may bias the mean of steps that are like the median
TOLERANCE = 0.01  # by which a stated frame rate may differ from that of the time stamps
ASSUMED = Fraction(25)  # frames per second, where nothing tells the rate
AREA = Interpolation.AREA | BITEXACT
BICUBIC = Interpolation.BICUBIC | BITEXACT
BILINEAR = Interpolation.BILINEAR | BITEXACT
NEAREST = Interpolation.POINT
BT601 = 6  # FFmpeg's AVCOL_SPC_SMPTE170M: its conversion from RGB, whatever the size
# Pixel formats with subsampled chroma, as of nearly all videos -> format that they are scaled in.
SUBSAMPLED = {f"{y}{chroma}": f"{y}422p" for y in ("yuv", "yuvj") for chroma in ("420p", "422p")}
# Refused formats: FFmpeg renders any text as a terminal, and follows playlists to any file.
NO_VIDEO = {"tty": "text", "image2": "a single picture"} | dict.fromkeys(
    ["hls", "dash", "concat", "sdp"], "a list of others"
)
PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails  # beside a film, as its cover


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """Container, codec, options and FourCC (empty: the codec's own) by FFmpeg's names."""

    container: str
    codec: Literal["libx264", "libx264rgb", "mpeg4"]
    options: Mapping[str, str]
    tag: str = ""


H264 = Encoding(
    container="mp4",
    codec="libx264",
    options={"crf": "18", "preset": "medium", "x264-params": "cpu-independent=1"},
)
XVID = Encoding(
    container="avi",
    codec="mpeg4",
    options={"qmin": "3", "qmax": "3", "flags": "+bitexact"},
    tag="XVID",
)
LOSSLESS = Encoding(
    container="mp4",
    codec="libx264rgb",
    options={
        "qp": "0",
        "preset": "veryfast",
        "bf": "0",
        "flags": "+frame_duration",  # the last frame is shown for as long as it is meant to be
        "x264-params": "cpu-independent=1",
    },
)


@dataclass(frozen=True)
class Probe:
    """Facts from a video's header and packets, as a player shows them.

    Attributes:
        codec: Name of the codec, as FFmpeg calls it.
        width: Pixels across, after rotation and with square pixels.
        height: Pixels down, after rotation.
        fps: Frames per second while the picture moves; a pause does not count.
        announced: Number of frames in the header, else the number of packets; none is decoded.
        notes: What is done to the video so that it is shown as it was meant; plain ones have none.
    """

    codec: str
    width: int
    height: int
    fps: float
    announced: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Decoded:
    """A decoded frame, not yet an array.

    Attributes:
        time: Seconds since the first frame; strictly increasing.
        frame: PyAV's frame; `Square` and `Thumbnail` turn it into an array.
        pixel_aspect: Width of a pixel over its height.
        deinterlaced: It was interlaced.
    """

    time: float
    frame: VideoFrame
    pixel_aspect: Fraction
    deinterlaced: bool = False


@dataclass(frozen=True)
class _Timing:
    """Times at which the frames of a video are shown, by its packets; none is decoded.

    Attributes:
        rate: Frames per second while the picture moves.
        announced: As in `Probe`.
        pauses: Seconds of each pause.
        note: Where the rate is from, if it is not a stated one; else empty.
    """

    rate: Fraction
    announced: int
    pauses: tuple[float, ...]
    note: str


def probe(path: Path) -> Probe:
    """Read a file's header and packets; decode only its first frame.

    Raises:
        UserError: If the file is missing, empty, not a video, or holds no frame that decodes.
    """
    timing = _timing(path)
    with _open(path) as container:
        stream = _film(container)
        first = next(_frames(container, stream), None)
        if first is None:
            raise UserError(f"{path}: expected a video, but no frame of it can be decoded")
        width, height = _display_size(first, stream)
        return Probe(
            codec=stream.codec_context.name,
            width=width,
            height=height,
            fps=float(timing.rate),
            announced=timing.announced,
            notes=tuple(_notes(container, first, timing)),
        )


def decode(path: Path) -> Iterator[Decoded]:
    """Decode all frames that can be decoded, in presentation order.

    Frames before and after a damaged part are decoded.

    Raises:
        UserError: If the file is missing, empty or not a video.
    """
    with _open(path) as container:
        stream = _film(container)
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        stamped = not _is_raw(container)
        period = 0.0  # of a frame; found when it is needed
        last = -1.0  # before the first frame
        zero = None  # the time stamp that counts as 0 seconds
        for frame, interlaced in colours.progressive(_frames(container, stream)):
            stamp = frame.time if stamped else None
            if zero is None:
                zero = stamp
            time = -math.inf if stamp is None or zero is None else stamp - zero
            # Continue at the film's rate if a stamp is missing, runs back or jumps ahead.
            if last < time <= last + LONGEST_PAUSE:
                last = time
            else:
                period = period or float(1 / rate(path))
                last = 0.0 if last < 0 else last + period
                zero = None if stamp is None else stamp - last
            yield Decoded(last, frame, aspect, interlaced)


def rate(path: Path) -> Fraction:
    """Return the frames per second while the picture moves."""
    return _timing(path).rate


class Thumbnail:
    """Shrink decoded frames to grey thumbnails, for the detection of shot cuts."""

    def __init__(self) -> None:
        self.scaler = VideoReformatter()
        self.to_rgb = colours.ToRgb()

    def __call__(self, decoded: Decoded) -> UInt8[np.ndarray, "32 32"]:
        frame = decoded.frame
        if not colours.is_plain(frame):
            return colours.grey(self.to_rgb(frame, 32, 32, AREA))
        thumbnail = self.scaler.reformat(frame, 32, 32, "gray", interpolation="AREA", threads=1)
        return thumbnail.to_ndarray()


class Square:
    """Turn decoded frames into square RGB pictures: resize the short side, crop the centre.

    Args:
        size: Side in pixels.
        quick: Scale bilinearly in YUV, instead of bicubically on the way to RGB.
    """

    def __init__(self, size: int, *, quick: bool = False) -> None:
        self.size = size
        self.quick = quick
        self.to_yuv = VideoReformatter()  # each caches the state of its conversion
        self.yuv_to_rgb = VideoReformatter()
        self.to_rgb = colours.ToRgb()

    def __call__(self, decoded: Decoded) -> UInt8[np.ndarray, "size size 3"]:
        frame = decoded.frame
        width, height = _cover(self.size, frame.width, frame.height, decoded.pixel_aspect)
        if self.quick and frame.format.name in SUBSAMPLED and not colours.is_wide(frame):
            scaled = self._scale_quickly(frame, width + width % 2, height + height % 2)
        else:
            scaled = self.to_rgb(frame, width, height, BICUBIC)
        top, left = (scaled.shape[0] - self.size) // 2, (scaled.shape[1] - self.size) // 2
        picture = scaled[top : top + self.size, left : left + self.size]
        quarter_turns, mirrored = _orientation(frame)
        if mirrored:
            picture = picture[:, ::-1]
        return np.ascontiguousarray(np.rot90(picture, -quarter_turns))

    def _scale_quickly(self, frame: VideoFrame, width: int, height: int) -> Image:
        """Scale in YUV, then convert to RGB: FFmpeg has fast code for each, if sides are even."""
        yuv = SUBSAMPLED[frame.format.name]
        small = self.to_yuv.reformat(frame, width, height, yuv, interpolation=BILINEAR, threads=1)
        rgb = self.yuv_to_rgb.reformat(small, format="rgb24", interpolation=NEAREST, threads=1)
        return rgb.to_ndarray()


def encode(frames: Iterable[Image], *, fps: int, encoding: Encoding = H264) -> bytes:
    """Encode a video file, with the same bytes on every x86-64 processor.

    Args:
        frames: RGB pictures of one size; odd sides are padded by one pixel, as 4:2:0 needs.
        fps: Frames per second.
        encoding: `H264`, which every browser plays, or `XVID`.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=encoding.container) as container:
        stream = container.add_stream(encoding.codec, rate=fps)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = dict(encoding.options)
        _tag_colours(stream)
        if encoding.tag:
            stream.codec_context.codec_tag = encoding.tag
        # Pad each picture to even sides; the first one sets the size of the video.
        for number, picture in enumerate(frames):
            height, width = picture.shape[:2]
            even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            if number == 0:
                stream.height, stream.width = even.shape[:2]
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def write_film(path: Path, frames: Iterable[tuple[Image, int]], *, ticks: int) -> None:
    """Write pictures without loss, with the same bytes on every x86-64 processor.

    Args:
        path: The file, an mp4.
        frames: RGB pictures of one size, each with the ticks for which it is shown.
        ticks: Ticks per second.

    Raises:
        UserError: If the pictures are too large to be encoded.
    """
    with av.open(str(path), "w", format=LOSSLESS.container) as container:
        stream = container.add_stream(LOSSLESS.codec, rate=ticks)
        stream.pix_fmt = "rgb24"
        stream.codec_context.thread_count = 1
        stream.options = dict(LOSSLESS.options)
        time = 0
        for picture, duration in frames:
            height, width = picture.shape[:2]
            if max(height, width) > LARGEST:
                raise UserError(
                    f"expected pictures of at most {LARGEST} pixels a side, got {width}x{height}"
                )
            if time == 0:
                stream.height, stream.width = height, width
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.duration, frame.time_base = time, duration, Fraction(1, ticks)
            container.mux(stream.encode(frame))
            time += duration
        container.mux(stream.encode(None))


def _tag_colours(stream: VideoStream) -> None:
    """State what the pictures are, sRGB, and how they are converted; players guess by the size."""
    codec = stream.codec_context
    codec.color_range = ColorRange.MPEG
    codec.colorspace = BT601
    codec.color_primaries = ColorPrimaries.BT709
    codec.color_trc = ColorTrc.IEC61966_2_1


def _open(path: Path) -> InputContainer:
    """Open a file that holds a video stream, or say what else it is."""
    if not path.exists():
        raise UserError(f"{path}: expected a video, found no such file")
    if path.is_dir():
        raise UserError(f"{path}: expected a video, found a folder")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: expected a video, found an empty file (0 bytes)")
    try:
        container = av.open(str(path.absolute()), metadata_errors="replace")
    except FFmpegError as error:
        raise UserError(
            f"{path}: expected a video, but cannot be read as one: {error.strerror}"
        ) from error
    # FFmpeg has a format for each kind of picture, as `png_pipe`.
    name = "image2" if container.format.name.endswith("_pipe") else container.format.name
    if refused := NO_VIDEO.get(name):
        container.close()
        raise UserError(f"{path}: expected a video, found {refused}")
    if not any(map(_moves, container.streams.video)):
        kinds = {"cover picture" if s.type == "video" else s.type for s in container.streams}
        container.close()
        streams = ", ".join(sorted(kinds)) or "nothing"
        raise UserError(f"{path}: expected a video stream, found only: {streams}")
    return container


def _moves(stream: VideoStream) -> bool:
    """Tell a film from a picture beside it."""
    return not stream.disposition & PICTURES


def _film(container: InputContainer) -> VideoStream:
    """Return the stream that players show: FFmpeg's choice, which is no picture beside a film."""
    best = container.streams.best("video")
    if isinstance(best, VideoStream) and _moves(best):
        return best
    return next(filter(_moves, container.streams.video))


def _is_raw(container: InputContainer) -> bool:
    """Tell a bare stream: FFmpeg makes up its time stamps, at 25 frames per second."""
    return bool(container.format.flags & Flags.no_timestamps.value)  # type: ignore[operator]


def _timing(path: Path) -> _Timing:
    """Read all packets of a file.

    Raises:
        UserError: As `probe`.
    """
    with _open(path) as container:
        stream = _film(container)
        raw = _is_raw(container)
        packets = hidden = 0
        first = None  # time stamp of the first frame
        stamps = array("q")  # of decoding: as far apart as those of display, and in order
        with suppress(FFmpegError, EOFError):
            for packet in container.demux(stream):
                packets += bool(packet.size)
                hidden += packet.is_discard  # frames before the start of a trimmed clip
                if packet.size and packet.dts is not None and not raw:
                    first = packet.pts if first is None else first
                    stamps.append(packet.dts)
        # Leave out what is no step: stamps that stand still, run back, or jump ahead.
        tick = stream.time_base or Fraction(1)
        steps = _steps(stamps, first)
        steps = steps[(steps > 0) & (steps * float(tick) <= LONGEST_PAUSE)]
        frame_rate, note = _rate(stream, steps, tick, raw=raw)
        excess = steps * float(tick) - float(1 / frame_rate)
        announced = (stream.frames or packets) - hidden
        if container.format.name == "avi" and len(steps):
            # The header counts ticks, and a frame may be shown for several.
            announced -= int(steps.sum() - len(steps) + np.median(steps) - 1)
        return _Timing(
            rate=frame_rate,
            note=note,
            announced=max(announced, packets - hidden),
            pauses=tuple(excess[excess > (PAUSE - 1) / float(frame_rate)].tolist()),
        )


def _steps(stamps: Sequence[int], first: int | None) -> Int64[np.ndarray, "_"]:
    """Return the differences of time stamps of decoding.

    Those before the first frame is shown are made up, for frames that are decoded ahead.
    """
    times = np.array(stamps, np.int64)
    on_display = times if first is None else times[times >= first]
    return np.diff(on_display if 2 * len(on_display) > len(times) else times)


def _rate(
    stream: VideoStream, steps: Int64[np.ndarray, "_"], tick: Fraction, *, raw: bool
) -> tuple[Fraction, str]:
    """Find the frames per second while the picture moves.

    Args:
        stream: The stream, opened.
        steps: Ticks from one frame to the next; a bare stream has none.
        tick: Seconds.
        raw: It is a bare stream, which states its rate in itself, if at all.

    Returns:
        The rate, and a note if it is not a stated one.
    """
    codec = stream.codec_context  # None: unknown to FFmpeg
    coded = codec and codec.framerate
    stated = [coded] if raw else [stream.average_rate, stream.guessed_rate, stream.base_rate]
    usable = [Fraction(v) for v in stated if v and math.isfinite(v) and v > 0]
    if not len(steps):
        return (usable[0], "") if usable else (ASSUMED, f"{ASSUMED} frames a second assumed")

    # The mean of steps like the median is free of rounding, of pauses, and of frames left out.
    median = np.sort(steps)[len(steps) // 2]
    like = steps[np.abs(steps - median) < median / 2].tolist()
    measured = [len(like) / (sum(like) * tick)]
    # The mean of all but pauses is free of jitter, too. Far from the other, it has left out frames.
    moving = steps[steps < PAUSE * median].tolist()
    mean = len(moving) / (sum(moving) * tick)
    if _agree(mean, measured[0], JITTER):
        measured.append(mean)
    # Each field of an interlaced picture may come in a packet of its own.
    if coded and codec.field_order > 1 and _agree(measured[0], 2 * coded, TOLERANCE):
        measured = [Fraction(coded)]

    # A stated rate is exact; an average that pauses spoil, or a guess, is not what was measured.
    slack = TOLERANCE + 1 / sum(like)
    for estimate, value in product(measured, usable):
        if _agree(value, estimate, slack):
            return value, ""
    # A recorder that idles most of the time moves at the rate it states: a tenth of the steps do.
    for value in usable[1:]:
        at_rate = np.abs(steps * float(tick * value) - 1) < 0.25
        if value > measured[0] and at_rate.sum() >= max(PAUSE, len(steps) / 10):
            return value, ""
    return measured[-1], "rate from time stamps"


def _agree(one: Fraction, other: Fraction, tolerance: float) -> bool:
    return abs(one - other) <= tolerance * other


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decode packet by packet; skip damaged ones."""
    stream.thread_count = 1  # how FFmpeg conceals damage depends on the number of threads
    decode = (colours.alpha_decoder(stream) or stream).decode
    tag = colours.Tags(stream)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (FFmpegError, EOFError):  # a cut-off file: flush the decoder
            with suppress(FFmpegError, EOFError):
                yield from map(tag, decode(None))
            return
        with suppress(FFmpegError, EOFError):
            yield from (tag(frame) for frame in decode(packet) if isinstance(frame, VideoFrame))


@cache  # `Fraction` is slow
def _cover(size: int, width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Return width and height, with square pixels, of the smallest picture that covers a square."""
    aspect = Fraction(width, height) * pixel_aspect
    return max(size, round(size * aspect)), max(size, round(size / aspect))


def _orientation(frame: VideoFrame) -> tuple[int, bool]:
    """Read how a frame is to be shown.

    Returns:
        Quarter turns, clockwise, and whether the picture is mirrored, left and right, before that.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return 0, False
    # Where a step to the right and one down in the stored picture lead, y pointing down.
    right_x, right_y, _, down_x, down_y, *_ = struct.unpack("=9i", bytes(matrix))
    mirrored = right_x * down_y < right_y * down_x
    if mirrored:
        right_x, right_y = -right_x, -right_y
    return round(math.degrees(math.atan2(right_y, right_x)) / 90) % 4, mirrored


def _notes(container: InputContainer, frame: VideoFrame, timing: _Timing) -> Iterator[str]:
    """Name what is done to a video; `frame` is its first."""
    if not all(map(_moves, container.streams.video)):
        yield "cover picture skipped"
    quarter_turns, mirrored = _orientation(frame)
    if mirrored:
        yield "mirrored"
    if quarter_turns:
        yield f"turned {90 * quarter_turns}°"
    if timing.note:
        yield timing.note
    if timing.pauses:
        seconds = f"{math.fsum(timing.pauses):.1f} s"
        count = len(timing.pauses)
        yield f"pause of {seconds}" if count == 1 else f"{count} pauses of {seconds} in all"
    yield from colours.notes(frame)


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width = round(frame.width * Fraction(stream.sample_aspect_ratio or 1))
    return (frame.height, width) if _orientation(frame)[0] % 2 else (width, frame.height)
