import hashlib
import logging
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import footage
from support import pool_jobs as jobs

from vidpipe.data import extraction
from vidpipe.data.extraction import extract_all
from vidpipe.data.frames import Shot, extract, load, read_shots, write_shots
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256

HOW = {"size": 16, "stride": 1, "fps": None, "cut_threshold": 0.12}


def manifest_of(folder: Path) -> pd.DataFrame:
    """A row for each file, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return pd.DataFrame(
        [{"path": str(p.relative_to(folder)), "sha256": sha256(p), "seconds": 1.0} for p in files]
    )


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven videos that differ, two of them with one stem, and one with a foreign name."""
    folder = tmp_path_factory.mktemp("videos")
    names = ["a.mp4", "b.mp4", "c.mp4", "walk/ira.avi", "run/ira.avi", "run/ira.mp4", "片段 é.mkv"]
    for n, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        codec = "mpeg4" if path.suffix == ".avi" else "libx264"
        footage.write(path, footage.numbered(20)[n : n + 6 + n], codec=codec)
    return folder


def extracted(
    videos: Path,
    place: Path,
    function=extract,
    *,
    pool: PoolFactory = ThreadPoolExecutor,
    workers: int = 2,
) -> tuple[Path, list[Shot]]:
    """Extract in a place; its folder `home` outlives runs."""
    folder = place / "frames"
    shots = extract_all(
        videos,
        manifest_of(videos),
        place / "home",
        folder,
        partial(function, **HOW),
        pool=pool,
        workers=workers,
    )
    return folder, shots


def write_and_stop(folder: Path, shots: list[Shot]) -> None:
    """As if killed once the list of all shots is written."""
    write_shots(folder, shots)
    if folder.parent.name == "home":
        raise KeyboardInterrupt


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_bytes_do_not_depend_on_the_number_or_kind_of_workers(videos: Path, tmp_path: Path):
    kinds = {"threads": (ThreadPoolExecutor, 2)} | {f"{n}": (processes, n) for n in (1, 2, 3)}
    trees = {}
    for name, (pool, workers) in kinds.items():
        trees[name] = contents(extracted(videos, tmp_path / name, pool=pool, workers=workers)[0])
    assert len({frozenset(files.items()) for files in trees.values()}) == 1


def test_every_video_has_the_frames_it_has_alone(videos: Path, tmp_path: Path):
    folder, shots = extracted(videos, tmp_path)
    alone = tmp_path / "alone"
    alone.mkdir()
    for shot in shots:
        extract(videos / shot.video, alone, **HOW)
        np.testing.assert_array_equal(
            load(folder, shot.file), load(alone, f"{Path(shot.video).stem}.npy")
        )


def test_shots_are_listed_in_the_manifests_order_under_its_names(videos: Path, tmp_path: Path):
    folder, shots = extracted(videos, tmp_path)
    assert [shot.video for shot in shots] == manifest_of(videos)["path"].tolist()
    assert read_shots(folder) == shots


def test_names_that_look_like_numbers_stay_names(tmp_path: Path):
    (tmp_path / "videos/7").mkdir(parents=True)
    footage.write(tmp_path / "videos/7/001.mkv", footage.numbered(3))
    path = tmp_path / "videos/007"
    (tmp_path / "videos/7/001.mkv").rename(path)
    folder, shots = extracted(tmp_path / "videos", tmp_path)
    assert [shot.video for shot in read_shots(folder)] == ["007"] == [shot.video for shot in shots]


def test_equal_files_are_extracted_once_and_listed_each(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "BOARD", [])
    (tmp_path / "v").mkdir()
    for name in ("one.mp4", "two.mp4"):
        shutil.copy(videos / "a.mp4", tmp_path / "v" / name)
    _, shots = extracted(tmp_path / "v", tmp_path, jobs.extract_and_note)
    assert [(shot.video, shot.file) for shot in shots] == [
        ("one.mp4", shots[0].file),
        ("two.mp4", shots[0].file),
    ]
    assert len(jobs.BOARD) == 1


