from pathlib import Path

import pytest

from vidpipe.data.datasets.record import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A project with nothing in it."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "project").mkdir()
    (tmp_path / "videos").mkdir()
    return Place(key="sources.clips.x", project=tmp_path / "project", folder=tmp_path / "videos")
