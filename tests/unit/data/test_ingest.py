import hashlib
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from PIL import Image
from support import footage
from support import pool_jobs as jobs

from vidpipe.data import ingest
from vidpipe.data.datasets.record import Video
from vidpipe.data.ingest import (
    Entry,
    assign_splits,
    collect,
    refuse_broken,
    refuse_untrainable,
    warn_of_copies,
)
from vidpipe.data.video import Square, decode
from vidpipe.data.workers import KILLED, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256


def offered(path: Path, digest: str | None = None) -> Video:
    return Video(path=path, name=path.name, label="a label", group="a group", sha256=digest)


def collected(path: Path, digest: str | None = None) -> Entry:
    folder = path.parent / "raw"
    folder.mkdir(exist_ok=True)
    (entry,) = collect([offered(path, digest)], folder, pool=ThreadPoolExecutor)
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
        "notes": "turned 90°",
    }


def test_a_plain_video_has_no_notes(tmp_path: Path):
    assert collected(footage.write(tmp_path / "v.mp4", footage.numbered(3))).notes == ""


def test_combs_after_the_first_frame_are_noted(tmp_path: Path):
    paper = footage.plain(256, 64, (40, 40, 40))
    frames = [paper.copy() for _ in range(16)]
    for number, frame in enumerate(frames[4:]):
        for late in (0, 1):
            left = 4 * number + 2 * late
            frame[late::2, left : left + 12] = 230
    entry = collected(footage.write(tmp_path / "v.mp4", frames))
    assert entry.notes == "deinterlaced"


def test_transparency_after_the_first_frame_is_noted(tmp_path: Path):
    colours = [(220, 30, 30, 255), (30, 200, 30, 255), (30, 30, 220, 0)]
    first, *others = (Image.new("RGBA", (64, 64), colour) for colour in colours)
    path = tmp_path / "v.apng"
    first.save(path, "png", save_all=True, append_images=others, duration=40)
    assert collected(path).notes == "transparency filled with white"


def test_the_length_of_a_video_has_its_pauses(tmp_path: Path):
    stamps = [n / 20 + 15 * (n > 9) for n in range(20)]
    entry = collected(footage.write(tmp_path / "v.mp4", footage.numbered(20), times=stamps))
    assert (entry.fps, entry.frames, entry.seconds) == (20.0, 20, 16.0)
    assert entry.notes == "pause of 15.0 s"


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


def test_a_file_that_is_gone_has_its_row_and_a_reason(tmp_path: Path):
    entry = collected(tmp_path / "gone.mp4")
    assert (entry.path, entry.status, entry.bytes) == ("gone.mp4", "broken", 0)
    assert "No such file or directory" in entry.reason
    assert str(tmp_path) not in entry.reason


def test_a_folder_called_like_a_video_is_broken(tmp_path: Path):
    (tmp_path / "v.mp4").mkdir()
    assert collected(tmp_path / "v.mp4").status == "broken"


@pytest.mark.usefixtures("small_files")
def test_a_disk_that_is_full_stops_the_run_and_names_the_file(tmp_path: Path):
    with (tmp_path / "v.mp4").open("wb") as file:
        file.truncate(100)
    (tmp_path / "w.mp4").symlink_to("/dev/zero")
    with pytest.raises(UserError, match=r"raw/w\.mp4: cannot be written: File too large"):
        collected(tmp_path / "w.mp4")


def test_what_lies_in_the_folder_already_stays_as_it_is(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(3))
    before = path.stat().st_ino
    (entry,) = collect([offered(path)], tmp_path, pool=ThreadPoolExecutor)
    assert (entry.status, path.stat().st_ino) == ("ok", before)


def test_two_videos_of_one_name_are_refused(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "raw").mkdir()
    paths = [footage.write(tmp_path / n / "v.mp4", footage.numbered(2)) for n in "ab"]
    with pytest.raises(UserError, match=r"b/v\.mp4: a second video called v\.mp4; rename"):
        collect(map(offered, paths), tmp_path / "raw", pool=processes)


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


