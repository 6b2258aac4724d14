from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from support import footage
from support.footage import BLUE, GREEN, RED, WHITE, YELLOW

from vidpipe.data import colours
from vidpipe.data.colours import HLG, PQ, to_sdr
from vidpipe.data.video import Square, Thumbnail, decode, probe

BT709, BT2020, SDR = 1, 9, 14
SIZE = 48


def shown(path: Path, *, quick: bool = False) -> list[np.ndarray]:
    square = Square(SIZE, quick=quick)
    return [square(frame) for frame in decode(path)]


def to_hdr(picture: np.ndarray, transfer: int) -> np.ndarray:
    """Codes of 16 bits of what an SDR display shows, its white as bright as paper (203 cd/m2)."""
    matrix = np.array(colours.BT2020_TO_BT709)
    light = (picture / 255) ** 2.4 @ np.linalg.inv(matrix).T
    if transfer == PQ:
        power = (light * 203 / 10_000) ** (2610 / 16384)
        code = ((3424 + 32 * 2413 * power) / (4096 + 32 * 2392 * power)) ** (2523 / 32)
    elif transfer == HLG:
        shown = light * 0.203
        scene = shown * (shown @ np.array(colours.BT2020_LUMA))[..., None] ** (1 / 1.2 - 1)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        code = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    else:
        code = light ** (1 / 2.4)
    return np.rint(code * 65535).astype(np.uint16)


def write_hdr(path: Path, pictures: list[np.ndarray], transfer: int) -> Path:
    """Ten bits in BT.2020, tagged as phones and cameras do."""
    tags = {PQ: "smpte2084", HLG: "arib-std-b67", SDR: "bt2020-10"}
    options = {"colorspace": "bt2020nc", "color_primaries": "bt2020", "color_trc": tags[transfer]}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.pix_fmt = "yuv420p10le"
        stream.options = footage.OPTIONS["libx264"] | options
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            rgb = VideoFrame.from_ndarray(to_hdr(picture, transfer), format="rgb48le")
            frame = rgb.reformat(format="yuv420p10le", dst_colorspace=Colorspace.BT2020)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("transfer", "note"),
    [(PQ, "tone-mapped from PQ"), (HLG, "tone-mapped from HLG"), (SDR, "converted from BT.2020")],
)
def test_hdr_and_wide_colours_come_out_as_those_of_sdr(tmp_path: Path, transfer: int, note: str):
    picture = footage.quarters(64, 64)
    path = write_hdr(tmp_path / "v.mp4", [picture] * 2, transfer)
    for quick in (False, True):
        found = shown(path, quick=quick)[0]
        corners = [found[y, x] for y in (8, -8) for x in (8, -8)]
        np.testing.assert_allclose(corners, [RED, GREEN, BLUE, YELLOW], atol=8)
    assert probe(path).notes == (note,)


@pytest.mark.parametrize(("codec", "name"), [("libx265", "v.mov"), ("libx264", "v.mkv")])
def test_colours_that_only_the_container_states_are_taken(tmp_path: Path, codec: str, name: str):
    picture = footage.quarters(64, 64)
    path = write_hdr(tmp_path / "tagged.mp4", [picture] * 2, PQ)
    decoded = [frame.reformat(format="rgb48le") for frame in footage.decode_on_one_core(path)]
    bare = tmp_path / "bare.mp4"
    with av.open(str(bare), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.pix_fmt, stream.height, stream.width = "yuv420p10le", 64, 64
        stream.options = footage.OPTIONS[codec]
        for number, rgb in enumerate(decoded):
            frame = rgb.reformat(format="yuv420p10le", dst_colorspace=Colorspace.BT2020)
            frame.colorspace, frame.color_trc, frame.color_primaries = 2, 2, 2
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(bare)) as old, av.open(str(tmp_path / name), "w") as new:
        target = new.add_stream_from_template(old.streams.video[0])
        codec_context = target.codec_context
        codec_context.color_trc, codec_context.color_primaries, codec_context.colorspace = PQ, 9, 9
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = target
                new.mux(packet)
    found = shown(tmp_path / name)[0]
    corners = [found[y, x] for y in (8, -8) for x in (8, -8)]
    np.testing.assert_allclose(corners, [RED, GREEN, BLUE, YELLOW], atol=8)
    assert probe(tmp_path / name).notes == ("tone-mapped from PQ",)


def test_a_cut_in_hdr_is_as_large_as_in_sdr(tmp_path: Path):
    pictures = [footage.plain(64, 64, (60, 60, 60)), footage.plain(64, 64, (180, 180, 180))]
    path = write_hdr(tmp_path / "v.mp4", pictures, PQ)
    dark, light = (Thumbnail()(frame).mean() for frame in decode(path))
    np.testing.assert_allclose([dark, light], [60, 180], atol=3)


