from pathlib import Path

import pytest

from vidpipe.data.datasets import file
from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError

DIGEST = "a" * 64


def videos(path: str, digest: str, project: Path) -> list[Video]:
    place = Place(key="sources.footage.file", project=project, folder=project)
    return list(file.videos(path=path, sha256=digest, place=place))


def place(folder: Path) -> Path:
    path = folder / "footage" / "clip.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"video")
    return path


@pytest.fixture(autouse=True)
def _no_experiment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)


def test_a_path_counts_from_the_project(tmp_path: Path):
    path = place(tmp_path)
    (video,) = videos("footage/clip.mp4", DIGEST, tmp_path)
    assert (video.path, video.name, video.sha256) == (path, "clip.mp4", DIGEST)
    assert (video.label, video.group, video.split) == ("clip", "clip", "")


def test_a_path_may_be_absolute(tmp_path: Path):
    path = place(tmp_path)
    (video,) = videos(str(path), DIGEST, tmp_path / "project")
    assert video.path == path


def test_an_experiment_in_a_copy_finds_the_file_where_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = place(tmp_path / "root")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "root"))
    (video,) = videos("footage/clip.mp4", DIGEST, tmp_path / "copy")
    assert video.path == path


def test_the_projects_own_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place(tmp_path / "root")
    path = place(tmp_path / "copy")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "root"))
    (video,) = videos("footage/clip.mp4", DIGEST, tmp_path / "copy")
    assert video.path == path


@pytest.mark.parametrize("name", ["footage/gone.mp4", "footage", "."])
def test_a_file_that_is_not_there_is_an_error_that_says_where_it_should_be(
    tmp_path: Path, name: str
):
    place(tmp_path)
    with pytest.raises(UserError) as error:
        videos(name, DIGEST, tmp_path)
    assert "sources.footage.file.path" in str(error.value)
    assert str(tmp_path / name) in str(error.value)
    assert "vidpipe use" in str(error.value)
