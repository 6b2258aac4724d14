import socket
import sys
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import KilledWorker
from distributed.client import ClosedClientError
from support import pool_jobs as jobs

from vidpipe.data import cluster
from vidpipe.data.cluster import Cluster, refuse_other_versions, versions
from vidpipe.data.workers import Failure, PoolFactory, map_ordered
from vidpipe.utils.errors import UserError

ADDRESS = "tcp://boss:8786"


class Client:
    """As of Dask, but tasks are done as they are submitted; `fate` says how."""

    def __init__(self, fate=None):
        self.fate, self.closed = fate, 0
        self.status, self.scheduler_comm = "running", object()

    def get_executor(self, *, pure: bool) -> "Client":
        assert not pure, "tasks with equal arguments are tasks of their own"
        return self

    def submit(self, call) -> Future:
        task = Future()
        if isinstance(self.fate, type) and issubclass(self.fate, ClosedClientError):
            raise self.fate
        if self.fate == "lost":
            task.cancel()
        elif self.fate == "unanswered":
            self.status = "connecting"
        elif self.fate == "answered by another":
            self.scheduler_comm = object()
        elif self.fate:
            task.set_exception(self.fate)
        else:
            task.set_result(call())
        return task

    def shutdown(self, wait: bool) -> None: ...

    def close(self) -> None:
        self.closed += 1


def pool(*fates) -> tuple[PoolFactory, list[Client]]:
    """A pool whose clients fare so, one after the other; later ones as the last."""
    clients = []

    def start(_: int, /):
        clients.append(Client(fates[min(len(clients), len(fates) - 1)]))
        return cluster._Tasks(clients[-1], lambda call: call(), ADDRESS)

    return start, clients


def worker(**changes):
    here = {"address": "tcp://w:1", "nanny": "tcp://w:2", "state": SimpleNamespace(nthreads=1)}
    return lambda: SimpleNamespace(**here | changes)


def test_a_cluster_is_a_pool(tmp_path: Path):
    assert isinstance(Cluster(ADDRESS, tmp_path), PoolFactory)


def test_results_are_those_of_the_tasks_and_every_client_is_closed():
    start, clients = pool(None)
    assert list(map_ordered(jobs.double, range(20), pool=start, workers=2)) == [
        2 * n for n in range(20)
    ]
    assert [client.closed for client in clients] == [1]


def test_a_task_that_killed_its_workers_is_tried_alone_and_then_reported():
    killed = KilledWorker("t", "w", 3)
    start, clients = pool(killed, None)
    assert list(map_ordered(jobs.double, [1], pool=start, workers=1)) == [2]
    assert len(clients) == 3, "with the one that goes on"
    (result,) = map_ordered(jobs.double, [1], pool=pool(killed)[0], workers=1)
    assert isinstance(result, Failure)
    future = pool(killed)[0](1).submit(jobs.double, 1)
    assert isinstance(future.exception(), BrokenExecutor)


@pytest.mark.parametrize("fate", ["lost", "unanswered", "answered by another", ClosedClientError])
def test_a_scheduler_that_goes_away_is_said_in_one_line(fate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cluster, "WATCHED_EVERY", 0.01)
    start, clients = pool(fate)
    with pytest.raises(UserError, match=r"^VIDPIPE_CLUSTER: .* tcp://boss:8786, none answers.*$"):
        list(map_ordered(jobs.double, [1], pool=start, workers=1))
    assert clients[0].closed


@pytest.mark.parametrize(
    "fate",
    [
        ModuleNotFoundError("No module named 'vidpipe'"),
        RuntimeError("\n  Error during deserialization of the task graph. This\n  frequently"),
    ],
)
def test_machines_without_the_package_are_told_so_in_one_line(fate):
    with pytest.raises(UserError, match=r"^\S+boss:8786: expected vidpipe on .*the same on all"):
        list(map_ordered(jobs.double, [1], pool=pool(fate)[0], workers=1))


def test_what_a_task_raises_is_raised():
    with pytest.raises(LookupError, match="seven"):
        list(map_ordered(jobs.refuse_seven, [7], pool=pool(LookupError("seven"))[0], workers=1))


@pytest.mark.parametrize("address", ["boss:8786", "tcp://boss", "http://boss:1", "tcp://a b:1", ""])
def test_another_address_is_refused(tmp_path: Path, address: str):
    with pytest.raises(UserError, match=r"VIDPIPE_CLUSTER: expected tcp://HOST:PORT, got"):
        Cluster(address, tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_dask_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'vidpipe\[cluster\]'"):
        Cluster(ADDRESS, tmp_path)(1)


def test_where_no_scheduler_answers_a_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=rf"{address}, none answers; start one and its workers"):
        Cluster(address, tmp_path).count()


def test_a_scheduler_without_workers_is_told_from_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    client = SimpleNamespace(nthreads=dict, close=lambda: None)
    monkeypatch.setattr(Cluster, "_connect", lambda self: client)
    with pytest.raises(UserError, match=r"expected workers, .* has none; start some: `dask worker"):
        Cluster(ADDRESS, tmp_path).count()
    client.nthreads = lambda: {"tcp://w:1": 1, "tcp://w:2": 1}
    assert Cluster(ADDRESS, tmp_path).count() == 2


def test_other_versions_are_refused_and_both_are_named():
    mine = dict(versions())
    refuse_other_versions("worker w", mine)
    with pytest.raises(UserError) as error:
        refuse_other_versions("worker w", mine | {"av": "17.0.1"})
    assert str(error.value) == (
        f"worker w: expected av 17.0.1 as on the machine that asks, got av {mine['av']}; install "
        "the same on both"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nanny": None}, r"tcp://w:1: expected one thread and a nanny.*dask worker"),
        ({"state": SimpleNamespace(nthreads=4)}, "tcp://w:1: expected one thread and a nanny"),
    ],
)
def test_a_worker_that_cannot_end_a_video_that_hangs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes, said
):
    monkeypatch.setattr("distributed.get_worker", worker(**changes))
    with pytest.raises(UserError, match=said):
        cluster._work(versions(), tmp_path, dict)


def test_a_worker_that_sees_other_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("distributed.get_worker", worker())
    mark = Cluster(ADDRESS, tmp_path).mark
    assert cluster._work(versions(), mark, partial(jobs.double, 21)) == 42
    mark.unlink()
    with pytest.raises(
        UserError, match=rf"worker tcp://w:1: expected the file system .*{tmp_path}"
    ):
        cluster._work(versions(), mark, partial(jobs.double, 21))