def test_a_video_that_cannot_be_read_is_named_and_the_others_stay(
    videos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    broken = tmp_path / "v"
    shutil.copytree(videos, broken)
    (broken / "b.mp4").write_bytes(b"no video at all" * 100)
    with caplog.at_level(logging.WARNING):
        _, shots = extracted(broken, tmp_path)
    assert [shot.video for shot in shots] == [
        name for name in manifest_of(videos)["path"] if name != "b.mp4"
    ]
    (line,) = [r.getMessage() for r in caplog.records]
    assert line.startswith("b.mp4 is left out: ")


def test_a_video_that_kills_its_worker_is_named_and_the_others_stay(
    videos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    few = tmp_path / "v"
    few.mkdir()
    for name in ("a.mp4", "c.mp4"):
        shutil.copy(videos / name, few)
    with caplog.at_level(logging.WARNING):
        _, shots = extracted(few, tmp_path, jobs.extract_or_die_of_c, pool=processes, workers=1)
    assert [shot.video for shot in shots] == ["a.mp4"]
    assert [r.getMessage()[:37] for r in caplog.records] == [
        "c.mp4 is left out: the process that w"
    ]


def test_a_worker_killed_in_a_video_changes_no_file_of_the_result(videos: Path, tmp_path: Path):
    few = tmp_path / "v"
    few.mkdir()
    for name in ("a.mp4", "c.mp4"):
        shutil.copy(videos / name, few)
    whole, _ = extracted(few, tmp_path / "whole")
    folder, _ = extracted(few, tmp_path, jobs.extract_or_be_killed_in_c, pool=processes, workers=1)
    assert (tmp_path / "killed").exists()
    assert contents(folder) == contents(whole)
    assert sorted(map(str, folder.iterdir())) == [
        str(folder / path.name) for path in sorted(whole.iterdir())
    ]
    assert not list((tmp_path / "home").iterdir())


def test_a_video_that_a_killed_worker_had_finished_is_not_extracted_again(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "BOARD", [])
    (tmp_path / "home/work").mkdir(parents=True)
    job = extraction.Job("a.mp4", videos / "a.mp4", tmp_path / "home/work/a")
    for _ in range(2):
        assert extraction._extract(partial(jobs.extract_and_note, **HOW), job) is None
    assert jobs.BOARD == ["a.mp4"]


def test_two_workers_that_do_the_same_video_at_once_do_no_harm(videos: Path, tmp_path: Path):
    """A cluster may give up a worker that still works."""
    (tmp_path / "home/work").mkdir(parents=True)
    job = extraction.Job("a.mp4", videos / "a.mp4", tmp_path / "home/work/a")
    plain = partial(extract, **HOW)

    def while_another_is_faster(path: Path, folder: Path) -> list[Shot]:
        assert extraction._extract(plain, job) is None
        return extract(path, folder, **HOW)

    assert extraction._extract(partial(while_another_is_faster), job) is None
    assert extraction._is_whole(job.folder)
    assert list((tmp_path / "home").iterdir()) == [job.folder.parent]


def test_frames_that_a_slow_disk_does_not_show_yet_are_not_left_out(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patched:
        patched.setattr(extraction, "_extract", lambda extract, job: None)
        with pytest.raises(UserError, match=r"frames of a\.mp4, which .* not to be seen here yet"):
            extracted(videos, tmp_path)
    assert len(extracted(videos, tmp_path)[1]) == len(manifest_of(videos))


def test_when_no_video_can_be_read_the_folder_is_named(tmp_path: Path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v/a.avi").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"v: none of its 1 videos can be read: .*a\.avi.*Choose"):
        extracted(tmp_path / "v", tmp_path)
    assert not (tmp_path / "frames").exists()


def test_a_run_that_was_killed_goes_on_where_it_was(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = contents(extracted(videos, tmp_path / "whole")[0])
    program = (
        "import sys; import test_extraction as t; from support import pool_jobs as jobs\n"
        "from pathlib import Path\n"
        "videos, place = map(Path, sys.argv[1:])\n"
        "t.extracted(videos, place, jobs.extract_four_then_kill, workers=1)\n"
    )
    place = tmp_path / "killed"
    place.mkdir()
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    killed = subprocess.run(
        [sys.executable, "-c", program, str(videos), str(place)],
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    assert killed.returncode == -9
    assert not (place / "frames").exists()
    monkeypatch.setattr(jobs, "BOARD", [])
    folder, _ = extracted(videos, place, jobs.extract_and_note, workers=1)
    left = [Path(name).name for name in manifest_of(videos)["path"]][4:]
    assert left == jobs.BOARD
    assert contents(folder) == whole


def test_a_run_killed_right_before_its_end_does_no_harm(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = contents(extracted(videos, tmp_path / "whole")[0])
    monkeypatch.setattr(jobs, "BOARD", [])
    with monkeypatch.context() as patched:
        patched.setattr(extraction, "write_shots", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            extracted(videos, tmp_path, jobs.extract_and_note)
    extractions = len(jobs.BOARD)
    folder, _ = extracted(videos, tmp_path, jobs.extract_and_note)
    assert contents(folder) == whole
    assert len(jobs.BOARD) == extractions > 0


def zeroed(folder: Path) -> None:
    (frames,) = folder.glob("*.npy")
    frames.write_bytes(bytes(frames.stat().st_size))


def cut_short(folder: Path) -> None:
    (frames,) = folder.glob("*.npy")
    os.truncate(frames, 200)


def without_shots(folder: Path) -> None:
    (folder / "shots.csv").write_bytes(b"")


def without_sums(folder: Path) -> None:
    (folder / extraction.SUMS).write_bytes(b"")


@pytest.mark.parametrize("tear", [zeroed, cut_short, without_shots, without_sums])
def test_what_a_cut_of_power_tore_is_extracted_anew(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tear: Callable[[Path], None]
):
    whole = contents(extracted(videos, tmp_path / "whole")[0])
    with pytest.raises(KeyboardInterrupt):
        extracted(videos, tmp_path, jobs.extract_and_stop_at_c, workers=1)
    finished = [path.parent for path in (tmp_path / "home").rglob("*.npy")]
    tear(finished[0])
    monkeypatch.setattr(jobs, "BOARD", [])
    folder, _ = extracted(videos, tmp_path, jobs.extract_and_note, workers=1)
    assert contents(folder) == whole
    assert len(jobs.BOARD) == len(manifest_of(videos)) - (len(finished) - 1)


def test_other_parameters_take_up_nothing(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "BOARD", [])
    with pytest.raises(KeyboardInterrupt):
        extracted(videos, tmp_path, jobs.extract_and_stop_at_c, workers=1)
    monkeypatch.setitem(HOW, "size", 32)
    folder, _ = extracted(videos, tmp_path)
    assert {np.load(path).shape[1] for path in folder.rglob("*.npy")} == {32}
    assert list((tmp_path / "home").iterdir()) == []


def test_what_an_earlier_run_left_of_videos_no_longer_wanted_goes(videos: Path, tmp_path: Path):
    fewer = tmp_path / "v"
    shutil.copytree(videos, fewer)
    with pytest.raises(KeyboardInterrupt):
        extracted(fewer, tmp_path, jobs.extract_and_stop_at_c, workers=1)
    (fewer / "a.mp4").unlink()
    folder, shots = extracted(fewer, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(shot.file.split("/")[0] for shot in shots), "shots.csv"]
    )


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Files cannot grow beyond 1 KiB."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_ends_the_run_and_is_no_fault_of_a_video(
    videos: Path, tmp_path: Path, request: pytest.FixtureRequest
):
    manifest = manifest_of(videos)
    request.getfixturevalue("full_disk")
    with pytest.raises(UserError, match="cannot be written: File too large"):
        extract_all(
            videos,
            manifest,
            tmp_path / "home",
            tmp_path / "frames",
            partial(extract, **HOW),
            pool=ThreadPoolExecutor,
            workers=2,
        )
    assert not (tmp_path / "frames").exists()
    assert not list((tmp_path / "home").rglob("*.npy"))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("sha256", "../../../stolen/x", "expected a sha256 in the manifest"),
        ("sha256", "/tmp/0123456789abcdef", "expected a sha256 in the manifest"),
        ("sha256", "", "expected a sha256 in the manifest"),
        ("path", "../secret.mp4", "expected a path below this folder"),
        ("path", "/etc/passwd", "expected a path below this folder"),
    ],
)
def test_a_hostile_manifest_leads_nowhere(videos, tmp_path, column, value, said):
    manifest = manifest_of(videos)
    manifest.loc[0, column] = value
    home, folder, make = tmp_path / "a/b/home", tmp_path / "a/b/frames", partial(extract, **HOW)
    with pytest.raises(UserError, match=said):
        extract_all(videos, manifest, home, folder, make, pool=ThreadPoolExecutor)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
