import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import footage

from vidpipe.config.datasets import Folder, FootageSource
from vidpipe.pipelines.data.footage_fetch import fetch_footage
from vidpipe.utils.errors import UserError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a set of two videos, a damaged one and one that is none."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "set").mkdir()
    for name in ("0.avi", "2.avi"):
        footage.write(tmp_path / "set" / name, footage.numbered(6), codec="mpeg4")
    cut = footage.write(tmp_path / "set/cut.avi", footage.noise(20), codec="mpeg4")
    footage.cut_off(cut, 0.7)
    (tmp_path / "set/none.avi").write_bytes(b"no video")
    return tmp_path


def numbered(path: Path, first: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    footage.write(path, footage.numbered(first + 6)[first:], codec="mpeg4")


def fetched(project: Path, video: str | None, broken: float = 0.1):
    block = Folder(path="set", labels=None)
    chosen = FootageSource(dataset="folder", folder=block, video=video, test=0.25, broken=broken)
    scratch = project / f"scratch for {video}"
    scratch.mkdir()
    return fetch_footage(chosen, project, scratch, pool=ThreadPoolExecutor)


@pytest.mark.parametrize("video", ["2", "2.avi"])
def test_one_video_of_any_set_may_be_the_footage(project: Path, video: str):
    folder, manifest = fetched(project, video)
    columns = ["path", "status", "frames", "split"]
    assert manifest[columns].to_numpy().tolist() == [["2.avi", "ok", 6, ""]]
    assert [path.name for path in folder.iterdir()] == ["2.avi"]


def test_a_whole_set_is_taken_without_a_name_and_broken_ones_told(
    project: Path, caplog: pytest.LogCaptureFixture
):
    folder, manifest = fetched(project, None, broken=0.25)
    assert manifest["path"].tolist() == ["0.avi", "2.avi", "cut.avi", "none.avi"]
    assert manifest["status"].tolist() == ["ok", "ok", "damaged", "broken"]
    assert manifest["split"].tolist() == ["train"] * 4, "too few to hold one out"
    assert len(list(folder.iterdir())) == 4
    assert "none.avi is broken: none.avi: expected a video" in caplog.text
    shutil.rmtree(project / "scratch for None")
    with pytest.raises(UserError, match=r"1 of 4 videos are broken, sources\.footage\.broken"):
        fetched(project, None, broken=0.2)


@pytest.mark.parametrize(("count", "held_out"), [(4, False), (5, True)])
def test_of_enough_videos_some_are_held_out_whole(project: Path, count: int, held_out: bool):
    shutil.rmtree(project / "set")
    for n in range(count):
        numbered(project / f"set/{n}.avi", n)
    _, manifest = fetched(project, None)
    assert ("test" in manifest["split"].tolist()) == held_out
    assert "train" in manifest["split"].tolist()


def test_folders_of_a_split_are_kept_however_few_and_one_alone_has_none(project: Path):
    shutil.rmtree(project / "set")
    numbered(project / "set/train/a.avi", 0)
    numbered(project / "set/test/b.avi", 1)
    (_, one), (_, both) = fetched(project, "b"), fetched(project, None)
    assert both["split"].tolist() == ["train", "test"]
    assert one["split"].tolist() == [""]
    numbered(project / "set/train/copy.avi", 1)
    shutil.rmtree(project / "scratch for None")
    _, copied = fetched(project, None)
    assert copied["split"].tolist() == ["train", "test", ""], "no bytes in both"


def test_what_has_nothing_to_learn_from_or_no_video_is_refused(project: Path):
    shutil.rmtree(project / "set")
    (project / "set").mkdir()
    with pytest.raises(UserError, match=r"sources\.footage\.folder: expected videos, it has none"):
        fetched(project, None)


def test_a_video_that_the_set_does_not_have_is_told_with_some_that_it_has(project: Path):
    with pytest.raises(UserError, match=r"sources\.footage\.video: .* got x; it has 4: 0\.avi"):
        fetched(project, "x")


def test_a_damaged_video_is_taken_and_told_and_a_broken_one_refused(
    project: Path, caplog: pytest.LogCaptureFixture
):
    _, manifest = fetched(project, "cut")
    assert manifest["status"].tolist() == ["damaged"]
    assert "cut.avi is damaged: " in caplog.text
    with pytest.raises(UserError, match=r"none\.avi: expected a video"):
        fetched(project, "none")