@pytest.mark.parametrize("transfer", [PQ, HLG, SDR])
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, YELLOW, (128, 128, 128), (9, 9, 9)])
def test_light_up_to_that_of_paper_is_kept(transfer: int, colour: tuple[int, int, int]):
    picture = footage.plain(2, 2, colour)
    found = to_sdr(to_hdr(picture, transfer), transfer, BT2020)
    np.testing.assert_allclose(found, picture, atol=1)


def test_what_is_brighter_than_paper_stays_apart_and_keeps_its_hue():
    codes = np.linspace(0, 65535, 500).astype(np.uint16)
    greys = np.repeat(codes[None, :, None], 3, axis=2)
    for transfer in (PQ, HLG):
        found = to_sdr(greys, transfer, BT2020).astype(int)
        assert (np.ptp(found, axis=2) <= 1).all()
        assert (np.diff(found[0, :, 0]) >= 0).all()
        assert found[0, 0, 0] == 0
    assert found.max() >= 250
    paper = to_sdr(to_hdr(footage.plain(1, 1, WHITE), PQ), PQ, BT2020)
    assert 240 <= paper.min() < 250


def test_tables_have_the_same_bits_everywhere():
    codes = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    sums = [int(to_sdr(codes, transfer, BT2020).astype(int).sum()) for transfer in (PQ, HLG, SDR)]
    assert sums == [1322694, 1469989, 1452454]


def test_primaries_of_bt709_are_kept():
    grey_red = np.array([[[40_000, 20_000, 20_000]]], np.uint16)
    red, green, blue = to_sdr(grey_red, PQ, BT709)[0, 0].astype(int)
    wide_red = to_sdr(grey_red, PQ, BT2020)[0, 0].astype(int)
    assert green == blue
    assert wide_red[0] >= red
    assert wide_red[1] < green


GARBAGE = (90, 130, 190)


def see_through(shift: int = 0) -> np.ndarray:
    """A red square on transparency, under which there are other colours."""
    picture = np.empty((64, 64, 4), np.uint8)
    picture[..., :3] = GARBAGE
    picture[..., 3] = 0
    picture[16:48, 16 + shift : 48 + shift] = (*RED, 255)
    return picture


def write_alpha(path: Path, codec: str, pix_fmt: str, pictures: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.pix_fmt = pix_fmt
        stream.height, stream.width = pictures[0].shape[:2]
        if codec.startswith("libvpx"):
            stream.options = {"auto-alt-ref": "0", "crf": "4", "b": "2M"}
            stream.metadata["alpha_mode"] = "1"
        for picture in pictures:
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgba")))
        container.mux(stream.encode(None))
    return path


ALPHA = [
    ("v.mov", "qtrle", "argb"),
    ("v.mov", "png", "rgba"),
    ("v.mov", "prores_ks", "yuva444p10le"),
    ("v.mkv", "ffv1", "bgra"),
    ("v.mkv", "ffv1", "yuva420p"),
    ("v.webm", "libvpx-vp9", "yuva420p"),
    ("v.webm", "libvpx", "yuva420p"),
    ("v.apng", "apng", "rgba"),
]


@pytest.mark.parametrize(("name", "codec", "pix_fmt"), ALPHA)
def test_what_is_transparent_is_white_and_never_what_lies_beneath(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
):
    path = write_alpha(tmp_path / name, codec, pix_fmt, [see_through(n) for n in range(3)])
    square, thumbnail = Square(64, quick=True), Thumbnail()
    frames = list(decode(path))
    assert len(frames) == 3
    for number, frame in enumerate(frames):
        wanted = footage.plain(64, 64, WHITE)
        wanted[16:48, 16 + number : 48 + number] = RED
        error = np.abs(square(frame).astype(int) - wanted).mean()
        assert error < 4
        small = thumbnail(frame)
        assert abs(int(small[2, 2]) - 255) <= 2
        assert abs(int(small[16, 16]) - 87) <= 6
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.08])
    assert probe(path).notes == ("transparency filled with white",)


def test_formats_with_alpha_that_are_opaque_stay_as_they_are(tmp_path: Path):
    opaque = np.dstack([footage.quarters(64, 64), footage.plain(64, 64, WHITE)[..., 0]])
    path = write_alpha(tmp_path / "v.mkv", "ffv1", "bgra", [opaque])
    np.testing.assert_array_equal(Square(64)(next(decode(path))), opaque[..., :3])
    assert probe(path).notes == ()


def bar(place: float) -> np.ndarray:
    picture = footage.plain(96, 96, (40, 40, 40))
    left = round(place)
    picture[8:88, left : left + 12] = (230, 230, 230)
    return picture


