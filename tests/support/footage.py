"""Makes small test videos with PyAV, and breaks them the ways that cameras and disks do."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.video.frame import VideoFrame
from PIL import Image

OPTIONS = {
    "libx264": {"preset": "ultrafast", "crf": "8", "threads": "1"},
    # With B-frames, time stamps of so short a film are made of memory that was never set.
    "libx265": {"preset": "ultrafast", "crf": "8", "x265-params": "log-level=none:bframes=0"},
}
TICKS = 1000  # of hand-set time stamps, per second
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (220, 220, 30)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
DARKEST, STEP = 10, 6  # of the brightness of numbered frames


def write(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: Fraction | int = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    *,
    pixel_aspect: Fraction | None = None,
    times: Sequence[float] | None = None,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """Encode RGB pictures; the path's suffix chooses the container.

    Args:
        path: Where to write.
        frames: uint8 (h w 3), all of one size.
        fps: Frames per second.
        codec: FFmpeg's name of the encoder.
        pix_fmt: Format of the pixels in the file.
        pixel_aspect: Width of a pixel over its height.
        times: Seconds at which each frame is shown; None: evenly, at `fps`.
        options: Of the encoder, over those of `OPTIONS`.
        muxing: Options of the container.
    """
    with av.open(str(path), "w", options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.pix_fmt = pix_fmt
        stream.options = OPTIONS.get(codec, {}) | (options or {})
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if times is not None:
            stream.codec_context.time_base = Fraction(1, TICKS)
        for number, picture in enumerate(frames):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[number] * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path, codec: str = "pcm_s16le") -> Path:
    """A file with sound and no picture."""
    rate = 8000
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        samples = np.zeros((1, rate // 5), np.int16)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn(path: Path, clockwise: int, *, mirrored: bool = False) -> Path:
    """Have state turn an mp4's pictures, as phones do: by the 3x3 matrix of its track header.

    A mirrored picture is mirrored, left and right, before it is turned.

    Rows of the matrix are where a step right, a step down and the corner go, y pointing down.
    """
    right, down = {
        0: ((1, 0), (0, 1)),
        90: ((0, 1), (-1, 0)),
        180: ((-1, 0), (0, -1)),
        270: ((0, -1), (1, 0)),
    }[clockwise]
    if mirrored:
        right = tuple(-x for x in right)
    one, unit = 1 << 16, 1 << 30
    rows = [(x * one, y * one, 0) for x, y in (right, down)] + [(0, 0, unit)]
    data = bytearray(path.read_bytes())
    box = data.index(b"tkhd")
    # After the name: version and flags, two times, track, reserved, duration, 8 bytes reserved,
    # layer, group, volume and 2 reserved; version 1 has three fields of 8 bytes in place of 4.
    offset = box + 4 + 4 + (32 if data[box + 4] == 1 else 20) + 8 + 8
    assert data[offset : offset + 4] == struct.pack(">i", one), "no matrix where it should be"
    data[offset : offset + 36] = struct.pack(">9i", *(n for row in rows for n in row))
    path.write_bytes(data)
    return path


def add_cover(path: Path) -> Path:
    """Give an mp4 a cover picture as its first video stream, as iTunes does: before the tracks."""
    picture = BytesIO()
    Image.fromarray(plain(32, 32, RED)).save(picture, "png")
    data = _box(b"data", struct.pack(">2I", 14, 0) + picture.getvalue())  # 14: a PNG
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = _box(b"meta", bytes(4) + handler + _box(b"ilst", _box(b"covr", data)))
    # The index is at the end, so nothing that it points to moves.
    whole = path.read_bytes()
    start = whole.rindex(b"moov") - 4
    path.write_bytes(whole[:start] + _box(b"moov", _box(b"udta", meta) + whole[start + 8 :]))
    return path


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def cut_off(path: Path, share: float) -> Path:
    """Keep the start of a file, as an interrupted copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def packets(path: Path) -> list[int]:
    """Bytes of each packet, which holds one frame, whole or not."""
    with av.open(str(path)) as container:
        return [packet.size for packet in container.demux(video=0) if packet.size]


def decode_on_one_core(path: Path) -> Iterator[VideoFrame]:
    """All that decodes, packet by packet, without threads."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for packet in container.demux(stream):
            with suppress(FFmpegError, EOFError):
                yield from packet.decode()


def plain(height: int, width: int, colour: Sequence[int]) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def quarters(height: int, width: int) -> np.ndarray:
    """Four colours: red and green above, blue and yellow below. Tells every turn and flip."""
    picture = plain(height, width, RED)
    picture[: height // 2, width // 2 :] = GREEN
    picture[height // 2 :, : width // 2] = BLUE
    picture[height // 2 :, width // 2 :] = YELLOW
    return picture


def disc(height: int, width: int, radius: float, stretch: float = 1.0) -> np.ndarray:
    """A white disc in the middle of black, `stretch` times as wide as high."""
    y, x = np.mgrid[:height, :width] + 0.5
    inside = ((x - width / 2) / stretch) ** 2 + (y - height / 2) ** 2 <= radius**2
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, axis=2)


def numbered(count: int, height: int = 32, width: int = 32) -> list[np.ndarray]:
    """At most 40 frames whose brightness tells their number, in steps too small to be a cut."""
    assert count <= 40, "brighter than white"
    return [plain(height, width, (DARKEST + STEP * n,) * 3) for n in range(count)]


def numbers(frames: Iterable[np.ndarray]) -> list[int]:
    """The numbers of frames that `numbered` made; codecs may be off by two."""
    return [round((float(frame.mean()) + 1 - DARKEST) / STEP) for frame in frames]


def noise(count: int, side: int = 64) -> list[np.ndarray]:
    """Frames that do not compress well: a pattern that slides."""
    pattern = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return [np.roll(pattern, 2 * n, axis=1) for n in range(count)]


def write_hidden_start(path: Path, frames: Sequence[np.ndarray], hidden: int) -> Path:
    """An mp4 whose edit list hides its first frames, as phones trim clips."""
    whole = write(path.with_name(f"whole-{path.name}"), frames)
    options = {"use_editlist": "1", "avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as old, av.open(str(path), "w", options=options) as new:
        source = old.streams.video[0]
        target = new.add_stream_from_template(source)
        earlier = round(hidden / source.average_rate / source.time_base)
        for packet in old.demux(source):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - earlier, packet.dts - earlier
                packet.stream = target
                new.mux(packet)
    whole.unlink()
    return path
