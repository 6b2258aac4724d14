"""Many items through one function, on every processor; results come in the items' order.

A worker that is killed, by the system or by a decoder that crashes, takes no other item with it.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TypeVar

AHEAD = 4  # items per worker that are handed out or wait for an earlier one to finish
KILLED = "the process that worked on it was killed, twice: a crash, no memory left, or no end to it"

Item = TypeVar("Item")
Value = TypeVar("Value")
Pool = Callable[[int], Executor]


@dataclass(frozen=True)
class Died:
    """In place of a result: every worker that tried the item has ended before it was done."""

    reason: str


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(workers: int) -> ProcessPoolExecutor:
    """Fresh processes, not forks: what torch and FFmpeg hold in memory is not theirs to share."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_quietly)


def ordered(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    *,
    pool: Pool = processes,
    workers: int | None = None,
    seconds: float | None = None,
) -> Iterator[Value | Died]:
    """Results of `function`, item by item, in the items' order whichever is done first.

    If a worker is killed, the items that were in flight are tried once more, each alone; one whose
    worker is killed again yields `Died`, and all others their results. What `function` raises is
    raised here, in its turn.

    Args:
        function: Must be picklable, as its items and results.
        items: Read no further ahead than `AHEAD` per worker.
        pool: Makes an executor of so many workers.
        workers: How many; None: as many as there are processors.
        seconds: Kill a worker that takes longer over an item; threads cannot be killed.
    """
    workers = workers or processors()
    call = partial(_within, seconds, function)
    todo, flying = iter(items), deque[tuple[Item, Future[Value]]]()
    executor = pool(workers)
    try:
        while True:
            for item in islice(todo, AHEAD * workers - len(flying)):
                flying.append((item, _submit(executor, call, item)))
            if not flying:
                return
            if not _broken(flying[0][1]):
                yield flying.popleft()[1].result()
                continue
            executor.shutdown()
            executor = pool(workers)
            while flying:  # any of these may have been what killed the worker
                item, future = flying.popleft()
                yield _alone(pool, call, item) if _broken(future) else future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _submit(executor: Executor, call: Callable[[Item], Value], item: Item) -> Future[Value]:
    """A future in any case: an executor that is broken refuses to make one."""
    try:
        return executor.submit(call, item)
    except BrokenExecutor as error:
        future: Future[Value] = Future()
        future.set_exception(error)
        return future


def _broken(future: Future[Value]) -> bool:
    return isinstance(future.exception(), BrokenExecutor)


def _alone(pool: Pool, call: Callable[[Item], Value], item: Item) -> Value | Died:
    with pool(1) as executor:
        future = executor.submit(call, item)
        return Died(KILLED) if _broken(future) else future.result()


def _within(seconds: float | None, function: Callable[[Item], Value], item: Item) -> Value:
    """Call, with the alarm clock set: nothing handles it, so it ends even a decoder that hangs."""
    if seconds is None or parent_process() is None:
        return function(item)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(item)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _end_quietly() -> None:
    """Of a worker: end at Ctrl-C without a traceback, and when the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
