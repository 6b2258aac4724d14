import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from av.video.stream import VideoStream
from support import footage
from support.footage import BLUE, GREEN, RED, YELLOW

from vidpipe.data import video
from vidpipe.data.video import (
    H264,
    XVID,
    Encoding,
    Square,
    Thumbnail,
    decode,
    encode,
    probe,
    rate,
)

# Where the four colours of `footage.quarters` come to lie, row by row, once turned clockwise, and
# once mirrored and then turned.
TURNED = {
    0: [RED, GREEN, BLUE, YELLOW],
    90: [BLUE, RED, YELLOW, GREEN],
    180: [YELLOW, BLUE, GREEN, RED],
    270: [GREEN, YELLOW, RED, BLUE],
}
MIRRORED = {
    0: [GREEN, RED, YELLOW, BLUE],
    90: [YELLOW, GREEN, BLUE, RED],
    180: [BLUE, YELLOW, RED, GREEN],
    270: [RED, BLUE, GREEN, YELLOW],
}
FORMATS = [
    ("libx264", "yuv420p", "mp4"),
    ("libx264", "yuv444p", "mp4"),
    ("libx264", "yuv420p10le", "mp4"),
    ("libx264rgb", "rgb24", "mkv"),
    ("mpeg4", "yuv420p", "avi"),
    ("mpeg2video", "yuv420p", "mpg"),
    ("ffv1", "yuv444p", "mkv"),
    ("ffv1", "bgr0", "mkv"),
    ("ffv1", "gbrp10le", "mkv"),
    ("mjpeg", "yuvj420p", "avi"),
    ("mjpeg", "yuvj444p", "mov"),
    ("libvpx-vp9", "yuv420p", "webm"),
    ("libx264", "yuv420p", "ts"),
    ("png", "rgb24", "mov"),
    ("gif", "rgb8", "gif"),
]


def square(path: Path, size: int, *, quick: bool = False) -> np.ndarray:
    return Square(size, quick=quick)(next(decode(path)))


def four_colours(picture: np.ndarray) -> np.ndarray:
    quarter = len(picture) // 4
    return np.array([picture[y, x] for y in (quarter, -quarter) for x in (quarter, -quarter)])


def extent(picture: np.ndarray) -> tuple[int, int]:
    white = picture.mean(axis=2) > 128
    return int(white.any(axis=0).sum()), int(white.any(axis=1).sum())


def times(path: Path) -> list[float]:
    return [round(frame.time, 3) for frame in decode(path)]


@pytest.mark.parametrize("clockwise", [0, 90, 180, 270])
def test_a_turned_phone_video_comes_out_upright(tmp_path: Path, clockwise: int):
    path = footage.write(tmp_path / "phone.mp4", [footage.quarters(64, 96)] * 2)
    footage.turn(path, clockwise)
    np.testing.assert_allclose(four_colours(square(path, 32)), TURNED[clockwise], atol=8)


@pytest.mark.parametrize("clockwise", [0, 90, 180, 270])
def test_a_mirrored_video_comes_out_as_a_player_shows_it(tmp_path: Path, clockwise: int):
    path = footage.write(tmp_path / "selfie.mp4", [footage.quarters(64, 96)] * 2)
    footage.turn(path, clockwise, mirrored=True)
    np.testing.assert_allclose(four_colours(square(path, 32)), MIRRORED[clockwise], atol=8)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("clockwise", "width", "height"), [(0, 96, 64), (90, 64, 96), (180, 96, 64), (270, 64, 96)]
)
def test_probe_tells_the_size_as_a_player_shows_it(
    tmp_path: Path, clockwise: int, width: int, height: int, mirrored: bool
):
    path = footage.write(tmp_path / "phone.mp4", [footage.quarters(64, 96)] * 2)
    seen = probe(footage.turn(path, clockwise, mirrored=mirrored))
    assert (seen.width, seen.height) == (width, height)
    turned = (f"turned {clockwise}°",) if clockwise else ()
    assert seen.notes == (("mirrored",) if mirrored else ()) + turned


