"""Decode, encode and probe videos with PyAV, which only this file and `colours` import.

Decoding respects rotation, non-square pixels and time stamps, as players do.
"""

import io
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import UInt8

from vidpipe.data import colours
from vidpipe.data.colours import BITEXACT
from vidpipe.utils.errors import UserError

Image = UInt8[np.ndarray, "h w c"]
LARGEST = 16384  # pixels a side that H.264 takes
LONGEST_GAP = 10.0  # seconds between two frames; a time stamp beyond is broken
AREA = Interpolation.AREA | BITEXACT
BICUBIC = Interpolation.BICUBIC | BITEXACT
BILINEAR = Interpolation.BILINEAR | BITEXACT
NEAREST = Interpolation.POINT
# Pixel formats with subsampled chroma, as of nearly all videos -> format that they are scaled in.
SUBSAMPLED = {f"{y}{chroma}": f"{y}422p" for y in ("yuv", "yuvj") for chroma in ("420p", "422p")}
# Refused formats: FFmpeg renders any text as a terminal, and follows playlists to any file.
NO_VIDEO = {"tty": "text"} | dict.fromkeys(["hls", "dash", "concat", "sdp"], "a list of others")


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
        fps: Frames per second, the average.
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
    """

    time: float
    frame: VideoFrame
    pixel_aspect: Fraction


def probe(path: Path) -> Probe:
    """Read a file's header and packets; decode only its first frame.

    Raises:
        UserError: If the file is missing, empty, not a video, or holds no frame that decodes.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        first = next(_frames(container, stream), None)
        if first is None:
            raise UserError(f"{path}: expected a video, but no frame of it can be decoded")
        width, height = _display_size(first, stream)
        return Probe(
            codec=stream.codec_context.name,
            width=width,
            height=height,
            fps=float(_rate(stream)),
            announced=_announced(path),
            notes=tuple(_notes(first)),
        )


def decode(path: Path) -> Iterator[Decoded]:
    """Decode all frames that can be decoded, in presentation order.

    Frames before and after a damaged part are decoded.

    Raises:
        UserError: If the file is missing, empty or not a video.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        period = float(1 / _rate(stream))
        last = -period
        zero = None  # the time stamp that counts as 0 seconds
        for frame in colours.progressive(_frames(container, stream)):
            stamp = frame.time
            if zero is None:
                zero = stamp
            time = -math.inf if stamp is None or zero is None else stamp - zero
            # Continue at the average rate if a stamp is missing, runs back or jumps ahead.
            if last < time <= last + LONGEST_GAP:
                last = time
            else:
                last += period
                zero = None if stamp is None else stamp - last
            yield Decoded(last, frame, aspect)


def rate(path: Path) -> Fraction:
    """Return the average frames per second."""
    with _open(path) as container:
        return _rate(container.streams.video[0])


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
        return np.ascontiguousarray(np.rot90(picture, _quarter_turns(frame)))

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
        raise UserError(f"{path}: expected a video, but cannot be read as one: {error}") from error
    if refused := NO_VIDEO.get(container.format.name):
        container.close()
        raise UserError(f"{path}: expected a video, found {refused}")
    if not container.streams.video:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        container.close()
        raise UserError(f"{path}: expected a video stream, found only: {kinds}")
    return container


def _announced(path: Path) -> int:
    """Count the frames a player shows: by the header, else by the packets."""
    with _open(path) as container:
        stream = container.streams.video[0]
        packets = hidden = 0
        with suppress(FFmpegError, EOFError):
            for packet in container.demux(stream):
                packets += bool(packet.size)
                hidden += packet.is_discard  # frames before the start of a trimmed clip
        return (stream.frames or packets) - hidden


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decode packet by packet; skip damaged ones."""
    stream.thread_count = 1  # how FFmpeg conceals damage depends on the number of threads
    decoder = colours.alpha_decoder(stream) or stream.codec_context
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (FFmpegError, EOFError):  # a cut-off file: flush the decoder
            with suppress(FFmpegError, EOFError):
                yield from decoder.decode(None)
            return
        with suppress(FFmpegError, EOFError):
            yield from (frame for frame in decoder.decode(packet) if isinstance(frame, VideoFrame))


def _rate(stream: VideoStream) -> Fraction:
    """Return the first frame rate that the file states and that is usable, else 25."""
    for value in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if value and math.isfinite(value) and value > 0:
            return Fraction(value)
    return Fraction(25)


@cache  # `Fraction` is slow
def _cover(size: int, width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Return width and height, with square pixels, of the smallest picture that covers a square."""
    aspect = Fraction(width, height) * pixel_aspect
    return max(size, round(size * aspect)), max(size, round(size / aspect))


def _quarter_turns(frame: VideoFrame) -> int:
    """Count the counter-clockwise quarter turns that make the frame upright."""
    return round(frame.rotation / 90) % 4


def _notes(frame: VideoFrame) -> Iterator[str]:
    """Name what is done to a video, by its first frame."""
    if turns := _quarter_turns(frame):
        yield f"turned {-90 * turns % 360}°"
    yield from colours.notes(frame)


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width = round(frame.width * Fraction(stream.sample_aspect_ratio or 1))
    return (frame.height, width) if _quarter_turns(frame) % 2 else (width, frame.height)
