"""Workers on other machines: a cluster of Dask in place of local processes.

It is a pool like any other, so no byte of a result depends on it. All machines must see the same
files under the same paths.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar
from uuid import uuid4

from vidpipe.utils.errors import UserError

ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d+")
VARIABLE = "VIDPIPE_CLUSTER"  # of the environment, with the scheduler's address
PATIENCE = 20  # seconds in which a scheduler must answer
WATCHED_EVERY = 1.0  # seconds
PACKAGES = ("av", "numpy")  # which the bytes of frames depend on
DIGITS = 8  # of the hash of code, in a message
STARTED_BY = "`dask worker ADDRESS --nthreads 1`"

Value = TypeVar("Value")


class Cluster:
    """A function that starts a pool of the cluster's workers, as a `PoolFactory` does.

    Args:
        address: Address of the scheduler, such as `tcp://10.0.0.1:8786`.
        folder: A folder that the workers must see too: a file in it proves that they do.

    Raises:
        UserError: If the address is none.
    """

    def __init__(self, address: str, folder: Path) -> None:
        if not ADDRESS.fullmatch(address):
            raise UserError(f"{VARIABLE}: expected tcp://HOST:PORT, got {address!r}")
        self.address = address
        self.mark = folder / f"seen-by-workers-{uuid4().hex}"
        self.mark.touch()

    def __call__(self, workers: int, /) -> Executor:
        """Connect to the scheduler; it chooses the workers.

        Raises:
            UserError: If the scheduler does not answer.
        """
        return _Tasks(self._connect(), partial(_work, versions(), self.mark), self.address)

    def count(self) -> int:
        """Count the workers.

        Raises:
            UserError: If the scheduler does not answer, or has none.
        """
        client = self._connect()
        try:
            count = len(client.nthreads())
        finally:
            client.close()
        if not count:
            raise UserError(
                f"{VARIABLE}: expected workers, the scheduler at {self.address} has none; start "
                f"some: {STARTED_BY}"
            )
        return count

    def _connect(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise UserError(
                f"{VARIABLE}: expected Dask for a cluster: {error}; pip install 'vidpipe[cluster]'"
            ) from error
        try:
            return Client(self.address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(_gone(self.address)) from error


class _Tasks(Executor):
    """Tasks on the cluster as futures of the standard library, which fail as those of a pool do."""

    def __init__(self, client: Any, work: Callable[..., Any], address: str) -> None:
        self.client = client
        self.work = work
        self.address = address
        self.executor = client.get_executor(pure=False)
        self.pending = set[Future[Any]]()
        self.scheduler = client.scheduler_comm
        self.left = Event()
        Thread(target=self._watch, daemon=True).start()

    def submit(self, fn: Callable[..., Value], /, *args: Any, **kwargs: Any) -> Future[Value]:
        """Submit a call."""
        from distributed.client import ClosedClientError

        future: Future[Value] = Future()
        self.pending.add(future)
        future.add_done_callback(self.pending.discard)
        try:
            task = self.executor.submit(partial(self.work, partial(fn, *args, **kwargs)))
        except ClosedClientError:
            self._lose(future)
        else:
            task.add_done_callback(partial(self._pass_on, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all tasks, or cancel those that no worker has begun, and leave the cluster."""
        from distributed.client import ClosedClientError

        if wait and not cancel_futures:
            wait_for(list(self.pending))
        self.left.set()
        # Neither can be done, nor need be, where the scheduler is gone.
        with suppress(ClosedClientError, OSError):
            self.executor.shutdown(wait=False)
        with suppress(ClosedClientError, OSError):
            self.client.close()

    def _pass_on(self, future: Future[Any], task: Future[Any]) -> None:
        """Hand the outcome of a task to the future that waits for it."""
        if task.cancelled():
            self._lose(future)
            return
        with suppress(InvalidStateError):
            if error := task.exception():
                future.set_exception(self._explain(error))
            else:
                future.set_result(task.result())

    def _watch(self) -> None:
        """End all that is pending once the connection is lost, also what Dask leaves open then.

        A result that is ready but not fetched has no end in Dask's executor.
        """
        while not self.left.wait(WATCHED_EVERY):
            if self.client.status != "running" or self.client.scheduler_comm is not self.scheduler:
                for future in list(self.pending):
                    self._lose(future)

    def _lose(self, future: Future[Any]) -> None:
        with suppress(InvalidStateError):
            future.set_exception(UserError(_gone(self.address)))

    def _explain(self, error: BaseException) -> BaseException:
        """Translate Dask's errors into those of a pool of processes, and into words."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return BrokenExecutor("the workers of a task were killed")
        # A scheduler that cannot import the package says no more than that of a task.
        if isinstance(error, ImportError) or "deserialization" in str(error):
            return UserError(
                f"{self.address}: expected vidpipe on the scheduler and on all workers: "
                f"{str(error).strip().splitlines()[0]}; install the same on all machines"
            )
        return error


def _gone(address: str) -> str:
    return (
        f"{VARIABLE}: expected a scheduler at {address}, none answers; start one and its workers "
        "and run again, what is finished is kept; without the variable this machine does the work"
    )


@cache
def versions() -> Mapping[str, str]:
    """Return what the bytes of frames depend on: versions of packages, and a hash of this code."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        code.update(file.read_bytes())
    own = f"{version('vidpipe')} with code {code.hexdigest()[:DIGITS]}"
    return {"vidpipe": own} | {package: version(package) for package in PACKAGES}


def _work(expected: Mapping[str, str], mark: Path, call: Callable[[], Value]) -> Value:
    """Make a call on a worker, if it is one whose results are those of the machine that asks.

    Raises:
        UserError: If it has other code, other files, no nanny, or several threads.
    """
    from distributed import get_worker

    worker = get_worker()
    where = f"worker {worker.address}"
    # The time limit of a video ends the process: its nanny starts it again.
    if worker.nanny is None or worker.state.nthreads > 1:
        raise UserError(
            f"{where}: expected one thread and a nanny, for a video that hangs costs the process; "
            f"start it by {STARTED_BY}"
        )
    refuse_other_versions(where, expected)
    if not mark.exists():
        raise UserError(
            f"{where}: expected the file system of the machine that asks, {mark.parent} is not to "
            "be seen there; mount it under the same path on all machines"
        )
    return call()


def refuse_other_versions(where: str, expected: Mapping[str, str]) -> None:
    """Compare the versions of this process with those of the machine that asks.

    Raises:
        UserError: If they differ; the message names both.
    """
    own = versions()
    if different := [name for name in expected if own.get(name) != expected[name]]:
        here, there = (
            ", ".join(f"{name} {them.get(name, 'none')}" for name in different)
            for them in (expected, own)
        )
        raise UserError(
            f"{where}: expected {here} as on the machine that asks, got {there}; install the same "
            "on both"
        )
