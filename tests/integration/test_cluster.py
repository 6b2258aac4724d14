"""Extraction by a scheduler of Dask and two worker processes."""

import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from support import footage
from support import pool_jobs as jobs
from support.dask_cluster import DaskCluster
from support.project import ROOT, copy, run

from vidpipe.data.cluster import Cluster
from vidpipe.data.extraction import extract_all
from vidpipe.data.frames import extract
from vidpipe.data.workers import Failure, PoolFactory, map_ordered
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256

pytestmark = pytest.mark.slow

HOW = {"size": 16, "stride": 1, "fps": None, "cut_threshold": 0.12, "quick": True}
NAMES = "abcdefgh"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage") / "videos"
    folder.mkdir()
    for n, name in enumerate(NAMES):
        footage.write(folder / f"{name}.mp4", footage.numbered(20)[n : n + 8])
    return folder


@pytest.fixture
def place(videos: Path, tmp_path: Path) -> Path:
    """A folder of this test with the videos in `videos`."""
    shutil.copytree(videos, tmp_path / "videos")
    return tmp_path


@pytest.fixture
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two workers."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.start_worker()
        cluster.start_worker()
        yield cluster.wait_for(2)


def extracted(place: Path, pool: PoolFactory, function=extract, name: str = "frames") -> Path:
    """Extract the videos of a place, four in flight for each of two workers."""
    files = sorted((place / "videos").iterdir())
    rows = [{"path": file.name, "sha256": sha256(file), "seconds": 1.0} for file in files]
    folder = place / name
    extract_all(
        place / "videos",
        pd.DataFrame(rows),
        place / "home",
        folder,
        partial(function, **HOW),
        pool=pool,
        workers=2,
    )
    return folder


def serial(place: Path) -> dict[str, bytes]:
    return contents(extracted(place, lambda _: ThreadPoolExecutor(1), name="serial"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_machine_lost_in_the_middle_changes_no_byte(place: Path, dask: DaskCluster):
    cluster = Cluster(dask.address, place)
    assert cluster.count() == 2
    folder = extracted(place, cluster, jobs.extract_or_lose_the_machine_at_c)
    assert (place / "killed").exists()
    assert contents(folder) == serial(place)
    assert len(list(folder.rglob("*.npy"))) == len(NAMES)
    assert not list((place / "home").iterdir())


def test_videos_that_kill_workers_or_cannot_be_read_are_named_and_all_others_stay(
    place: Path, dask: DaskCluster, caplog: pytest.LogCaptureFixture
):
    (place / "videos/b.mp4").write_bytes(b"no video at all" * 100)
    with caplog.at_level(logging.WARNING, "vidpipe"):
        folder = extracted(place, Cluster(dask.address, place), jobs.extract_or_die_of_c)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("vidpipe")]
    assert [line[:38] for line in sorted(ours)] == [
        "b.mp4 is left out: " + str(place / "videos/b.mp4")[:19],
        "c.mp4 is left out: the process that wo",
    ]
    (place / "videos/c.mp4").write_bytes(b"neither is this" * 100)
    assert contents(folder) == serial(place)


def test_a_worker_that_hangs_is_ended_and_its_item_reported(place: Path, dask: DaskCluster):
    cluster = Cluster(dask.address, place)
    results = list(map_ordered(jobs.hang_at_two, range(4), pool=cluster, workers=2, seconds=3.0))
    assert [type(result) for result in results] == [int, int, Failure, int]


def test_a_scheduler_that_is_gone_is_said_in_a_line_and_a_rerun_goes_on(
    place: Path, dask: DaskCluster
):
    (place / "scheduler").write_text(str(dask.scheduler.pid))
    cluster = Cluster(dask.address, place)
    with pytest.raises(
        UserError, match=r"VIDPIPE_CLUSTER: expected a scheduler at .*run again"
    ) as e:
        extracted(place, cluster, jobs.extract_or_kill_the_scheduler_at_c)
    assert "\n" not in str(e.value)
    with pytest.raises(UserError, match="none answers"):
        cluster.count()

    # What the workers have finished stays, file by file: they go on without a scheduler, some to
    # the last video, some not.
    dask.stop()
    before = {file.name: file.stat().st_ino for file in (place / "home").glob("*/*/*.npy")}
    assert before
    dask.start_scheduler()
    dask.start_worker()
    dask.wait_for(1)
    folder = extracted(place, cluster)
    after = {file.name: file.stat().st_ino for file in folder.rglob("*.npy")}
    assert after.items() >= before.items()
    assert contents(folder) == serial(place)


def test_a_worker_with_other_code_is_refused_and_both_are_named(place: Path, tmp_path: Path):
    other = tmp_path / "src"
    shutil.copytree(ROOT / "src", other, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "vidpipe/data/frames.py").open("a") as file:
        file.write("# changed\n")
    with DaskCluster(tmp_path) as dask:
        dask.start_worker(other)
        dask.wait_for(1)
        mine = r"vidpipe \S+ with code (\w{8}) as on the machine that asks"
        other_one = r"vidpipe \S+ with code (?!\1)\w{8}; install the same on both"
        said = rf"^worker tcp://127\S+: expected {mine}, got {other_one}$"
        with pytest.raises(UserError, match=said):
            extracted(place, Cluster(dask.address, place))


@pytest.mark.parametrize("stage", ["clips"])
def test_stages_write_the_same_by_a_cluster(stage: str, tmp_path: Path, dask: DaskCluster):
    project = copy(tmp_path)
    results = []
    for where in ({"VIDPIPE_CLUSTER": dask.address}, {}):
        for part in ("fetch", "frames"):
            said = run(project, "kedro", "run", f"--pipelines={stage}_{part}", **where)
            assert (f"decoding on 2 workers of {dask.address}" in said) == bool(where)
        results.append(
            contents(project / "data/01_raw") | contents(project / "data/02_intermediate")
        )
    assert results[0] == results[1]
    assert any(name.endswith(".npy") for name in results[0])
    run(project, "git", "diff", "--exit-code", "dvc.yaml")
    gone = run(
        project,
        "kedro",
        "run",
        "--pipelines=clips_frames",
        code=1,
        VIDPIPE_CLUSTER="tcp://127.0.0.1:9",
    )
    assert "expected a scheduler at tcp://127.0.0.1:9, none answers" in gone
    assert "Traceback" not in gone