def many(folder: Path, count: int) -> list[Video]:
    """Short videos with some of their bytes changed, or their ends cut off."""
    luck = random.Random(0)
    codecs = [("avi", "mpeg4"), ("mp4", "libx264"), ("mkv", "libx264"), ("mpg", "mpeg2video")]
    whole = [
        footage.write(folder / f"whole.{suffix}", footage.noise(8), codec=codec).read_bytes()
        for suffix, codec in codecs
    ]
    videos = []
    for number in range(count):
        suffix, data = codecs[number % 4][0], bytearray(whole[number % 4])
        if number % 3:
            for _ in range(luck.choice((1, 4, 40))):
                data[luck.randrange(len(data))] = luck.randrange(256)
        else:
            del data[luck.randrange(len(data)) :]
        path = folder / f"{number:04d}.{suffix}"
        path.write_bytes(data)
        videos.append(offered(path))
    return videos


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_whatever_bytes_are_flipped_or_cut_each_video_is_read_or_reported(
    tmp_path: Path, count: int
):
    videos = many(tmp_path, count)
    tables = []
    for number, workers in enumerate((2, 1)):
        folder = tmp_path / f"raw{number}"
        folder.mkdir()
        tables.append(collect(reversed(videos), folder, pool=processes, workers=workers))
    entries, again = tables
    assert entries == again  # whatever the number of workers, and the order they come in
    assert [entry.path for entry in entries] == [video.name for video in videos]
    assert all(entry.frames > 0 or entry.status == "broken" for entry in entries)
    assert all(bool(entry.reason) == (entry.status != "ok") for entry in entries)
    assert {entry.status for entry in entries} == {"ok", "damaged", "broken"}
    assert not any(str(tmp_path) in entry.reason for entry in entries)


def hostile(workers: int) -> ProcessPoolExecutor:
    """Processes whose decoder crashes at some files, and hangs at others."""
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=jobs.break_decoder
    )


@pytest.mark.parametrize("fault", ["crash", pytest.param("hang", marks=pytest.mark.slow)])
def test_a_file_that_crashes_or_hangs_the_decoder_is_broken_and_no_other_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
):
    monkeypatch.setattr(ingest, "LEAST", 15.0)
    names = ["a.avi", f"{fault}.avi", "z.avi"]
    paths = [footage.write(tmp_path / name, footage.numbered(4), codec="mpeg4") for name in names]
    (tmp_path / "raw").mkdir()
    entries = collect(map(offered, paths), tmp_path / "raw", pool=hostile, workers=2)
    assert [entry.path for entry in entries] == names
    assert [entry.status for entry in entries] == ["ok", "broken", "ok"]
    assert entries[1].reason == f"{fault}.avi: {KILLED}"
    assert entries[1].sha256 == sha256(tmp_path / f"{fault}.avi")


ROW = Entry(path="v.avi", label="walk", group="a", split="")


def test_parts_that_the_source_gives_stay_and_others_go_by_group():
    rows = [replace(ROW, group=str(n % 40), path=f"{n}.avi") for n in range(80)]
    rows[7] = replace(rows[7], split="test")
    divided = assign_splits(rows, 0.25)
    assert divided[7] == rows[7]
    parts = {row.group: row.split for row in divided if row.path != "7.avi"}
    assert all(parts[row.group] == row.split for row in divided if row.path != "7.avi")
    assert set(parts.values()) == {"train", "test"}


def copies(*rows: dict[str, str]) -> list[Entry]:
    """Rows of files with the same bytes, and some others."""
    same = [replace(ROW, sha256="a", path=f"{n}.avi", **row) for n, row in enumerate(rows)]
    others = [replace(ROW, sha256=f"b{n}", path=f"o{n}.avi", group=f"o{n}") for n in range(20)]
    return assign_splits(same + others, 0.25)[: len(rows)]


def test_groups_that_share_a_file_are_in_one_split():
    rows = copies(*({"group": f"g{n}"} for n in range(8)))
    assert len({row.split for row in rows}) == 1
    assert [row.notes for row in rows] == ["", *["duplicate of 0.avi"] * 7]


def test_a_file_to_train_on_that_is_also_tested_on_is_taken_out(
    caplog: pytest.LogCaptureFixture,
):
    rows = copies({"split": "train", "notes": "turned 90°"}, {"split": "test"}, {"split": "test"})
    assert [row.split for row in rows] == ["", "test", "test"]
    notes = ["turned 90°; duplicate of 1.avi", "", "duplicate of 1.avi"]
    assert [row.notes for row in rows] == notes
    warn_of_copies(rows)
    assert "the test set has the same bytes (1 video): 0.avi is 1.avi" in caplog.text
    assert "two labels" not in caplog.text


