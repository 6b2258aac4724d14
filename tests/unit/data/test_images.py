import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageOps, features
from support import footage

from vidpipe.data.images import LONGEST, read_frames, read_image
from vidpipe.utils.errors import UserError

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"]
SIDE, SIZE = st.integers(1, 70), st.sampled_from([8, 32])
KINDS = {"png": "RGBA", "jpeg": "RGB", "gif": "P", "tiff": "LA", "webp": "RGB", "bmp": "L"}
if features.check("avif"):
    KINDS["avif"] = "RGB"


@given(st.sampled_from(MODES), SIDE, SIDE, SIZE)
def test_any_mode_and_size_becomes_a_square_of_rgb(tmp_path_factory, mode, width, height, size):
    path = tmp_path_factory.mktemp("picture") / "picture.tiff"
    Image.new(mode, (width, height)).save(path)
    square = read_image(path, size)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8


@given(st.integers(0, 2**32 - 1), SIDE, SIDE, SIZE)
def test_it_is_the_centre_of_the_picture_scaled_whole(tmp_path_factory, seed, width, height, size):
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    short = min(width, height)
    assume(max(width, height) <= LONGEST * short)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    sides = [max(size, round(side * (size / short))) for side in (width, height)]
    whole = np.asarray(Image.fromarray(noise).resize(sides, Image.Resampling.BICUBIC))
    left, top = ((side - size) // 2 for side in sides)
    centre = whole[top : top + size, left : left + size]
    np.testing.assert_array_equal(read_image(path, size), centre)


@pytest.mark.parametrize("upright", [True, False])
def test_a_very_long_picture_is_cut_before_it_is_scaled(tmp_path, monkeypatch, upright):
    sizes = []
    resize = Image.Image.resize

    def spy(picture, sides, *rest):
        sizes.append(sides)
        return resize(picture, sides, *rest)

    monkeypatch.setattr(Image.Image, "resize", spy)
    line = np.zeros((1_000_000, 1, 3), np.uint8)
    line[499_000:501_000] = 200
    Image.fromarray(line if upright else line.swapaxes(0, 1)).save(tmp_path / "long.png")
    assert (read_image(tmp_path / "long.png", 32) == 200).all()
    assert [max(sides) for sides in sizes] == [LONGEST * 32]


def test_a_picture_is_turned_upright(tmp_path):
    lying = np.zeros((8, 8, 3), np.uint8)
    lying[:, :4] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(lying).save(tmp_path / "lying.png", exif=exif)
    turned = ImageOps.exif_transpose(Image.open(tmp_path / "lying.png"))
    np.testing.assert_array_equal(read_image(tmp_path / "lying.png", 8), np.asarray(turned))
    assert (read_image(tmp_path / "lying.png", 8)[:4] == 200).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path, mode):
    Image.new(mode, (9, 9)).save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "clear.png", 8) == 255).all()


