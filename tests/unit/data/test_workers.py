import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import pool_jobs as jobs

from vidpipe.data.workers import AHEAD, Failure, map_ordered, processes, processors

PATIENCE = 300  # seconds for what takes a moment where nothing else runs


@settings(max_examples=25, deadline=None)
@given(waits=st.lists(st.sampled_from([0.0, 0.001, 0.004]), max_size=30), workers=st.integers(1, 4))
def test_results_come_in_the_order_of_items_whichever_is_done_first(
    waits: list[float], workers: int
):
    results = map_ordered(
        jobs.double_after, enumerate(waits), pool=ThreadPoolExecutor, workers=workers
    )
    assert list(results) == [2 * n for n in range(len(waits))]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_processes_give_what_threads_give(workers: int):
    assert list(map_ordered(jobs.double, range(20), workers=workers)) == [2 * n for n in range(20)]


def test_no_items_give_no_results():
    assert list(map_ordered(jobs.double, [])) == []


def test_there_are_as_many_workers_as_processors_unless_told():
    asked = []

    def pool(workers: int) -> ThreadPoolExecutor:
        asked.append(workers)
        return ThreadPoolExecutor(workers)

    list(map_ordered(jobs.double, range(3), pool=pool))
    assert asked == [processors()]
    assert 1 <= processors() <= (os.cpu_count() or 1)


def test_items_are_read_only_a_little_ahead():
    taken = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_ordered(jobs.double, items(), pool=ThreadPoolExecutor, workers=2)
    for _ in range(50):
        next(results)
    assert len(taken) <= 50 + 2 * AHEAD


def test_what_kills_its_worker_twice_is_reported_and_all_others_finish():
    results = list(map_ordered(jobs.die_at_multiples_of_five, range(1, 13), workers=2))
    dead = [n for n, result in enumerate(results, 1) if isinstance(result, Failure)]
    assert dead == [5, 10]
    assert [result for result in results if not isinstance(result, Failure)] == [
        2 * n for n in range(1, 13) if n not in dead
    ]
    assert "killed, twice" in results[4].reason


def test_what_kills_its_worker_once_is_done_the_second_time(tmp_path: Path):
    items = [(n, tmp_path / "killed") for n in range(10)]
    assert list(map_ordered(jobs.die_once, items, workers=2)) == [2 * n for n in range(10)]
    assert (tmp_path / "killed").exists()


def test_a_worker_that_hangs_is_ended():
    results = list(map_ordered(jobs.hang_at_two, range(4), workers=2, seconds=1.0))
    assert [type(result) for result in results] == [int, int, Failure, int]


def test_what_the_function_raises_is_raised_in_its_turn_and_no_process_is_left():
    results = map_ordered(jobs.refuse_seven, range(1000), workers=2)
    assert [next(results) for _ in range(7)] == [2 * n for n in range(7)]
    with pytest.raises(LookupError, match="seven"):
        next(results)
    assert multiprocessing.active_children() == []


def test_whoever_stops_asking_leaves_no_process():
    results = map_ordered(jobs.double, range(1000), workers=2)
    assert next(results) == 0
    assert multiprocessing.active_children()
    results.close()
    assert multiprocessing.active_children() == []


def test_workers_end_when_the_one_they_work_for_is_killed(tmp_path: Path):
    program = (
        "from support import pool_jobs as jobs\nfrom pathlib import Path\n"
        "from vidpipe.data.workers import map_ordered\n"
        "if __name__ == '__main__':\n"
        f"    list(map_ordered(jobs.tell_pid_and_wait, [Path({str(tmp_path)!r})] * 2, workers=2))\n"
    )
    path = os.pathsep.join(sys.path)
    script = tmp_path / "boss.py"
    script.write_text(program)
    boss = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": path})
    until(lambda: len(list(tmp_path.glob("[0-9]*"))) == 2)
    boss.kill()
    boss.wait()
    until(lambda: not any(Path(f"/proc/{pid.name}").exists() for pid in tmp_path.glob("[0-9]*")))


def until(true) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_processes_are_fresh_and_inherit_no_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "BOARD", ["written here"])
    with processes(1) as executor:
        assert executor.submit(jobs.read_board).result() == []
