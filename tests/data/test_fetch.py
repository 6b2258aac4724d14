import hashlib
from dataclasses import asdict
from pathlib import Path

import footage
import pytest

from vidpipe.data.fetch import Entry, collect, sha256
from vidpipe.data.sources.record import Video
from vidpipe.errors import UserError


def offered(path: Path, digest: str | None = None) -> Video:
    return Video(path=path, name=path.name, label="a label", group="a group", sha256=digest)


def collected(path: Path, digest: str | None = None) -> Entry:
    folder = path.parent / "raw"
    folder.mkdir(exist_ok=True)
    (entry,) = collect([offered(path, digest)], folder)
    return entry


def test_the_manifest_tells_what_a_player_would_show(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(10, 32, 48), fps=20)
    footage.turn(path, 90)
    assert asdict(collected(path)) == {
        "path": "v.mp4",
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "codec": "h264",
        "width": 32,
        "height": 48,
        "fps": 20.0,
        "frames": 10,
        "seconds": 0.5,
        "label": "a label",
        "group": "a group",
        "split": "",
        "status": "ok",
        "reason": "",
    }


def test_the_copy_has_the_bytes_of_the_video(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(3))
    collected(path)
    assert (tmp_path / "raw" / "v.mp4").read_bytes() == path.read_bytes()


def test_the_right_hash_is_taken(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(3))
    assert collected(path, sha256(path)).sha256 == sha256(path)


def test_a_file_that_has_changed_is_refused_by_name(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(3))
    digest = sha256(path)
    footage.write(path, footage.numbered(4))
    with pytest.raises(UserError) as error:
        collected(path, digest)
    assert str(path) in str(error.value)
    assert digest[:12] in str(error.value)
    assert sha256(path)[:12] in str(error.value)
    assert "vidpipe use" in str(error.value)


def test_a_file_that_is_gone_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(UserError, match=r"gone\.mp4"):
        collected(tmp_path / "gone.mp4")


def test_two_videos_of_one_name_are_refused(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "raw").mkdir()
    paths = [footage.write(tmp_path / n / "v.mp4", footage.numbered(2)) for n in "ab"]
    with pytest.raises(UserError, match=r"b/v\.mp4: a second video called v\.mp4"):
        collect(map(offered, paths), tmp_path / "raw")


@pytest.mark.parametrize(
    ("name", "codec"), [("v.mp4", "libx264"), ("v.avi", "mpeg4"), ("v.mov", "mjpeg")]
)
def test_a_file_cut_off_is_damaged_and_the_manifest_says_how_much(
    tmp_path: Path, name: str, codec: str
):
    fast = {} if name.endswith("avi") else {"movflags": "faststart"}
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = tmp_path / name
    footage.write(path, footage.noise(20), codec=codec, pix_fmt=pixels, muxing=fast)
    entry = collected(footage.cut_off(path, 0.8))
    assert entry.status == "damaged"
    assert 1 <= entry.frames < 20
    assert entry.reason == f"{entry.frames} of 20 frames decode"
    assert entry.seconds == entry.frames / 25


def test_a_file_without_its_index_is_broken_and_the_manifest_says_why(tmp_path: Path):
    path = footage.cut_off(footage.write(tmp_path / "v.mp4", footage.noise(9)), 0.6)
    entry = collected(path)
    assert (entry.status, entry.frames) == ("broken", 0)
    assert entry.reason.startswith("v.mp4: expected a video")
    assert entry.bytes == path.stat().st_size


def test_text_is_broken_and_not_an_exception(tmp_path: Path):
    path = tmp_path / "v.mp4"
    path.write_text("no video")
    assert collected(path).status == "broken"


def test_one_frame_is_a_whole_video(tmp_path: Path):
    entry = collected(footage.write(tmp_path / "still.mp4", footage.numbered(1)))
    assert (entry.status, entry.frames) == ("ok", 1)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("v.mkv", "libx264"),
        ("v.webm", "libvpx-vp9"),
        ("v.webm", "libvpx"),
        ("v.ts", "libx264"),
        ("v.h264", "libx264"),
        ("v.mpg", "mpeg2video"),
    ],
)
def test_formats_that_announce_no_count_are_whole(tmp_path: Path, name: str, codec: str):
    path = footage.write(tmp_path / name, footage.noise(12), codec=codec)
    entry = collected(path)
    assert (entry.status, entry.frames) == ("ok", 12)


def test_frames_that_reach_ahead_are_not_taken_for_damage(tmp_path: Path):
    options = {"preset": "medium", "crf": "25"}
    path = footage.write(tmp_path / "v.mp4", footage.noise(30), options=options)
    assert (collected(path).status, collected_again(path)) == ("ok", 30)


def collected_again(path: Path) -> int:
    (path.parent / "raw" / path.name).unlink()
    return collected(path).frames


def test_a_trimmed_clip_is_whole(tmp_path: Path):
    path = footage.write_hidden_start(tmp_path / "v.mp4", footage.numbered(20), hidden=5)
    entry = collected(path)
    assert (entry.status, entry.frames) == ("ok", 15)