def test_sixteen_bits_of_grey_become_eight(tmp_path):
    grey = np.full((8, 8), 40_000, np.uint16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    assert (read_image(tmp_path / "deep.png", 8) == 40_000 // 256).all()


def test_the_centre_is_cut_out(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", 10) == 200).all()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


HEADER = b"\x89PNG\r\n\x1a\n"
BOMB = HEADER + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
BOMB += chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("content", [b"", b"no picture", HEADER + b" torn", BOMB])
def test_what_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "me.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"me\.png: expected a picture, cannot read it as one"):
        read_image(path, 8)
    with pytest.raises(UserError, match=r"you\.png: expected a picture, found no such file"):
        read_image(tmp_path / "you.png", 8)
    with pytest.raises(UserError, match="expected a picture, cannot read it as one"):
        read_image(tmp_path, 8)


@pytest.mark.filterwarnings("ignore")  # Pillow's, of what it reads all the same
@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_damaged_picture_is_read_or_refused(tmp_path_factory, kind, data):
    buffer = io.BytesIO()
    exif = {"exif": Image.Exif()} if kind in ("png", "jpeg", "webp", "tiff") else {}
    Image.new(KINDS[kind], (9, 7)).save(buffer, kind, **exif)
    damaged = bytearray(buffer.getvalue())
    places = st.integers(0, len(damaged) - 1)
    for place in data.draw(st.lists(places, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / f"me.{kind}"
    path.write_bytes(damaged[: data.draw(places) + 1 if data.draw(st.booleans()) else None])
    with suppress(UserError):
        assert read_image(path, 8).shape == (8, 8, 3)


@pytest.mark.skipif("avif" not in KINDS, reason="this Pillow reads no AVIF")
def test_an_avif_that_its_decoder_gives_up_on_is_refused(tmp_path):
    path = tmp_path / "me.avif"
    Image.effect_noise((64, 64), 50).convert("RGB").save(path)
    damaged = bytearray(path.read_bytes())
    place = damaged.index(b"mdat") + 12  # the beginning of the coded pixels
    damaged[place : place + 8] = b"\xff" * 8
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"me\.avif: expected a picture, cannot read it as one: "):
        read_image(path, 8)


def test_a_tag_of_another_type_is_refused(tmp_path):
    path = tmp_path / "me.tiff"
    Image.new("RGB", (9, 7)).save(path, exif=Image.Exif())
    damaged = bytearray(path.read_bytes())
    damaged[72] = 2  # the offset of the pixels is a text
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"me\.tiff: expected a picture, cannot read it as one: "):
        read_image(path, 8)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Ten numbered frames, 25 in a second."""
    return footage.write(tmp_path_factory.mktemp("video") / "v.mp4", footage.numbered(10))


@pytest.mark.parametrize(
    ("seconds", "preceding", "following", "expected"),
    [
        (None, 0, 5, ([9], [])),
        (0.0, 0, 0, ([0], [])),
        (0.1, 0, 0, ([2], [])),
        (0.1, 0, 3, ([2], [3, 4, 5])),
        (0.3, 0, 9, ([7], [8, 9])),
        (0.9, 0, 2, ([9], [])),
        # A window: the frames before, as many as there are.
        (None, 2, 5, ([7, 8, 9], [])),
        (0.1, 2, 1, ([0, 1, 2], [3])),
        (0.1, 4, 1, ([0, 1, 2], [3])),
        (0.0, 4, 2, ([0], [1, 2])),
    ],
)
def test_frames_are_those_on_display_around_a_time(video, seconds, preceding, following, expected):
    past, after = read_frames(video, 32, seconds, preceding=preceding, following=following)
    assert (footage.numbers(past), footage.numbers(after)) == expected


def test_a_time_after_the_end_is_refused(video):
    with pytest.raises(UserError, match=r"--from 2\.0: .* ends at 0\.36 s"):
        read_frames(video, 32, 2.0, preceding=3)


@pytest.mark.parametrize(("seconds", "number"), [(3.0, 0), (5.5, 1), (None, 1)])
def test_a_frame_may_be_on_display_for_long(tmp_path, seconds, number):
    slow = footage.write(tmp_path / "v.mkv", footage.numbered(2), times=[0.0, 5.0])
    past, after = read_frames(slow, 32, seconds)
    assert footage.numbers(past) == [number]
    assert after == []


def test_no_frame_on_the_other_side_of_a_pause_tells_of_motion(tmp_path):
    stamps = [0, 0.04, 0.08, 0.12, 15.12, 15.16]
    paused = footage.write(tmp_path / "v.mkv", footage.numbered(6), times=stamps)
    past, _ = read_frames(paused, 32, None, preceding=4)
    assert footage.numbers(past) == [4, 5]
    _, after = read_frames(paused, 32, 0.08, following=4)
    assert footage.numbers(after) == [3]


def test_no_frame_of_another_shot_tells_of_motion(tmp_path):
    dark, light = footage.plain(64, 64, (20, 20, 20)), footage.plain(64, 64, (220, 220, 220))
    cut = footage.write(tmp_path / "v.mkv", [dark] * 4 + [light] * 2)
    past, _ = read_frames(cut, 32, None, preceding=4)
    assert [frame.mean() > 128 for frame in past] == [True, True]
