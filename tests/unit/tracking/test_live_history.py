import os
from pathlib import Path

import pandas as pd
import pytest

from vidpipe.tracking import live_history
from vidpipe.tracking.live_history import LiveHistory

LOSSES = {"generator": 1.0, "discriminator": 2.0}


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
    live.add({"generator": 1 / 3, "discriminator": 2.0}, 20)
    assert live.file.read_text() == "step,generator,discriminator\n20,0.333333,2.0\n"
    clock[0] += live_history.SECONDS
    live.add({**LOSSES, "r1": 2.0}, 40)
    assert pd.read_csv(live.file)["r1"].isna().tolist() == [True, False]
    assert [file.name for file in live.file.parent.iterdir()] == ["gan3d.csv"]
    live.remove()
    assert not live.file.exists()


def test_fast_reports_are_written_together(tmp_path: Path, clock):
    live = LiveHistory(tmp_path / "gan3d.csv")
    for step in range(1, 10):
        live.add(LOSSES, step)
    assert steps(live.file) == [1]
    clock[0] += live_history.SECONDS
    live.add(LOSSES, 10)
    assert steps(live.file) == list(range(1, 11))


def test_a_file_that_cannot_be_written_stops_no_training(tmp_path: Path):
    (tmp_path / "live").write_text("no folder")
    live = LiveHistory(tmp_path / "live" / "gan3d.csv")
    live.add(LOSSES, 1)
    live.remove()
    assert os.listdir(tmp_path) == ["live"]
    with pytest.raises(NotADirectoryError):
        live.file.stat()


def test_a_training_without_the_losses_that_are_drawn_has_no_file(tmp_path: Path):
    live = LiveHistory(tmp_path / "clip_autoencoder.csv")
    live.add({"total": 0.5, "l1": 0.4}, 150)
    live.remove()
    assert not any(tmp_path.iterdir())