def test_the_film_is_no_picture_beside_it(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(8, 64, 96), fps=30)
    footage.add_cover(path)
    seen = probe(path)
    assert (seen.codec, seen.width, seen.height) == ("h264", 96, 64)
    assert (seen.fps, seen.announced, rate(path)) == (30, 8, 30)
    assert seen.notes == ("cover picture skipped",)
    assert footage.numbers(Square(16)(frame) for frame in decode(path)) == list(range(8))


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2), Fraction(64, 45)])
def test_a_disc_filmed_with_non_square_pixels_is_round_again(tmp_path: Path, aspect: Fraction):
    disc = footage.disc(64, 96, radius=20, stretch=float(1 / aspect))
    path = footage.write(tmp_path / "wide.mp4", [disc] * 2, pixel_aspect=aspect)
    across, down = extent(square(path, 64))
    assert abs(across - down) <= 2
    assert across > 20


def test_probe_counts_non_square_pixels_as_shown(tmp_path: Path):
    pictures = [footage.plain(64, 96, RED)] * 2
    path = footage.write(tmp_path / "wide.mp4", pictures, pixel_aspect=Fraction(3, 2))
    assert (probe(path).width, probe(path).height) == (144, 64)


def test_non_square_pixels_are_stretched_before_the_picture_is_turned(tmp_path: Path):
    disc = footage.disc(64, 96, radius=20, stretch=0.5)
    path = footage.write(tmp_path / "both.mp4", [disc] * 2, pixel_aspect=Fraction(2))
    footage.turn(path, 90)
    across, down = extent(square(path, 64))
    assert abs(across - down) <= 2
    assert (probe(path).width, probe(path).height) == (64, 192)


@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (64, 64), (63, 95), (41, 33)])
def test_a_disc_stays_round_and_central_in_any_shape_of_picture(
    tmp_path: Path, height: int, width: int
):
    disc = footage.disc(height, width, radius=min(height, width) / 4)
    path = footage.write(tmp_path / "shape.mp4", [disc] * 2, pix_fmt="yuv444p")
    picture = square(path, 64)
    across, down = extent(picture)
    assert abs(across - 32) <= 2
    assert abs(down - 32) <= 2
    assert np.abs(picture.astype(int) - picture[::-1, ::-1]).mean() < 8


@pytest.mark.parametrize("turned", [False, True])
def test_only_what_lies_outside_the_central_square_is_cropped(tmp_path: Path, turned: bool):
    picture = footage.plain(64, 128, RED)
    picture[:, 32:96] = BLUE
    if turned:
        picture = np.ascontiguousarray(picture.transpose(1, 0, 2))
    path = footage.write(tmp_path / "crop.mkv", [picture], codec="ffv1", pix_fmt="bgr0")
    np.testing.assert_array_equal(square(path, 64), footage.plain(64, 64, BLUE))


