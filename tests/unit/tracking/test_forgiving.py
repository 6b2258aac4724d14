import pytest

from vidpipe.tracking import forgiving
from vidpipe.tracking.forgiving import Forgiving, Server


class Run:
    """Remembers what it is told, while its server is up; some words it never takes."""

    def __init__(self):
        self.told, self.calls, self.up = [], 0, True

    def tell(self, *words):
        self.calls += 1
        if not self.up or "poison" in words:
            raise ConnectionError("away")
        self.told.append(words)

    def end(self, status):
        self.tell("end", status)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [100.0]
    monkeypatch.setattr(forgiving.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def far():
    """What is at the other end."""
    return Run()


@pytest.fixture
def server():
    return Server("it")


@pytest.fixture
def run(clock, far, server):
    """Calls to a server that has had its time to start."""
    made = Forgiving(lambda: far, server)
    clock[0] += forgiving.FIRST
    return made


def test_nobody_waits_for_a_server_to_start(clock, far, server):
    opened = []
    run = Forgiving(lambda: opened.append(1) or far, server)
    run.tell(1)
    assert opened == []
    clock[0] += forgiving.FIRST
    run.tell(2)
    run.tell(3)
    assert opened == [1]
    assert far.told == [(1,), (2,), (3,)]


def test_what_was_not_told_yet_is_told_at_the_end(clock, far, server):
    run = Forgiving(lambda: far, server)
    run.tell(1)
    run.end("FINISHED")
    assert far.told == [(1,), ("end", "FINISHED")]


def test_what_was_missed_is_told_once_it_is_back(run, far, clock, caplog):
    run.tell(1)
    far.up = False
    run.tell(2)
    run.tell(3)
    assert far.calls == 2, "it is left alone for a while"
    far.up = True
    clock[0] += forgiving.PAUSE
    run.tell(4)
    assert sorted(far.told) == [(1,), (2,), (3,), (4,)]
    assert caplog.text.count("it does not answer as it should, going on: away") == 1


def test_however_long_it_is_away(run, far, clock):
    far.up = False
    for n in range(50):
        run.tell(n)
        clock[0] += forgiving.PAUSE
    far.up = True
    run.end("FINISHED")
    assert sorted(far.told[:-1]) == [(n,) for n in range(50)]


def test_one_that_cannot_be_opened_is_tried_again(clock, far, server):
    def opened():
        far.tell("open")
        return far

    run = Forgiving(opened, server)
    clock[0] += forgiving.FIRST
    far.up = False
    run.tell(1)
    far.up = True
    run.end("FINISHED")
    assert far.told == [("open",), (1,), ("end", "FINISHED")]


def test_calls_that_always_fail_cost_no_other_call_nor_the_end(run, far, clock):
    """As pictures do whose store cannot be reached."""
    for n in range(20):
        clock[0] += 1
        run.tell(n)
        if n % 4 == 0:
            run.tell("poison", n)
    run.end("FINISHED")
    assert sorted(far.told[:-1]) == [(n,) for n in range(20)]
    assert far.told[-1] == ("end", "FINISHED")


def test_a_server_that_is_gone_is_left_alone(run, far, clock):
    far.up = False
    for n in range(600):
        clock[0] += 0.1
        run.tell(n)
    assert far.calls == 2


class Hanging(Run):
    """Takes twenty seconds not to answer."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def tell(self, *words):
        self.calls += 1
        self.clock[0] += 20
        raise TimeoutError


def test_one_that_hangs_costs_a_small_share_of_the_time(clock, server):
    run = Forgiving(lambda: Hanging(clock), server)
    begun, worked = clock[0], 0
    while clock[0] < begun + 10_000:
        run.tell(1)
        clock[0] += 1
        worked += 1
    assert worked > 0.97 * (clock[0] - begun)


def test_one_that_hangs_is_waited_for_once_by_all_runs_together(clock, server):
    far = Hanging(clock)
    for _ in range(5):
        run = Forgiving(lambda: far, server)
        run.tell(1)
        run.end("FINISHED")
    assert far.calls == 1
