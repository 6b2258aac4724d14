"""A scheduler of Dask and its workers, as processes, started by the commands of the how-to."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PATIENCE = 120  # seconds


class DaskCluster:
    """A scheduler; `start_worker` adds workers. A context that kills them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes = []
        self.scheduler = self.start_scheduler()

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes, and theirs: a nanny that is asked to end may wait for its worker."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        return self._start("scheduler", *where)

    def start_worker(self, code: Path | None = None) -> None:
        """Start a worker with its nanny.

        Args:
            code: A folder with another copy of the package than this.
        """
        limits = ["--nthreads", "1", "--memory-limit", "0"]
        here = ["--host", "127.0.0.1", "--local-directory", str(self.folder)]
        self._start("worker", self.address, *limits, *here, path=[str(code)] if code else [])

    def wait_for(self, workers: int) -> "DaskCluster":
        from distributed import Client

        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)
        return self

    def _start(self, *command: str, path: list[str] | None = None) -> "subprocess.Popen[bytes]":
        places = os.pathsep.join([*(path or []), *sys.path])
        env = os.environ | {
            "PYTHONPATH": places,
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard"],
                env=env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process
