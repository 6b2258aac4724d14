from pathlib import Path

import pytest

from vidpipe.data.datasets.record import Place


def place(project: Path) -> Place:
    return Place(key="sources.clips.x", project=project, folder=project)


def test_a_path_is_looked_for_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "mine").touch()
    assert set(place(tmp_path).homes) == {tmp_path}
    assert place(tmp_path).find("mine") == tmp_path / "mine"
    assert place(tmp_path).find(str(tmp_path / "mine")) == tmp_path / "mine"
    assert place(tmp_path).find("yours") is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place(tmp_path / "elsewhere").find("~/mine") == tmp_path / "mine"


def test_a_copy_looks_where_it_was_started_too_and_shares_its_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root, copy = tmp_path / "root", tmp_path / "copy"
    for folder, names in ((root, ("theirs", "both")), (copy, ("both",))):
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    monkeypatch.setenv("DVC_ROOT", str(root))
    assert place(copy).find("theirs") == root / "theirs"
    assert place(copy).find("both") == copy / "both"
    assert place(copy).downloads == root / ".vidpipe/downloads"