def test_a_file_of_two_labels_is_named(caplog: pytest.LogCaptureFixture):
    rows = copies({"split": "train"}, {"split": "train", "label": "run"})
    assert [row.split for row in rows] == ["train", "train"]
    warn_of_copies(rows)
    assert "alike: 1.avi (run) is 0.avi (walk)" in caplog.text


def test_broken_files_are_copies_of_none():
    rows = copies({"split": "train", "status": "broken"}, {"split": "test", "status": "broken"})
    assert [(row.split, row.notes) for row in rows] == [("train", ""), ("test", "")]


def test_where_all_are_held_out_the_key_is_named():
    rows = [replace(ROW, split="test"), replace(ROW, split="train", status="broken")]
    key = "sources.footage.folder"
    with pytest.raises(
        UserError, match=rf"^{key}: expected videos to train on, but all 2 are"
    ) as e:
        refuse_untrainable(rows, key)
    assert "then sources.footage.test is the share" in str(e.value)
    refuse_untrainable([*rows, replace(ROW, split="train")], key)


def broken(count: int, of: int) -> list[Entry]:
    some = [replace(ROW, path=f"{n}.avi", status="broken", reason=f"r{n}") for n in range(count)]
    return some + [ROW] * (of - count)


@pytest.mark.parametrize(("count", "of", "share"), [(0, 1, 0.0), (1, 10, 0.1), (9, 10, 1.0)])
def test_as_many_may_be_broken_as_the_user_says(count: int, of: int, share: float):
    refuse_broken(broken(count, of), share, "key")


@pytest.mark.parametrize(("count", "of", "share"), [(1, 10, 0.0), (5, 10, 0.4), (10, 10, 1.0)])
def test_beyond_that_the_run_stops_and_names_the_first_few(count: int, of: int, share: float):
    with pytest.raises(UserError, match=f"{count} of {of} videos are broken, key allows") as error:
        refuse_broken(broken(count, of), share, "key")
    assert "0.avi (r0)" in str(error.value)
    assert "4.avi" not in str(error.value)


def test_pictures_are_joined_to_a_film_and_the_manifest_says_so(tmp_path: Path):
    shots = tmp_path / "shots"
    shots.mkdir()
    for number, picture in enumerate(footage.numbered(12)):
        Image.fromarray(picture).save(shots / f"{number}.png")
    (tmp_path / "raw").mkdir()
    video = replace(offered(shots), name="shots.mp4")
    (entry,) = collect([video], tmp_path / "raw", pool=ThreadPoolExecutor)
    assert (entry.status, entry.codec, entry.frames, entry.fps) == ("ok", "h264", 12, 25.0)
    assert entry.notes == "joined from pictures"
    shown = [Square(16)(frame) for frame in decode(tmp_path / "raw" / "shots.mp4")]
    assert footage.numbers(shown) == list(range(12))


def test_pictures_that_are_no_film_are_broken_and_the_manifest_says_why(tmp_path: Path):
    shots = tmp_path / "shots"
    shots.mkdir()
    for number, side in enumerate((16, 17)):
        Image.fromarray(footage.plain(side, side, footage.RED)).save(shots / f"{number}.png")
    entry = collected(shots)
    assert entry.status == "broken"
    assert entry.reason.startswith("shots/1.png: expected 16x16 pixels")
    assert str(tmp_path) not in entry.reason


def test_a_video_without_a_split_goes_with_its_group(caplog):
    blank = {"label": "x", "split": "", "status": "ok"}
    given = [Entry(path=f"{n}.mp4", sha256=str(n), group=f"g{n % 20}", **blank) for n in range(40)]
    given += [
        replace(one, path=f"x{one.path}", sha256=f"x{one.path}", split="train")
        for one in given[:20]
    ]
    assert {one.split for one in assign_splits(given, 0.5)} == {"train"}
    assert not caplog.text

    torn = assign_splits([*given, replace(given[0], path="y.mp4", sha256="y", split="test")], 0.5)
    assert torn[0].split == "train"
    assert "tears apart, as of y.mp4" in caplog.text


def test_seconds_are_those_of_the_time_stamps(tmp_path):
    stamps = [n / 10 for n in range(10)] + [1 + n / 20 for n in range(20)]
    path = footage.write(tmp_path / "a.mp4", footage.numbered(30), 20, times=stamps)
    assert ingest._inspect(path).seconds == pytest.approx(2.0, abs=0.051)