@pytest.mark.parametrize("size", [16, 64, 256])
@pytest.mark.parametrize(("height", "width"), [(33, 47), (2, 2), (1, 1), (8, 200), (200, 8)])
def test_every_shape_of_picture_gives_the_size_that_was_asked_for(
    tmp_path: Path, height: int, width: int, size: int
):
    pictures = [footage.quarters(height, width)]
    path = footage.write(tmp_path / "odd.mkv", pictures, codec="ffv1", pix_fmt="bgr0")
    picture = square(path, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


@pytest.mark.parametrize(("height", "width"), [(32, 48), (2, 2), (8, 200), (202, 8)])
def test_the_quick_way_gives_the_size_that_was_asked_for(tmp_path: Path, height: int, width: int):
    path = footage.write(tmp_path / "odd.mp4", [footage.quarters(height, width)])
    assert square(path, 64, quick=True).shape == (64, 64, 3)


@pytest.mark.parametrize(("codec", "pix_fmt", "suffix"), FORMATS)
def test_colours_and_count_survive_every_format(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str
):
    pictures = [footage.quarters(64, 96)] * 5
    path = footage.write(tmp_path / f"v.{suffix}", pictures, codec=codec, pix_fmt=pix_fmt)
    for quick in (False, True):
        found = four_colours(square(path, 32, quick=quick))
        np.testing.assert_allclose(found, TURNED[0], atol=40 if pix_fmt == "rgb8" else 10)
    assert times(path) == [0, 0.04, 0.08, 0.12, 0.16]
    seen = probe(path)
    assert (seen.width, seen.height, seen.fps, seen.announced) == (96, 64, 25.0, 5)


@pytest.mark.parametrize("tags", [{}, {"color_range": "pc"}, {"colorspace": "bt709"}])
@pytest.mark.parametrize("clockwise", [0, 90])
def test_the_quick_way_shows_what_the_exact_way_does(
    tmp_path: Path, tags: dict[str, str], clockwise: int
):
    y, x = np.mgrid[40:200:96j, 40:200:128j]
    pictures = [np.stack([x, y, 240 - x], axis=2).astype(np.uint8)]
    path = footage.write(tmp_path / "v.mp4", pictures, options=tags)
    footage.turn(path, clockwise)
    exact, quick = (square(path, 48, quick=quick).astype(float) for quick in (False, True))
    assert np.abs(quick - exact).mean() < 2
    assert np.abs((quick - exact).mean(axis=(0, 1))).max() < 3  # a wrong range is off by 15


@pytest.mark.parametrize("pix_fmt", ["gray", "gray16le"])
def test_grey_footage_gives_three_equal_channels(tmp_path: Path, pix_fmt: str):
    pictures = [footage.plain(32, 32, (10, 10, 10)), footage.plain(32, 32, (200, 200, 200))]
    path = footage.write(tmp_path / "grey.mkv", pictures, codec="ffv1", pix_fmt=pix_fmt)
    shown = [Square(16)(frame) for frame in decode(path)]
    assert all((picture == picture[..., :1]).all() for picture in shown)
    np.testing.assert_allclose([picture.mean() for picture in shown], [10, 200], atol=6)


def test_a_file_without_time_stamps_plays_evenly(tmp_path: Path):
    path = footage.write(tmp_path / "raw.h264", footage.numbered(6))
    assert all(frame.frame.pts is None for frame in decode(path))
    assert times(path) == [0, 0.04, 0.08, 0.12, 0.16, 0.2]


def test_a_file_that_cannot_be_rewound_can_be_probed(tmp_path: Path):
    path = footage.write(tmp_path / "raw.h264", footage.numbered(6))
    seen = probe(path)
    assert (seen.codec, seen.width, seen.height, seen.announced) == ("h264", 32, 32, 6)


def test_uneven_time_stamps_are_kept(tmp_path: Path):
    stamps = [0, 0.1, 0.2, 0.6, 0.7, 0.8]
    path = footage.write(tmp_path / "uneven.mp4", footage.numbered(6), times=stamps)
    assert times(path) == stamps


def test_time_starts_at_the_first_frame(tmp_path: Path):
    stamps = [5, 5.04, 5.08]
    path = footage.write(tmp_path / "late.mkv", footage.numbered(3), times=stamps)
    assert times(path) == [0, 0.04, 0.08]


def test_time_stamps_that_run_back_still_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = footage.write(tmp_path / "v.mkv", footage.numbered(4), codec="ffv1", pix_fmt="bgr0")
    read = video._frames

    def jumbled(*args):
        for frame, stamp in zip(read(*args), (0, 40, 20, None), strict=True):
            frame.pts = stamp
            yield frame

    monkeypatch.setattr(video, "_frames", jumbled)
    assert times(path) == [0, 0.04, 0.08, 0.12]


def test_a_pause_lasts_as_long_as_it_does_in_a_player(tmp_path: Path):
    stamps = [0, 0.04, 0.08, 15.08, 15.12]
    path = footage.write(tmp_path / "v.mkv", footage.numbered(5), times=stamps)
    assert times(path) == stamps


def drop_default_duration(path: Path) -> Path:
    """Have a WebM state no frame rate, as browsers record them: an element of EBML becomes void."""
    data = path.read_bytes()
    place = data.index(b"\x23\xe3\x83")  # DefaultDuration, three bytes of name and one of length
    length = data[place + 3] & 0x7F
    void = b"\xec" + bytes([0x80 | length + 2]) + bytes(length + 2)
    path.write_bytes(data[:place] + void + data[place + len(void) :])
    return path


def test_the_rate_of_a_browsers_recording_is_that_of_its_time_stamps(tmp_path: Path):
    steps = np.random.default_rng(0).integers(25, 43, 39)  # each is stamped when it is done
    stamps = np.cumsum([0, *steps]) / 1000
    path = footage.write(tmp_path / "v.webm", footage.numbered(40), 30, "libvpx", times=stamps)
    drop_default_duration(path)
    assert rate(path) == Fraction(39_000, int(sum(steps)))
    assert probe(path).notes == ("rate from time stamps",)


@pytest.mark.parametrize("seed", range(4))
def test_strong_jitter_does_not_bias_the_rate(seed: int):
    rates = {"average_rate": None, "guessed_rate": Fraction(1000), "base_rate": Fraction(1000)}
    stream = Mock(spec=VideoStream, codec_context=None, **rates)
    jitter = np.random.default_rng(seed).uniform(-12, 12, 301)
    steps = np.diff(np.rint(np.arange(301) * 100 / 3 + jitter).astype(int))
    found, note = video._rate(stream, steps, Fraction(1, 1000), raw=False)
    assert float(found) == pytest.approx(30, rel=0.005)
    assert note == "rate from time stamps"


def test_frames_that_are_left_out_do_not_slow_the_rate():
    rates = {"average_rate": Fraction(24), "guessed_rate": Fraction(1000), "base_rate": None}
    stream = Mock(spec=VideoStream, codec_context=None, **rates)
    steps = np.array([33, 33, 34, 67] * 20)
    found, _ = video._rate(stream, steps, Fraction(1, 1000), raw=False)
    assert float(found) == pytest.approx(30, rel=0.005)


def test_two_fields_in_two_packets_are_one_frame():
    codec = SimpleNamespace(framerate=Fraction(25), field_order=2)
    rates = {"average_rate": Fraction(25), "guessed_rate": Fraction(50), "base_rate": Fraction(50)}
    stream = Mock(spec=VideoStream, codec_context=codec, **rates)
    fields = np.full(20, 1800)
    assert video._rate(stream, fields, Fraction(1, 90_000), raw=False) == (25, "")


def test_a_pause_does_not_slow_the_rate(tmp_path: Path):
    stamps = [n / 20 + 15 * (n > 9) for n in range(20)]
    path = footage.write(tmp_path / "v.mp4", footage.numbered(20), times=stamps)
    seen = probe(path)
    assert (rate(path), seen.fps, seen.announced) == (20, 20, 20)
    assert seen.notes[-1] == "pause of 15.0 s"


def test_a_pause_before_frames_that_are_decoded_ahead_is_one(tmp_path: Path):
    stamps = [0.0, *(10 + n / 20 for n in range(20))]
    reordered = {"preset": "medium", "bf": "3"}
    path = tmp_path / "v.mp4"
    footage.write(path, footage.numbered(21), times=stamps, options=reordered)
    seen = probe(path)
    assert seen.notes[-1].startswith("pause of ")


def test_an_avi_of_uneven_rate_announces_its_frames_and_not_its_ticks(tmp_path: Path):
    stamps = [n / 25 + 0.12 * (n > 9) for n in range(20)]
    path = footage.write(tmp_path / "v.avi", footage.numbered(20), codec="mpeg4", times=stamps)
    assert probe(path).announced == 20


def test_pauses_are_counted_and_summed(tmp_path: Path):
    stamps = [n / 20 + 15 * (n > 9) + 2 * (n > 14) for n in range(20)]
    path = footage.write(tmp_path / "v.mp4", footage.numbered(20), times=stamps)
    assert probe(path).notes[-1] == "2 pauses of 17.0 s in all"


@pytest.mark.parametrize(
    ("name", "codec", "fps"),
    [
        ("v.h264", "libx264", 30),
        ("v.265", "libx265", 24),
        ("v.m2v", "mpeg2video", Fraction(30000, 1001)),
    ],
)
def test_a_bare_stream_has_the_rate_that_it_states(
    tmp_path: Path, name: str, codec: str, fps: Fraction
):
    path = footage.write(tmp_path / name, footage.numbered(6, 64, 64), fps, codec)
    seen = probe(path)
    assert (rate(path), seen.notes) == (fps, ())
    assert times(path) == [round(n / fps, 3) for n in map(float, range(6))]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [("v.hevc", "libx265", "yuv420p"), ("v.mjpeg", "mjpeg", "yuvj420p")],
)
def test_a_bare_stream_that_states_no_rate_is_taken_at_25(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
):
    untold = {"x265-params": "log-level=none:vui-timing-info=0"} if codec == "libx265" else {}
    path = tmp_path / name
    footage.write(path, footage.numbered(6, 64, 64), 30, codec, pix_fmt, options=untold)
    assert rate(path) == 25
    assert probe(path).notes == ("25 frames a second assumed",)
    assert times(path) == [0, 0.04, 0.08, 0.12, 0.16, 0.2]


