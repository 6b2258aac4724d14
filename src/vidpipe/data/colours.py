"""Decoded frames as plain pictures: progressive, opaque, in the colours of BT.709 (SDR).

Frames that are plain already pass as they are. Everything else is computed in steps that have the
same bits on every processor: tables, whose entries are rounded, and sums and products in float64.
"""

from collections import deque
from collections.abc import Iterator
from functools import cache

import numpy as np
from av import VideoFormat
from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from av.video.stream import VideoStream
from jaxtyping import Float, UInt8, UInt16
from PIL import Image

from vidpipe.data.combs import AHEAD, SHORTEST, TALLEST, CombDetector
from vidpipe.data.pictures import plain

BITEXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT  # equal pixels on every processor
PQ, HLG = ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67
DEINTERLACED = "deinterlaced"  # a note
HDR: dict[int, str] = {PQ: "PQ", HLG: "HLG"}
# FFmpeg's own decoders pass over transparency in WebM; those of libvpx do not.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

LEVELS = 2**16  # entries of a table
ROUND = 2.0**30  # entries are rounded to multiples of 1 / ROUND: the last bit of a power may differ
WHITE = 203.0  # cd/m2 of white paper in HDR (BT.2408); it becomes the white of SDR, or nearly so
HLG_PEAK = 1000.0  # cd/m2 of the display that HLG is rendered for
GAMMA = 2.4  # of an SDR display (BT.1886)
KNEE = 0.8  # light up to which HDR is as in SDR; what is brighter is compressed into the rest
# What frames tell of their colours, and how they say that they do not.
UNSTATED: dict[str, int] = {
    "color_trc": ColorTrc.UNSPECIFIED,
    "color_primaries": ColorPrimaries.UNSPECIFIED,
    "colorspace": 2,
    "color_range": ColorRange.UNSPECIFIED,
}
RGB_MATRIX = 0  # FFmpeg's AVCOL_SPC_RGB: there is nothing to convert
BT2020_LUMA = (0.2627, 0.6780, 0.0593)
BT2020_TO_BT709 = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)
LUMA = (77, 150, 29)  # of BT.601, in 256ths, as in FFmpeg's grey


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Return a decoder that decodes a stream's transparency too; None: the stream's own does."""
    codec = stream.codec_context  # None: unknown to FFmpeg
    name = ALPHA_DECODERS.get(codec.name) if codec else None
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1":
        return None
    decoder = VideoCodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    return decoder


class Tags:
    """Add to decoded frames what only the container says of their colours, as HDR.

    Args:
        stream: A stream of which nothing is decoded yet: a decoder forgets what the container says.
    """

    def __init__(self, stream: VideoStream) -> None:
        codec = stream.codec_context  # None: unknown to FFmpeg
        stated = {name: getattr(codec, name, unstated) for name, unstated in UNSTATED.items()}
        self.stated = {
            name: value
            for name, value in stated.items()
            if value != UNSTATED[name] and (name, value) != ("colorspace", RGB_MATRIX)
        }

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        for name, value in self.stated.items():
            if getattr(frame, name) == UNSTATED[name]:
                setattr(frame, name, value)
        return frame


def progressive(frames: Iterator[VideoFrame]) -> Iterator[tuple[VideoFrame, bool]]:
    """Deinterlace frames, one for one, and pass those that are progressive as they are.

    Frames are interlaced by their flags, or if they show the combs of two fields. The filter looks
    at the frames before and after, so frames leave it one later.

    Yields:
        The frame, and whether it was interlaced.
    """
    graph = None
    made_for = None
    in_filter = deque[bool]()
    for frame, order in _with_order(frames):
        # A filter takes frames of one shape only.
        shape = (frame.width, frame.height, frame.format.name, order)
        if graph is not None and shape != made_for:
            yield from zip(_filter(graph, None), in_filter, strict=True)
            graph = None
            in_filter.clear()
        if graph is None and (frame.interlaced_frame or order):
            made_for = shape
            graph = _deinterlacer(frame, order)
        if graph is None:
            yield frame, False
        else:
            in_filter.append(frame.interlaced_frame or bool(order))
            for filtered in _filter(graph, frame):
                yield filtered, in_filter.popleft()
    if graph is not None:
        yield from zip(_filter(graph, None), in_filter, strict=True)


def _with_order(frames: Iterator[VideoFrame]) -> Iterator[tuple[VideoFrame, str]]:
    """Yield each frame with the order of its fields, if no flag tells that it has any.

    Combs show where something moves, so a few frames are waited for.
    """
    detector = CombDetector()
    waiting = deque[VideoFrame]()
    order = ""
    for frame in frames:
        is_checked = not frame.interlaced_frame and SHORTEST <= frame.height <= TALLEST
        luma = _luma(frame) if is_checked else None
        if luma is None:
            while waiting:
                yield waiting.popleft(), order
            detector = CombDetector()
            order = ""
            yield frame, order
            continue
        order = detector(luma)
        waiting.append(frame)
        if len(waiting) == AHEAD:
            yield waiting.popleft(), order
    while waiting:
        yield waiting.popleft(), order


def is_plain(frame: VideoFrame) -> bool:
    """Tell a frame without transparency and in SDR from others."""
    return not _has_alpha(frame.format.name) and not is_wide(frame)


def is_wide(frame: VideoFrame) -> bool:
    """Tell a frame in HDR or in the colours of BT.2020 from others, by its tags."""
    return frame.color_trc in HDR or frame.color_primaries == ColorPrimaries.BT2020


def notes(frame: VideoFrame) -> list[str]:
    """Say what is done to a decoded frame to make it plain."""
    done = []
    if frame.interlaced_frame:
        done.append(DEINTERLACED)
    if _has_alpha(frame.format.name) and ToRgb().fill(frame) is not frame:
        done.append("transparency filled with white")
    if frame.color_trc in HDR:
        done.append(f"tone-mapped from {HDR[frame.color_trc]}")
    elif is_wide(frame):
        done.append("converted from BT.2020")
    return done


class ToRgb:
    """Scale frames to RGB: transparent pixels become white, HDR and wide colours those of SDR."""

    def __init__(self) -> None:
        self.scaler = VideoReformatter()  # each caches the state of its conversion
        self.to_rgba = VideoReformatter()

    def __call__(
        self, frame: VideoFrame, width: int, height: int, interpolation: Interpolation
    ) -> UInt8[np.ndarray, "height width 3"]:
        opaque = self.fill(frame) if _has_alpha(frame.format.name) else frame
        wide = is_wide(frame)
        scaled = self.scaler.reformat(
            opaque,
            width,
            height,
            format="rgb48le" if wide else "rgb24",
            interpolation=interpolation,
            threads=1,
        )
        pixels = scaled.to_ndarray()
        return to_sdr(pixels, frame.color_trc, frame.color_primaries) if wide else pixels

    def fill(self, frame: VideoFrame) -> VideoFrame:
        """Fill what is transparent, before colours hidden there mix with their neighbours."""
        rgba = self.to_rgba.reformat(
            frame, format="rgba", interpolation=Interpolation.BICUBIC | BITEXACT, threads=1
        ).to_ndarray()
        if rgba[..., 3].min() == 255:
            return frame
        return VideoFrame.from_ndarray(np.asarray(plain(Image.fromarray(rgba))), format="rgb24")


def grey(rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w"]:
    """Return the luma of a picture."""
    weighted = rgb.astype(np.uint16) * np.array(LUMA, np.uint16)
    return (weighted.sum(axis=2, dtype=np.uint16) >> 8).astype(np.uint8)


def to_sdr(
    pixels: UInt16[np.ndarray, "h w 3"], transfer: int, primaries: int
) -> UInt8[np.ndarray, "h w 3"]:
    """Convert pictures in HDR or in the colours of BT.2020 to SDR in those of BT.709.

    Light as bright as white paper and darker is kept. What is brighter is compressed: the curve
    goes by the strongest of the three colours, so that none changes its hue.

    Args:
        pixels: Codes of RGB, over the whole range of 16 bits.
        transfer: `ColorTrc` of the codes: `PQ`, `HLG`, or any other for a gamma of SDR.
        primaries: `ColorPrimaries`; all but those of BT.709 count as BT.2020.
    """
    red, green, blue = np.moveaxis(_light(transfer)[pixels], 2, 0)
    if transfer == HLG:
        # A display adds contrast to the light of the scene, by its luminance.
        luminance = _weigh(BT2020_LUMA, red, green, blue)
        contrast = _hlg_contrast()[_to_index(luminance)]
        red, green, blue = red * contrast, green * contrast, blue * contrast
    if primaries != ColorPrimaries.BT709:
        red, green, blue = (_weigh(row, red, green, blue) for row in BT2020_TO_BT709)
    light = np.maximum(np.stack([red, green, blue], axis=2), 0)
    if transfer in HDR:
        strongest = np.maximum(light.max(axis=2, keepdims=True), KNEE)
        light = light * ((1 - (1 - KNEE) ** 2 / (strongest + 1 - 2 * KNEE)) / strongest)
    return _sdr_codes()[_to_index(light)]


def _weigh(weights: tuple[float, ...], *channels: np.ndarray) -> Float[np.ndarray, "h w"]:
    """Sum weighted channels in a fixed order; a product of matrices has none."""
    red, green, blue = (weight * channel for weight, channel in zip(weights, channels, strict=True))
    return red + green + blue


def _to_index(light: Float[np.ndarray, "*shape"]) -> np.ndarray:
    """Return places in a table whose entries are even in the root of light, close where dark."""
    return np.rint(np.sqrt(np.minimum(light, 1)) * (LEVELS - 1)).astype(np.int32)


@cache
def _light(transfer: int) -> Float[np.ndarray, "levels"]:
    """Tabulate the light of each code: 1 is white of SDR; for HLG, 1 is the scene's brightest."""
    code = np.arange(LEVELS) / (LEVELS - 1)
    if transfer == PQ:  # SMPTE ST 2084
        power = code ** (32 / 2523)
        base = np.maximum(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)
        light = 10_000 / WHITE * base ** (16384 / 2610)
    elif transfer == HLG:  # ARIB STD-B67
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    else:
        light = code**GAMMA
    return np.rint(light * ROUND) / ROUND


