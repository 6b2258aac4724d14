import os
from pathlib import Path

import pandas as pd
import pytest

from vidpipe.tracking import live_history
from vidpipe.tracking.live_history import LiveHistory


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only if the test says so."""
    now = [100.0]
    monkeypatch.setattr(live_history.time, "monotonic", lambda: now[0])
    return now


def steps(file):
    return pd.read_csv(file)["step"].tolist()


def test_the_file_grows_and_goes_at_the_end(tmp_path: Path, clock):
    live = LiveHistory(tmp_path / "live/gan3d.csv")
    live.add({"generator": 1 / 3}, 20)
    assert live.file.read_text() == "step,generator\n20,0.333333\n"
    clock[0] += live_history.SECONDS
    live.add({"generator": 0.5, "r1": 2.0}, 40)
    assert pd.read_csv(live.file)["r1"].isna().tolist() == [True, False]
    assert [file.name for file in live.file.parent.iterdir()] == ["gan3d.csv"]
    live.remove()
    assert not live.file.exists()


def test_fast_reports_are_written_together(tmp_path: Path, clock):
    live = LiveHistory(tmp_path / "gan3d.csv")
    for step in range(1, 10):
        live.add({"generator": 1.0}, step)
    assert steps(live.file) == [1]
    clock[0] += live_history.SECONDS
    live.add({"generator": 1.0}, 10)
    assert steps(live.file) == list(range(1, 11))


def test_a_file_that_cannot_be_written_stops_no_training(tmp_path: Path):
    (tmp_path / "live").write_text("no folder")
    live = LiveHistory(tmp_path / "live" / "gan3d.csv")
    live.add({"generator": 1.0}, 1)
    assert os.listdir(tmp_path) == ["live"]
    with pytest.raises(NotADirectoryError):
        live.file.stat()