def test_rate_is_the_exact_fraction(tmp_path: Path):
    path = footage.write(tmp_path / "ntsc.mp4", footage.numbered(4), fps=Fraction(30000, 1001))
    assert rate(path) == Fraction(30000, 1001)
    assert probe(path).fps == pytest.approx(29.97003)


def test_thumbnails_show_the_whole_picture_in_grey(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", [footage.quarters(64, 128)])
    thumbnail = Thumbnail()(next(decode(path)))
    assert thumbnail.shape == (32, 32)
    luma = [thumbnail[y, x] for y in (8, 24) for x in (8, 24)]
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(luma, TURNED[0] @ weights, atol=12)


def test_frames_of_a_decoded_video_may_be_kept(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(8))
    kept = list(decode(path))
    assert footage.numbers(Square(16)(frame) for frame in kept) == list(range(8))


@pytest.mark.parametrize(("encoding", "codec"), [(H264, "h264"), (XVID, "mpeg4")])
def test_an_encoded_video_decodes_to_what_went_in(tmp_path: Path, encoding: Encoding, codec: str):
    path = tmp_path / f"made.{encoding.container}"
    path.write_bytes(encode([footage.quarters(64, 64)] * 5, fps=12, encoding=encoding))
    np.testing.assert_allclose(four_colours(square(path, 64)), TURNED[0], atol=10)
    seen = probe(path)
    assert (seen.codec, seen.fps, seen.announced) == (codec, 12.0, 5)


@pytest.mark.parametrize("encoding", [H264, XVID])
def test_encoding_twice_gives_the_same_bytes(encoding: Encoding):
    frames = footage.noise(6)
    made = (encode(given, fps=12, encoding=encoding) for given in (frames, iter(frames)))
    assert next(made) == next(made)


@pytest.mark.parametrize("height", [64, 720])
def test_an_encoded_video_states_its_colours(tmp_path: Path, height: int):
    path = tmp_path / "made.mp4"
    path.write_bytes(encode([footage.quarters(height, 64)], fps=12))
    frame = next(decode(path)).frame
    stated = (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
    assert stated == (
        1,
        6,
        1,
        13,
    )  # limited range; matrix of BT.601; sRGB is that of BT.709, curved
    assert path.read_bytes().count(b"colrnclx" + struct.pack(">3H", 1, 13, 6)) == 1


def test_odd_sides_are_padded_for_the_encoder(tmp_path: Path):
    path = tmp_path / "odd.mp4"
    path.write_bytes(encode([footage.quarters(33, 47)] * 2, fps=12))
    assert (probe(path).width, probe(path).height) == (48, 34)


def test_a_recorder_that_idles_most_of_the_time_moves_at_the_rate_it_states(tmp_path: Path):
    idle = [float(n) for n in range(14)]
    stamps = [*idle, *(14 + n / 30 for n in range(12)), *(15 + n for n in idle)]
    path = footage.write(tmp_path / "v.mp4", footage.numbered(40), 30, times=stamps)
    assert rate(path) == 30
