"""Decoded frames as plain pictures: progressive, opaque, in the colours of BT.709 (SDR).

Frames that are plain already pass as they are. Everything else is computed in steps that have the
same bits on every processor: tables, whose entries are rounded, and sums and products in float64.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from av import VideoFormat
from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import Float, UInt8, UInt16
from PIL import Image

from vidpipe.data.pictures import plain

BITEXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT  # equal pixels on every processor
PQ, HLG = ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67
HDR: dict[int, str] = {PQ: "PQ", HLG: "HLG"}
# FFmpeg's own decoders pass over transparency in WebM; those of libvpx do not.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

LEVELS = 2**16  # entries of a table
ROUND = 2.0**30  # entries are rounded to multiples of 1 / ROUND: the last bit of a power may differ
WHITE = 203.0  # cd/m2 of white paper in HDR (BT.2408); it becomes the white of SDR, or nearly so
HLG_PEAK = 1000.0  # cd/m2 of the display that HLG is rendered for
GAMMA = 2.4  # of an SDR display (BT.1886)
KNEE = 0.8  # light up to which HDR is as in SDR; what is brighter is compressed into the rest
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


def progressive(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Deinterlace frames that are flagged as interlaced, one for one; pass the others as they are.

    The filter looks at the frames before and after, so frames leave it one later.
    """
    graph = None
    shape = None
    for frame in frames:
        # A filter takes frames of one shape only.
        if graph is not None and shape != (frame.width, frame.height, frame.format.name):
            yield from _filter(graph, None)
            graph = None
        if graph is None and frame.interlaced_frame:
            shape = (frame.width, frame.height, frame.format.name)
            graph = _deinterlacer(frame)
        if graph is None:
            yield frame
        else:
            yield from _filter(graph, frame)
    if graph is not None:
        yield from _filter(graph, None)


def is_plain(frame: VideoFrame) -> bool:
    """Tell a frame without transparency and in SDR from others."""
    return not _has_alpha(frame.format.name) and not is_wide(frame)


def is_wide(frame: VideoFrame) -> bool:
    """Tell a frame in HDR or in the colours of BT.2020 from others, by its tags."""
    return frame.color_trc in HDR or frame.color_primaries == ColorPrimaries.BT2020


def notes(frame: VideoFrame) -> list[str]:
    """Say what is done to a decoded frame to make it plain."""
    found = []
    if frame.interlaced_frame:
        found.append("deinterlaced")
    if _has_alpha(frame.format.name) and ToRgb().fill(frame) is not frame:
        found.append("transparency filled with white")
    if frame.color_trc in HDR:
        found.append(f"tone-mapped from {HDR[frame.color_trc]}")
    elif is_wide(frame):
        found.append("converted from BT.2020")
    return found


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


def _deinterlacer(frame: VideoFrame) -> Graph:
    """Make a filter for frames like this one. It takes the order of fields from each frame."""
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        ),
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
