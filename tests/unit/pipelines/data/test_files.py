"""The list of a user's own files: what it holds, and when it changes."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vidpipe.config.datasets import ClipsSource, FootageSource
from vidpipe.config.loader import read
from vidpipe.data.datasets import ucf101, weizmann
from vidpipe.data.datasets.registry import FILES, SOURCES
from vidpipe.pipelines.data.files import list_clips_files, list_footage_files
from vidpipe.utils.hashing import md5

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three videos beside it."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    for name in ("pets/a/1.mp4", "pets/a/2.mp4", "pets/b/3.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def listed(project: Path, dataset: str, **block: Any) -> dict[str, str]:
    values = read(ROOT / "params.yaml")["sources"]["clips"]
    chosen = {**values, "dataset": dataset, dataset: {**(values.get(dataset) or {}), **block}}
    table = list_clips_files(ClipsSource.model_validate(chosen), project)
    assert list(table.columns) == ["file", "md5"]
    return dict(zip(table["file"], table["md5"], strict=True))


def test_each_data_set_is_told_to_dvc_as_one_that_reads_own_files_or_none():
    told = read(ROOT / "conf/own_files.yaml")
    assert told.keys() == SOURCES.keys()
    assert {name for name, value in told.items() if value != value} == FILES.keys()  # noqa: PLR0124
    assert {value for value in told.values() if value == value} == {"none"}  # noqa: PLR0124


@pytest.mark.parametrize("dataset", ["actions", "weizmann", "ucf101", "mpii_cooking"])
def test_what_is_drawn_or_downloaded_has_no_files(project: Path, dataset: str):
    assert listed(project, dataset) == {}
    assert list(project.iterdir()) == []


def test_a_folder_is_listed_by_hash(project: Path, tmp_path: Path):
    (tmp_path / "labels.csv").write_text("path,label")
    (tmp_path / "pets/notes.txt").write_text("no video")
    names = {name: md5(tmp_path / "pets" / name) for name in ("a/1.mp4", "a/2.mp4", "b/3.mp4")}
    block = {"path": str(tmp_path / "pets"), "labels": str(tmp_path / "labels.csv")}
    assert listed(project, "folder", **block) == names | {"labels": md5(tmp_path / "labels.csv")}


def test_a_relative_folder_is_found_from_a_copy_of_the_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert len(listed(project, "folder", path="pets")) == 3


def test_a_change_of_any_kind_changes_the_list(project: Path, tmp_path: Path):
    def now() -> dict[str, str]:
        return listed(project, "folder", path=str(tmp_path / "pets"))

    lists = [now()]
    (tmp_path / "pets/b/4.mp4").write_text("added")
    lists.append(now())
    (tmp_path / "pets/b/4.mp4").write_text("other")  # of the same size
    lists.append(now())
    (tmp_path / "pets/b/4.mp4").rename(tmp_path / "pets/a/4.mp4")
    lists.append(now())
    (tmp_path / "new").write_text("third")
    (tmp_path / "pets/a/4.mp4").unlink()
    (tmp_path / "pets/a/4.mp4").symlink_to(tmp_path / "new")
    lists.append(now())
    (tmp_path / "new").write_text("forth")
    lists.append(now())
    (tmp_path / "new").unlink()
    lists.append(now())
    assert lists[-1]["a/4.mp4"] == ""
    (tmp_path / "pets/a/4.mp4").unlink()
    assert all(list_ != other for n, list_ in enumerate(lists) for other in lists[:n])
    assert now() == lists[0]


def test_hashes_are_remembered(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = listed(project, "folder", path=str(tmp_path / "pets"))
    monkeypatch.setattr("dvc_data.hashfile.hash._hash_file", None)
    assert listed(project, "folder", path=str(tmp_path / "pets")) == first


def test_an_archive_is_listed_with_what_stands_beside_it(project: Path, tmp_path: Path):
    for name in (ucf101.ZIP.name, ucf101.LISTS.name, "other.zip"):
        (tmp_path / name).write_text(name)
    archive = str(tmp_path / ucf101.ZIP.name)
    assert listed(project, "ucf101", archive=archive).keys() == {
        ucf101.ZIP.name,
        ucf101.LISTS.name,
    }
    assert listed(project, "ucf101", archive=archive, split_list=None).keys() == {ucf101.ZIP.name}
    assert listed(project, "ucf101", archive="https://mirror/x.zip") == {}
    assert len(listed(project, "mpii_cooking", archive=str(tmp_path / "pets"))) == 3


def test_a_shelf_of_zips_is_listed_as_far_as_it_is_read(project: Path, tmp_path: Path):
    for name in ("bend.zip", "walk.zip", "other.zip", weizmann.MASKS.name):
        (tmp_path / name).write_text(name)
    block = {"archive": str(tmp_path), "actions": ["bend", "walk"]}
    assert listed(project, "weizmann", **block).keys() == {"bend.zip", "walk.zip"}
    masks = listed(project, "weizmann", **block, masks=True).keys()
    assert masks == {"bend.zip", "walk.zip", weizmann.MASKS.name}


def test_footage_is_listed(project: Path, tmp_path: Path):
    def now(dataset: str, **block: str | None) -> dict[str, str]:
        values = {"dataset": dataset, "test": 0.25, "broken": 0.1, dataset: block}
        table = list_footage_files(FootageSource.model_validate(values), project)
        return dict(zip(table["file"], table["md5"], strict=True))

    one = tmp_path / "pets/a/1.mp4"
    assert now("file", path=str(one), sha256="0" * 64) == {"1.mp4": md5(one)}
    several = now("folder", path=str(tmp_path / "pets"), labels=None)
    assert several.keys() == {"a/1.mp4", "a/2.mp4", "b/3.mp4"}
    one.write_text("other")
    assert now("folder", path=str(tmp_path / "pets"), labels=None) == several | {
        "a/1.mp4": md5(one)
    }


def test_where_the_files_are_not_the_recorded_list_stays(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    assert listed(project, "folder", path="gone") == {}
    recorded = pd.DataFrame({"file": ["a.mp4"], "md5": ["1e10"]})
    (project / "data/01_raw").mkdir(parents=True)
    recorded.to_csv(project / "data/01_raw/clips_files.csv", index=False)
    assert listed(project, "folder", path="gone") == {"a.mp4": "1e10"}
    assert "folder.path: expected a folder at" in caplog.text
    assert "going on with what was recorded of your files" in caplog.text