def write_fields(
    path: Path, frames: Iterable[np.ndarray], *, top_first: bool, codec: str = "libx264"
) -> Path:
    """Encode frames of two fields each, flagged as interlaced and with the order of the fields."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        interlaced = {"flags": "+ilme+ildct", "b": "9M"}
        stream.options = footage.OPTIONS.get(codec, {}) | interlaced
        flags = Graph()
        for number, picture in enumerate(frames):
            rgb = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = rgb.reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                nodes = [
                    flags.add_buffer(
                        width=frame.width,
                        height=frame.height,
                        format=frame.format,
                        time_base=frame.time_base,
                    ),
                    flags.add("setfield", "tff" if top_first else "bff"),
                    flags.add("buffersink"),
                ]
                flags.link_nodes(*nodes).configure()
            flags.push(frame)
            container.mux(stream.encode(flags.pull()))
        container.mux(stream.encode(None))
    return path


def fields(count: int, *, top_first: bool) -> Iterator[np.ndarray]:
    """Frames of two fields each, between which a bar moves on."""
    for number in range(count):
        first, second = bar(8 + 8 * number), bar(12 + 8 * number)
        frame = first.copy()
        late = slice(1, None, 2) if top_first else slice(0, None, 2)
        frame[late] = second[late]
        yield frame


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("v.mp4", "libx264"),
        ("v.h264", "libx264"),
        ("v.mpg", "mpeg2video"),
        ("v.mov", "prores_ks"),
    ],
)
def test_interlaced_frames_show_no_comb(tmp_path: Path, top_first: bool, name: str, codec: str):
    frames = fields(8, top_first=top_first)
    path = write_fields(tmp_path / name, frames, top_first=top_first, codec=codec)
    decoded = list(decode(path))
    assert [frame.time for frame in decoded] == pytest.approx([n / 25 for n in range(8)])
    for number, frame in enumerate(decoded):
        picture = Square(96)(frame).astype(int)
        assert np.abs(picture - bar(8 + 8 * number)).mean() < 6
    assert probe(path).notes == ("deinterlaced",)


def tall_fields(count: int, *, top_first: bool) -> Iterator[np.ndarray]:
    for picture in fields(count, top_first=top_first):
        yield np.pad(picture, ((72, 72), (0, 0), (0, 0)), constant_values=40)


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_combs_that_no_flag_tells_of_are_taken_out(tmp_path: Path, top_first: bool, pix_fmt: str):
    woven = tall_fields(9, top_first=top_first)
    path = footage.write(tmp_path / "v.mp4", woven, pix_fmt=pix_fmt)
    decoded = list(decode(path))
    assert [frame.time for frame in decoded] == pytest.approx([n / 25 for n in range(9)])
    assert all(frame.deinterlaced for frame in decoded)
    # The first frame has none before it, of which its rows may be filled.
    for number, frame in list(enumerate(decoded))[1:]:
        picture = Square(96)(frame).astype(int)
        assert np.abs(picture - bar(8 + 8 * number)).mean() < 6


def test_progressive_frames_before_and_between_interlaced_ones_are_kept(tmp_path: Path):
    plain = footage.write(tmp_path / "plain.mp4", [bar(8 * n) for n in range(5)])
    combed = write_fields(tmp_path / "combed.mp4", fields(4, top_first=True), top_first=True)
    first, second, third = (list(footage.decode_on_one_core(p)) for p in (plain, combed, plain))
    mixed = [*first, *second, *third]
    found, interlaced = zip(*colours.progressive(iter(mixed)), strict=True)
    assert interlaced == (False,) * 5 + (True,) * 4 + (False,) * 5
    assert not any(frame.interlaced_frame for frame in found)
    assert all(a is b for a, b in zip(found[:5], first, strict=True))
    for frame, source in zip(found[9:], third, strict=True):
        np.testing.assert_array_equal(frame.to_ndarray(), source.to_ndarray())


def test_a_change_of_size_amid_interlaced_frames_loses_none(tmp_path: Path):
    large = write_fields(tmp_path / "large.mp4", fields(3, top_first=True), top_first=True)
    cropped = (frame[:64, :64] for frame in fields(3, top_first=True))
    small = write_fields(tmp_path / "small.mp4", cropped, top_first=True)
    mixed = [frame for p in (large, small) for frame in footage.decode_on_one_core(p)]
    widths = [frame.width for frame, _ in colours.progressive(iter(mixed))]
    assert widths == [96] * 3 + [64] * 3


def test_plain_frames_pass_untouched(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(4))
    frames = list(footage.decode_on_one_core(path))
    passed = list(colours.progressive(iter(frames)))
    assert all(a is b and not woven for a, (b, woven) in zip(frames, passed, strict=True))
    assert all(colours.is_plain(frame) for frame in frames)
    assert probe(path).notes == ()
