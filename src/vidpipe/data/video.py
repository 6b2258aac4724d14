"""Decode, encode and probe videos. The only file that imports PyAV.

Decoding honours what players honour: rotation, non-square pixels and time stamps.
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

from vidpipe.utils.errors import UserError

Image = UInt8[np.ndarray, "h w c"]
LONGEST_GAP = 10.0  # seconds between two frames; what is more is a broken time stamp
# The same pixels on every processor.
FAITHFUL = Interpolation.ACCURATE_RND | Interpolation.BITEXACT
SHARP, QUICK = Interpolation.BICUBIC | FAITHFUL, Interpolation.BILINEAR | FAITHFUL
# Formats with less colour than light, as nearly all videos have, and what they are scaled in.
HALF_COLOUR = {f"{y}{half}": f"{y}422p" for y in ("yuv", "yuvj") for half in ("420p", "422p")}
# FFmpeg draws any text as a film of a terminal, and follows a list to files anywhere.
NO_VIDEO = {"tty": "text"} | dict.fromkeys(["hls", "dash", "concat", "sdp"], "a list of others")


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How to write a video: FFmpeg's names of container and codec, and its options.

    Attributes:
        tag: Four letters that name the codec in the file; empty: the codec's own.
    """

    container: str
    codec: Literal["libx264", "mpeg4"]
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


@dataclass(frozen=True)
class Probe:
    """What a video file says of itself, as a player would show it.

    Attributes:
        codec: Name of the codec, as FFmpeg calls it.
        width: Pixels across, after rotation and with square pixels.
        height: Pixels down, after rotation.
        fps: Frames per second, the average.
        announced: Frames that the file says it holds, or else its packets; none is decoded.
    """

    codec: str
    width: int
    height: int
    fps: float
    announced: int


@dataclass(frozen=True)
class Decoded:
    """One frame on its way from file to array.

    Attributes:
        time: Seconds since the first frame; grows from frame to frame.
        frame: PyAV's frame; `Square` and `Thumbnail` make arrays of it.
        pixel_aspect: Width of a pixel over its height.
    """

    time: float
    frame: VideoFrame
    pixel_aspect: Fraction


def probe(path: Path) -> Probe:
    """Read a file's header and packets, decoding only its first frame.

    Raises:
        UserError: If the file is missing, empty, not a video, or holds no frame that decodes.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        first = next(_frames(container, stream), None)
        if first is None:
            raise UserError(f"{path}: expected a video, but no frame of it can be decoded")
        width, height = _shown_size(first, stream)
        return Probe(
            codec=stream.codec_context.name,
            width=width,
            height=height,
            fps=float(_rate(stream)),
            announced=_announced(path),
        )


def decode(path: Path) -> Iterator[Decoded]:
    """All frames that can be decoded, in order of display.

    A damaged or cut-off file gives the frames before and after the damage.

    Raises:
        UserError: If the file is missing, empty or not a video.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        step, aspect = float(1 / _rate(stream)), _pixel_aspect(stream)
        first, last = None, -step  # `first` is the stamp that counts as 0 seconds
        for frame in _frames(container, stream):
            stamp = frame.time
            if first is None:
                first = stamp
            time = -math.inf if stamp is None or first is None else stamp - first
            if last < time <= last + LONGEST_GAP:
                last = time
            else:  # no stamp, or one that runs back or far ahead: go on evenly from here
                last += step
                first = None if stamp is None else stamp - last
            yield Decoded(last, frame, aspect)


def rate(path: Path) -> Fraction:
    """Average frames per second."""
    with _open(path) as container:
        return _rate(container.streams.video[0])


class Thumbnail:
    """Makes small grey pictures of decoded frames, which shot cuts are found on."""

    def __init__(self) -> None:
        self.shrink = VideoReformatter()

    def __call__(self, decoded: Decoded) -> UInt8[np.ndarray, "32 32"]:
        frame = decoded.frame
        small = self.shrink.reformat(frame, 32, 32, "gray", interpolation="AREA", threads=1)
        return small.to_ndarray()


