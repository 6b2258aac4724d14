"""Extraction by one worker of a Dask cluster and by two, beside as many local processes.

    python -m benchmarks.cluster [--clips 128] [--rounds 5]

A scheduler and its workers run on this machine: leave it quiet, with at least two cores. The videos
are those of `bench/reading.py`. Each way is measured in turn, so that slow moments hit all of them.
"""

import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import pandas as pd

from benchmarks.bench.reading import COUNT, DISTINCT, FPS, SIZE, copies, encode
from vidpipe.config.schema import ClipFrames
from vidpipe.data.cluster import Cluster
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.hashing import sha256

FRAMES = ClipFrames(size=SIZE, stride=1, fps=None, cut_threshold=0.12)
PATIENCE = 120  # seconds for workers to start


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[Cluster]:
    """A scheduler with so many workers."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    commands = [["scheduler", "--host", "127.0.0.1", "--port", port]]
    commands += [["worker", address, "--nthreads", "1", "--local-directory", str(folder)]] * workers
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command, "--no-dashboard"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in commands
    ]
    try:
        with Client(address, timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)
        yield Cluster(address, folder)
    finally:
        # With their children: a nanny that is asked to end may wait for its worker.
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def seconds(videos: Path, manifest: pd.DataFrame, pool: PoolFactory, workers: int) -> float:
    """Time that the node takes, with workers that a cluster has started before."""
    scratch = videos.parent / "state" / "scratch"
    scratch.mkdir(parents=True)
    begun = time.perf_counter()
    extract_clips(videos, manifest, FRAMES, scratch, pool, workers)
    took = time.perf_counter() - begun
    shutil.rmtree(scratch.parent)
    return took


@click.command()
@click.option("--clips", type=click.IntRange(8), default=128, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(clips: int, rounds: int) -> None:
    """Print frames per second of each way, and how two workers compare with one."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        originals = [folder / f"{seed}.avi" for seed in range(DISTINCT)]
        for seed, path in enumerate(originals):
            encode(path, seed)
        files = copies(originals, folder / "videos", clips)
        manifest = pd.DataFrame({"path": [file.name for file in files]})
        manifest["sha256"] = [sha256(file) for file in files]
        manifest = manifest.assign(seconds=COUNT / FPS, fps=FPS, status="ok", reason="")

        # The clusters start before anything is measured. Local processes start anew each time.
        ways: dict[tuple[str, int], PoolFactory] = {}
        for workers in (1, 2):
            ways["dask", workers] = stack.enter_context(dask(folder, workers))
            ways["processes", workers] = processes
        took: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for (kind, workers), pool in ways.items():
                spent = seconds(folder / "videos", manifest, pool, workers)
                if number:  # the first round warms up: workers import the code
                    took[kind, workers].append(spent)

        click.echo(
            f"{clips} clips of {COUNT} frames at {SIZE}x{SIZE}, every frame, {rounds} rounds"
        )
        for (kind, workers), spent in took.items():
            middle = statistics.median(spent)
            click.echo(
                f"{kind:9s} {workers}: {clips * COUNT / middle:6.0f} frames/s, median {middle:.2f} "
                f"s ({min(spent):.2f} to {max(spent):.2f})"
            )
        for kind in ("dask", "processes"):
            one, two = (statistics.median(took[kind, workers]) for workers in (1, 2))
            click.echo(f"{kind}: two are {one / two:.2f} times as fast as one")


if __name__ == "__main__":
    main()
