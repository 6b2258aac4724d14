import pytest

from vidpipe import forgiving
from vidpipe.forgiving import TRIES, Forgiving


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
    return Forgiving(server, complaints.append)


def test_what_was_missed_is_told_in_order_once_it_is_back(run, server, clock, complaints):
    run.tell(1)
    server.up = False
    run.tell(2)
    run.tell(3)
    assert server.calls == 2, "it is left alone for a while"
    server.up = True
    clock[0] += forgiving.PAUSE
    run.tell(4)
    assert server.told == [(1,), (2,), (3,), (4,)]
    assert len(complaints) == 1


def test_the_end_is_told_whatever_came_before_and_with_all_that_waits(run, server, clock):
    server.up = False
    run.tell(1)
    server.up = True
    run.tell(2)
    run.end("FINISHED")
    assert server.told == [(1,), (2,), ("end", "FINISHED")]


def test_a_call_that_always_fails_holds_up_the_others_for_a_while_alone(run, server, clock):
    run.tell("poison")
    for n in range(TRIES):
        clock[0] += forgiving.PAUSE
        run.tell(n)
    assert server.told == [(n,) for n in range(TRIES)]


def test_a_call_that_always_fails_does_not_keep_the_end(run, server):
    run.tell("poison")
    run.tell(1)
    run.end("FAILED")
    assert server.told == [(1,), ("end", "FAILED")]


def test_a_server_that_is_gone_costs_few_calls(run, server):
    server.up = False
    for n in range(1000):
        run.tell(n)
    run.end("FINISHED")
    assert server.calls <= 2 + TRIES + 1
    assert server.told == []
