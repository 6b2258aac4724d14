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


def fetched(project: Path, video: str | None):
    chosen = FootageSource(dataset="folder", folder=Folder(path="set", labels=None), video=video)
    scratch = project / f"scratch for {video}"
    scratch.mkdir()
    return fetch_footage(chosen, project, scratch)


@pytest.mark.parametrize(("video", "taken"), [(None, "0.avi"), ("2", "2.avi"), ("2.avi", "2.avi")])
def test_one_video_of_any_set_may_be_the_footage(project: Path, video: str | None, taken: str):
    folder, manifest = fetched(project, video)
    assert manifest[["path", "status", "frames"]].to_numpy().tolist() == [[taken, "ok", 6]]
    assert [path.name for path in folder.iterdir()] == [taken]


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
