"""Map a function over many items on every processor, with results in the items' order.

A worker that is killed, by the system or by a decoder that crashes, loses no other item.
"""

import faulthandler
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
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

AHEAD = 4  # items per worker that are in flight, or done and waiting for an earlier one
KILLED = "the process that worked on it was killed, twice: a crash, no memory left, or no end to it"

Item = TypeVar("Item")
Value = TypeVar("Value")


@runtime_checkable
class PoolFactory(Protocol):
    """A function that starts a pool of workers, as any `Executor` of `concurrent.futures`.

    `processes` starts local processes, `ThreadPoolExecutor` threads. The executor of a cluster fits
    too, if its workers see the same file system; it must raise `BrokenExecutor` for a lost worker.
    """

    def __call__(self, workers: int, /) -> Executor:
        """Start a pool of `workers` workers."""


@dataclass(frozen=True)
class Failure:
    """Stand in for the result of an item whose worker was killed twice."""

    reason: str


def processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(workers: int, /) -> ProcessPoolExecutor:
    """Start a pool of local processes.

    They are spawned, not forked: threads of torch and FFmpeg do not survive a fork.
    """
    context = get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)


def map_ordered(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    *,
    pool: PoolFactory = processes,
    workers: int | None = None,
    seconds: float | None = None,
) -> Iterator[Value | Failure]:
    """Yield the result of `function` for each item, in the items' order.

    If a worker is killed, each item in flight is tried once more, alone. An item whose worker is
    killed again yields a `Failure`. An exception of `function` is raised here, in its turn.

    Args:
        function: Must be picklable, as its items and results.
        items: Read no further ahead than `AHEAD` per worker.
        pool: Starts the workers.
        workers: Number of workers; None: one per processor.
        seconds: Kill a worker that takes longer over an item; threads cannot be killed.
    """
    workers = workers or processors()
    call = partial(_call_in_time, seconds, function)
    remaining = iter(items)
    in_flight = deque[tuple[Item, Future[Value]]]()
    executor = pool(workers)
    try:
        while True:
            for item in islice(remaining, AHEAD * workers - len(in_flight)):
                in_flight.append((item, _submit(executor, call, item)))
            if not in_flight:
                return
            # Wait for the oldest item.
            if not _is_broken(in_flight[0][1]):
                yield in_flight.popleft()[1].result()
                continue
            # The pool is broken. Any item in flight may have killed the worker: retry each alone.
            executor.shutdown()
            executor = pool(workers)
            while in_flight:
                item, future = in_flight.popleft()
                yield _run_alone(pool, call, item) if _is_broken(future) else future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _submit(executor: Executor, call: Callable[[Item], Value], item: Item) -> Future[Value]:
    """Submit an item; a broken executor refuses, which is put into the future."""
    try:
        return executor.submit(call, item)
    except BrokenExecutor as error:
        future: Future[Value] = Future()
        future.set_exception(error)
        return future


def _is_broken(future: Future[Value]) -> bool:
    return isinstance(future.exception(), BrokenExecutor)


def _run_alone(pool: PoolFactory, call: Callable[[Item], Value], item: Item) -> Value | Failure:
    with pool(1) as executor:
        future = executor.submit(call, item)
        return Failure(KILLED) if _is_broken(future) else future.result()


def _call_in_time(seconds: float | None, function: Callable[[Item], Value], item: Item) -> Value:
    """Call the function; in a worker, end the process if it takes longer, even in a C decoder."""
    if seconds is None or parent_process() is None:
        return function(item)
    # Python has a watchdog in C, on every system: it waits for no lock that a decoder holds.
    with Path(os.devnull).open("w") as unread:
        faulthandler.dump_traceback_later(seconds, exit=True, file=unread)
        try:
            return function(item)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _prepare_worker() -> None:
    """Make a worker end at Ctrl-C without a traceback, and with its parent."""
    # A pool does not end its workers when its process is killed: watch the parent.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
