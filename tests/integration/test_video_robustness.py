"""Whatever a file holds, it decodes as far as it goes, or is refused by name with a reason."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import footage

from vidpipe.data.frames import extract, luma_changes, sample
from vidpipe.data.video import Square, decode, probe, rate
from vidpipe.utils.errors import UserError

NEVER = 1000  # frames; none of the videos here has a tenth of that


def text(path: Path) -> Path:
    path.write_text("These are notes, and no video.\n" * 40, encoding="utf-8")
    return path


def zero_bytes(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def random_bytes(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def nothing(path: Path) -> Path:
    return path


def headless(path: Path) -> Path:
    """An mp4 keeps its index at its end: without it, nothing can be found."""
    return footage.cut_off(footage.write(path, footage.noise(10)), 0.6)


def only_a_header(path: Path) -> Path:
    footage.write(path, footage.noise(10), muxing={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 4])
    return path


def song(path: Path) -> Path:
    return footage.add_cover(footage.write_audio(path, codec="aac"))


def picture(path: Path) -> Path:
    Image.fromarray(footage.plain(32, 32, footage.RED)).save(path)
    return path


REFUSED = [
    (nothing, "v.mp4", "no such file"),
    (folder, "v.mp4", "found a folder"),
    (zero_bytes, "v.mp4", "empty file (0 bytes)"),
    (text, "v.mp4", "cannot be read as one"),
    (text, "v.mkv", "cannot be read as one"),
    (text, "notes.txt", "expected a video"),
    (text, "notes.nfo", "expected a video"),
    (random_bytes, "v.mp4", "cannot be read as one"),
    (random_bytes, "v", "cannot be read as one"),
    (headless, "v.mp4", "cannot be read as one"),
    (only_a_header, "v.mp4", "no frame of it can be decoded"),
    (footage.write_audio, "v.wav", "found only: audio"),
    (footage.write_audio, "v.mov", "found only: audio"),
    (song, "v.mp4", "found only: audio, cover picture"),
    (picture, "frame_001.png", "found a single picture"),
    (picture, "frame_001.jpg", "found a single picture"),
    (picture, "frame_%03d.tga", "found a single picture"),
]


@pytest.mark.parametrize(("make", "name", "reason"), REFUSED)
def test_what_is_no_video_is_refused_by_name_with_what_was_found(
    tmp_path: Path, make: Callable[[Path], Path], name: str, reason: str
):
    path = make(tmp_path / name)
    with pytest.raises(UserError) as error:
        probe(path)
    assert str(error.value).count(str(path)) == 1
    assert "Errno" not in str(error.value)
    assert "expected a video" in str(error.value)
    assert reason in str(error.value)


@pytest.mark.parametrize("make", [nothing, folder, zero_bytes, text, random_bytes, headless])
def test_frames_are_not_extracted_from_what_is_no_video(
    tmp_path: Path, make: Callable[[Path], Path]
):
    path = make(tmp_path / "v.mp4")
    with pytest.raises(UserError, match=r"v\.mp4: expected a video"):
        extract(path, tmp_path, size=16, stride=1, fps=None, cut_threshold=0.1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"),
        ("v.avi", "ffconcat version 1.0\nfile '{}'\n"),
    ],
)
def test_a_list_of_other_files_is_not_followed(tmp_path: Path, name: str, text: str):
    (tmp_path / "elsewhere").mkdir()
    footage.write(tmp_path / "elsewhere/secret.mp4", footage.numbered(3))
    (tmp_path / name).write_text(text.format("elsewhere/secret.mp4"))
    with pytest.raises(UserError, match=r"expected a video, found a list of others"):
        probe(tmp_path / name)


@pytest.mark.parametrize("name", ["take:2.mp4", "-v.mp4", "%03d.mp4", "a b.mp4", "片段.mp4", "#?"])
def test_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    video = footage.write(tmp_path / "plain.mp4", footage.numbered(3))
    video.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(Path(name)).announced == 3
    assert len(list(decode(Path(name)))) == 3


@pytest.mark.parametrize(
    ("name", "codec"), [("v.avi", "mpeg4"), ("v.mkv", "libx264"), ("v.ts", "libx264")]
)
def test_a_file_cut_off_gives_the_frames_before_the_cut(tmp_path: Path, name: str, codec: str):
    path = footage.write(tmp_path / name, footage.noise(20), codec=codec)
    whole = [frame.frame.to_ndarray() for frame in decode(path)]
    footage.cut_off(path, 0.8)
    *left, last = [frame.frame.to_ndarray() for frame in decode(path)]
    assert 1 <= len(left) < len(whole) - 1
    np.testing.assert_array_equal(left, whole[: len(left)])  # the last may be cut itself
    assert last.shape == whole[0].shape


def test_every_whole_frame_before_the_cut_is_had(tmp_path: Path):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    path = tmp_path / "v.mp4"
    # With frames that refer to later ones, a decoder holds some back: they must come out too.
    options = {"preset": "medium"}
    footage.write(path, pictures, options=options, muxing={"movflags": "faststart"})
    sizes = footage.packets(path)
    left = footage.packets(footage.cut_off(path, 0.8))
    assert left[:-1] == sizes[: len(left) - 1]
    assert 10 < len(left) < 20
    assert left[-1] < sizes[len(left) - 1]
    assert len(list(decode(path))) in (len(left) - 1, len(left))


def damaged(path: Path, codec: str, count: int) -> Iterator[Path]:
    """A video with four bytes changed, each time others."""
    data = footage.write(path, footage.noise(20, side=128), codec=codec).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(count):
        broken = bytearray(data)
        for place in rng.integers(len(data) // 10, len(data) * 9 // 10, size=4):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        yield path


def test_a_damaged_file_decodes_alike_every_time(tmp_path: Path):
    for path in damaged(tmp_path / "v.mp4", "libx264", 14):
        assert len({digest(frame.frame for frame in decode(path)) for _ in range(3)}) == 1


@pytest.mark.skipif(os.cpu_count() == 1, reason="has but one core")
@pytest.mark.parametrize(("name", "codec"), [("v.mp4", "libx264"), ("v.mpg", "mpeg2video")])
def test_a_damaged_file_decodes_alike_on_any_number_of_cores(tmp_path: Path, name: str, codec: str):
    for path in damaged(tmp_path / name, codec, 20):
        here = digest(frame.frame for frame in decode(path))
        assert here == digest(footage.decode_on_one_core(path))


@pytest.mark.parametrize("name", ["v.mkv", "v.ts", "v.mp4"])
def test_a_wild_time_stamp_does_not_fill_the_disk(tmp_path: Path, name: str):
    day = 20 * 3600
    stamps = [n / 25 + (day if n >= 10 else 0) for n in range(20)]
    path = footage.write(tmp_path / name, footage.numbered(20), times=stamps)
    assert ticks(path) < NEVER


def digest(frames: Iterable[VideoFrame]) -> str:
    shown = hashlib.sha256()
    for frame in frames:
        shown.update(frame.to_ndarray())
    return shown.hexdigest()


def ticks(path: Path) -> int:
    own = rate(path)
    seen = luma_changes(decode(path))
    frames = sample(seen, own_rate=own, target_rate=own, cut_threshold=0.1)
    return sum(1 for _ in islice(frames, NEVER))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    home = tmp_path_factory.mktemp("whole")
    frames = footage.noise(8, side=32)
    kinds = {"v.mp4": "libx264", "v.avi": "mpeg4", "v.mkv": "ffv1", "v.ts": "libx264"}
    pixels = {"ffv1": "bgr0"}
    return {
        name: footage.write(
            home / name, frames, codec=codec, pix_fmt=pixels.get(codec, "yuv420p")
        ).read_bytes()
        for name, codec in kinds.items()
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_flipped_bytes_never_hang_and_raise_nothing_but_a_user_error(
    data: st.DataObject, whole: dict[str, bytes]
):
    name = data.draw(st.sampled_from(sorted(whole)))
    broken = bytearray(whole[name])
    for _ in range(data.draw(st.integers(1, 12))):
        # The header is a small part of the file, and where most can go wrong.
        place = data.draw(st.integers(0, 799) | st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    length = data.draw(st.just(len(broken)) | st.integers(0, len(broken)))
    began = time.process_time()
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / name
        path.write_bytes(broken[:length])
        refused = None
        try:
            probe(path)
            square = Square(16)
            shown = [square(frame) for frame in decode(path)]
        except UserError as error:
            refused = str(error)
        if refused is None:
            assert len(shown) <= NEVER
            assert ticks(path) < NEVER
        else:
            assert name in refused
    assert time.process_time() - began < 10
