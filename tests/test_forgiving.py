import pytest

from vidpipe import forgiving
from vidpipe.forgiving import Forgiving


class Server:
    """Remembers what it is told, while it is up; some words it never takes."""

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
def server():
    return Server()


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def run(clock, server, complaints):
    """Calls to a server that has had its time to start."""
    made = Forgiving(lambda: server, complaints.append)
    clock[0] += forgiving.FIRST
    return made


def test_nobody_waits_for_a_server_to_start(clock, server):
    opened = []
    run = Forgiving(lambda: opened.append(1) or server, print)
    run.tell(1)
    assert opened == []
    clock[0] += forgiving.FIRST
    run.tell(2)
    run.tell(3)
    assert opened == [1]
    assert server.told == [(1,), (2,), (3,)]


def test_what_was_not_told_yet_is_told_at_the_end(clock, server):
    run = Forgiving(lambda: server, print)
    run.tell(1)
    run.end("FINISHED")
    assert server.told == [(1,), ("end", "FINISHED")]


def test_what_was_missed_is_told_once_it_is_back(run, server, clock, complaints):
    run.tell(1)
    server.up = False
    run.tell(2)
    run.tell(3)
    assert server.calls == 2, "it is left alone for a while"
    server.up = True
    clock[0] += forgiving.PAUSE
    run.tell(4)
    assert sorted(server.told) == [(1,), (2,), (3,), (4,)]
    assert len(complaints) == 1


def test_however_long_it_is_away(run, server, clock):
    server.up = False
    for n in range(50):
        run.tell(n)
        clock[0] += forgiving.PAUSE
    server.up = True
    run.end("FINISHED")
    assert sorted(server.told[:-1]) == [(n,) for n in range(50)]


def test_one_that_cannot_be_opened_is_tried_again(clock, server):
    def opened():
        server.tell("open")
        return server

    run = Forgiving(opened, lambda error: None)
    clock[0] += forgiving.FIRST
    server.up = False
    run.tell(1)
    server.up = True
    run.end("FINISHED")
    assert server.told == [("open",), (1,), ("end", "FINISHED")]


def test_the_end_is_told_whatever_came_before_and_with_all_that_waits(run, server, clock):
    server.up = False
    run.tell(1)
    server.up = True
    run.tell(2)
    run.end("FINISHED")
    assert server.told == [(1,), (2,), ("end", "FINISHED")]


def test_a_call_that_always_fails_holds_up_the_others_for_a_while_alone(run, server, clock):
    run.tell("poison")
    for n in range(3):
        clock[0] += forgiving.PAUSE
        run.tell(n)
    run.end("FINISHED")
    assert server.told == [(0,), (1,), (2,), ("end", "FINISHED")]


def test_a_server_that_is_gone_costs_few_calls(run, server):
    server.up = False
    for n in range(1000):
        run.tell(n)
    run.end("FINISHED")
    assert server.calls <= 1 + forgiving.ROUNDS + 1
    assert server.told == []


def test_one_that_hangs_costs_a_small_share_of_the_time(run, server, clock, monkeypatch):
    def hang(*words):
        clock[0] += 20
        raise TimeoutError

    monkeypatch.setattr(server, "tell", hang)
    begun, worked = clock[0], 0
    while clock[0] < begun + 10_000:
        run.tell(1)
        clock[0] += 1
        worked += 1
    assert worked > 0.97 * (clock[0] - begun)
