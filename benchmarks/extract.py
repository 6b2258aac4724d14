"""Extraction and packing of many videos: memory, and time of each.

    python -m benchmarks.extract [--many 2000]

`make bench` has the speed of reading; it makes the same videos.
"""

import logging
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import pandas as pd

from benchmarks.bench.reading import COUNT, FPS, copies, originals
from vidpipe.config.schema import ClipFrames, Clips
from vidpipe.io import Npz
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.hashing import sha256


@contextmanager
def memory() -> Iterator[Callable[[], float]]:
    """Most MB that this process and its workers held at a time, shared pages counted in each."""
    peak, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            now = 0
            for pid in (os.getpid(), *(child.pid for child in multiprocessing.active_children())):
                with suppress(OSError):  # a worker that has ended
                    now += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            peak[0] = max(peak[0], now * os.sysconf("SC_PAGE_SIZE") / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: peak[0]
    finally:
        stop.set()
        thread.join()


def scale(videos: Sequence[Path], folder: Path, count: int) -> float:
    """Extract and pack so many clips with the parameters of `laptop`, frames left on disk.

    Returns:
        Seconds per clip.
    """
    folder.mkdir()
    files = copies(videos, folder / "videos", count)
    manifest = pd.DataFrame({"path": [file.name for file in files]})
    manifest["sha256"] = [sha256(file) for file in files]
    manifest = manifest.assign(seconds=COUNT / FPS, status="ok", reason="", split="train")
    manifest = manifest.assign(
        label=[f.stem[-1] for f in files], group=[f.stem[-2:] for f in files]
    )
    scratch = folder / "scratch"
    scratch.mkdir()
    with memory() as peak:
        begun = time.perf_counter()
        frames = extract_clips(
            folder / "videos",
            manifest,
            ClipFrames(size=64, stride=2, fps=None, cut_threshold=0.12),
            scratch,
        )
        half = time.perf_counter()
        arrays, _ = cut(frames, manifest, Clips(frames=16, stride=8, in_memory=0.0))
        Npz(filepath=str(folder / "clips.npz")).save(arrays)
        end = time.perf_counter()
    click.echo(
        f"{count:6d} clips: {1000 * (half - begun) / count:6.1f} ms to extract and "
        f"{1000 * (end - half) / count:5.1f} ms to pack each, peak {peak():,.0f} MB of memory"
    )
    return (end - begun) / count


@click.command()
@click.option("--few", type=click.IntRange(1), default=200, show_default=True)
@click.option("--many", type=click.IntRange(1), default=2000, show_default=True)
def main(few: int, many: int) -> None:
    """Print memory and time per video."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = originals(folder)
        each = {count: scale(videos, folder / str(count), count) for count in (few, many)}
        click.echo(f"time per clip, {many} to {few}: {each[many] / each[few]:.2f}")


if __name__ == "__main__":
    main()
