import logging
import sys

import pytest

from vidpipe.training.loop import Report
from vidpipe.utils import progress as module
from vidpipe.utils.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds, set by the test."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def lines(caplog, items, **words):
    with caplog.at_level(logging.INFO):
        yielded = list(progress(items, **words))
    return yielded, [record.getMessage() for record in caplog.records]


def test_items_are_counted_in_the_log_every_15_seconds_and_at_the_end(caplog, clock):
    def work():
        for item in range(5):
            clock[0] += 10
            yield item

    yielded, logged = lines(caplog, work(), total=5, name="frames", unit="video")
    assert yielded == [0, 1, 2, 3, 4]
    assert logged == [
        "frames: 2 of 5 videos, 0.10 videos/s, 30 s left",
        "frames: 4 of 5 videos, 0.10 videos/s, 10 s left",
        "frames: 5 of 5 videos, 0.10 videos/s, 0 s left",
    ]


def test_reports_give_their_own_step_and_losses_and_speed_is_that_of_this_process(caplog, clock):
    def work():
        for step in (60, 80):
            clock[0] += 20
            yield Report(step, {"generator": 0.5})

    _, logged = lines(caplog, work(), total=100, name="dcgan", unit="step", done=40)
    assert logged == [
        "dcgan: 60 of 100 steps, 1.00 steps/s, 40 s left, generator 0.5",
        "dcgan: 80 of 100 steps, 1.00 steps/s, 20 s left, generator 0.5",
    ]


def test_a_terminal_has_a_bar_and_no_lines(caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    reports = [Report(10, {"generator": 0.5}), Report(20, {"generator": 0.25})]
    _, logged = lines(caplog, reports, total=20, name="dcgan", unit="step")
    assert not logged
    assert "dcgan: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("each", "left"),
    [
        (119, "119 s"),
        (121, "2 min"),
        (3570, "1 h 0 min"),
        (5398, "1 h 30 min"),
        (90000, "25 h 0 min"),
    ],
)
def test_long_times_are_told_in_minutes_and_hours(caplog, clock, each, left):
    def work():
        clock[0] += each
        yield 0

    _, (line,) = lines(caplog, work(), total=2, name="frames", unit="video")
    assert line.endswith(f", {left} left")