class Square:
    """Makes square RGB pictures of decoded frames: short side resized, centre cropped.

    Args:
        size: Side in pixels.
        quick: Scale by triangles instead of cubics, before the colours are turned to RGB.
    """

    def __init__(self, size: int, *, quick: bool = False) -> None:
        self.size = size
        self.quick = quick
        self.shrink, self.paint = VideoReformatter(), VideoReformatter()  # each keeps its scaler

    def __call__(self, decoded: Decoded) -> UInt8[np.ndarray, "size size 3"]:
        frame = decoded.frame
        width, height = _cover(self.size, frame.width, frame.height, decoded.pixel_aspect)
        if self.quick and frame.format.name in HALF_COLOUR:
            scaled = self._scale_quickly(frame, width + width % 2, height + height % 2)
        else:
            scaled = self.paint.reformat(
                frame, width, height, format="rgb24", interpolation=SHARP, threads=1
            )
        top, left = (scaled.height - self.size) // 2, (scaled.width - self.size) // 2
        picture = scaled.to_ndarray()[top : top + self.size, left : left + self.size]
        return np.ascontiguousarray(np.rot90(picture, _quarter_turns(frame)))

    def _scale_quickly(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """In two steps, for each of which FFmpeg has fast code, where sides are even."""
        colour = HALF_COLOUR[frame.format.name]
        small = self.shrink.reformat(frame, width, height, colour, interpolation=QUICK, threads=1)
        return self.paint.reformat(
            small, format="rgb24", interpolation=Interpolation.POINT, threads=1
        )


def encode(frames: Iterable[Image], *, fps: int, encoding: Encoding = H264) -> bytes:
    """A video file, with the same bytes on every x86-64 processor.

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
        for number, picture in enumerate(frames):
            height, width = picture.shape[:2]
            even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            if number == 0:
                stream.width, stream.height = even.shape[1], even.shape[0]
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _open(path: Path) -> InputContainer:
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
    if found := NO_VIDEO.get(container.format.name):
        container.close()
        raise UserError(f"{path}: expected a video, found {found}")
    if not container.streams.video:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        container.close()
        raise UserError(f"{path}: expected a video stream, found only: {kinds}")
    return container


def _announced(path: Path) -> int:
    """Frames a player should show: those the header counts, else the packets."""
    with _open(path) as container:
        stream = container.streams.video[0]
        packets = hidden = 0
        with suppress(FFmpegError, EOFError):
            for packet in container.demux(stream):
                packets += bool(packet.size)
                hidden += packet.is_discard  # before the start of a trimmed clip
        return (stream.frames or packets) - hidden


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decode packet by packet, passing over those that are damaged."""
    stream.thread_count = 1  # with more, damage is concealed in another way on another machine
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (FFmpegError, EOFError):  # the file breaks off: what the decoder holds is left
            with suppress(FFmpegError, EOFError):
                yield from stream.codec_context.decode(None)
            return
        with suppress(FFmpegError, EOFError):
            yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))


def _rate(stream: VideoStream) -> Fraction:
    for value in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if value and math.isfinite(value) and value > 0:
            return Fraction(value)
    return Fraction(25)


def _pixel_aspect(stream: VideoStream) -> Fraction:
    return Fraction(stream.sample_aspect_ratio or 1)


@cache  # fractions are slow
def _cover(size: int, width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """The sides, with square pixels, of the smallest picture that covers a square."""
    aspect = Fraction(width, height) * pixel_aspect
    return max(size, round(size * aspect)), max(size, round(size / aspect))


def _quarter_turns(frame: VideoFrame) -> int:
    """Counter-clockwise quarter turns that show the frame upright."""
    return round(frame.rotation / 90) % 4


def _shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width = round(frame.width * _pixel_aspect(stream))
    return (frame.height, width) if _quarter_turns(frame) % 2 else (width, frame.height)