@cache
def _hlg_contrast() -> Float[np.ndarray, "levels"]:
    """Tabulate the factor from scene to display light, by the root of luminance (BT.2100)."""
    root = np.arange(LEVELS) / (LEVELS - 1)
    return np.rint(HLG_PEAK / WHITE * root**0.4 * ROUND) / ROUND


@cache
def _sdr_codes() -> UInt8[np.ndarray, "levels"]:
    """Tabulate the 8-bit code of SDR, by the root of light."""
    root = np.arange(LEVELS) / (LEVELS - 1)
    return np.rint(255 * root ** (2 / GAMMA)).astype(np.uint8)


@cache  # asked for each frame
def _has_alpha(pixel_format: str) -> bool:
    """Tell formats with transparency from others; a palette's colours may have it."""
    components = VideoFormat(pixel_format).components
    return pixel_format == "pal8" or any(component.is_alpha for component in components)


@cache
def _luma_bits(pixel_format: str) -> int:
    """Return the bits of luma in a plane of its own; 0: there is none."""
    planar = pixel_format.startswith(("yuv", "gray", "nv", "p0")) and pixel_format[-2:] != "be"
    packed = pixel_format.startswith(("yuyv", "yuva", "gray1b"))
    bits = VideoFormat(pixel_format).components[0].bits
    return bits if planar and not packed and 8 <= bits <= 16 else 0


def _luma(frame: VideoFrame) -> UInt8[np.ndarray, "h w"] | None:
    """Return the luma in 8 bits; None: it has no plane of its own."""
    bits = _luma_bits(frame.format.name)
    if not bits:
        return None
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8 if bits == 8 else "<u2").reshape(
        plane.height, -1
    )
    luma = rows[:, : plane.width]
    return luma if bits == 8 else (luma >> (bits - 8)).astype(np.uint8)


def _deinterlacer(frame: VideoFrame, order: str) -> Graph:
    """Make a filter for frames like this one.

    Args:
        frame: The first frame.
        order: Of the fields of all frames; empty: each frame tells its own.
    """
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        ),
        *([graph.add("setfield", order)] if order else []),
        graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def _filter(graph: Graph, frame: VideoFrame | None) -> Iterator[VideoFrame]:
    """Put a frame into a filter, or end it, and take out all that is ready."""
    graph.vpush(frame)
    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):
            return
