"""Extraction of many videos: speed against decoding alone and OpenCV, memory and time at scale.

    python benchmarks/extract.py [--many 2000]

It makes clips of UCF101's size and codec: 320x240, 25 frames per second, MPEG-4 with B-frames in
AVI, seven seconds, about 600 kbit/s. Four differ in what they show; the rest are copies with other
bytes at the end, which no decoder reads, so that each counts as a video of its own. OpenCV is
compared where it can be imported (`pip install --target DIR --no-deps opencv-python-headless`, then
`PYTHONPATH=DIR`); the project does not need it.
"""

import importlib.util
import logging
import math
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import av
import click
import numpy as np
import pandas as pd
from av.video.frame import VideoFrame

from vidpipe.config.schema import ClipFrames, Clips
from vidpipe.data.frames import extract
from vidpipe.data.workers import processes
from vidpipe.io import Npz
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.utils.hashing import sha256

HEIGHT, WIDTH, FPS, COUNT = 240, 320, 25, 175
DISTINCT = 4
WORKERS = 2
SIZE = 128
ALONE = "PyAV, frames thrown away, 1 process"
SPREAD = f"PyAV, frames thrown away, {WORKERS} processes"
HOW = {"size": SIZE, "fps": None, "cut_threshold": 0.12, "quick": True}


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Coloured noise at four scales, float (h w 3), 0 to 255."""
    picture = np.zeros((height, width, 3))
    for cell, weight in ((64, 0.4), (16, 0.3), (4, 0.2), (1, 0.1)):
        coarse = rng.random((math.ceil(height / cell), math.ceil(width / cell), 3))
        picture += weight * np.kron(coarse, np.ones((cell, cell, 1)))[:height, :width]
    return picture * 255


def scene(seed: int) -> Iterator[np.ndarray]:
    """A camera that sways over a textured wall, a textured thing that runs before it, and grain."""
    rng = np.random.default_rng(seed)
    wall, thing = texture(rng, 2 * HEIGHT, 2 * WIDTH), texture(rng, 80, 60)
    grain = rng.normal(scale=3, size=(HEIGHT, WIDTH, 3))
    pace = rng.uniform(0.7, 1.3, 4)
    for t in range(COUNT):
        y, x = (
            round(n / 2 + 20 * math.sin(t * p / 18))
            for n, p in ((HEIGHT, pace[0]), (WIDTH, pace[1]))
        )
        picture = wall[y : y + HEIGHT, x : x + WIDTH].copy()
        top, left = (
            round(80 + 60 * math.sin(t * pace[2] / 9)),
            round(130 + 100 * math.sin(t * pace[3] / 13)),
        )
        picture[top : top + 80, left : left + 60] = thing
        picture += np.roll(grain, rng.integers(0, HEIGHT, 2), axis=(0, 1))
        yield picture.clip(0, 255).astype(np.uint8)


def encode(path: Path, seed: int) -> None:
    """One clip as XviD writes it by default."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.codec_tag = 600_000, "XVID"
        stream.options = {"bf": "2", "flags": "+mv4"}
        for picture in scene(seed):
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def copies(originals: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """So many files, each with bytes of its own at the end."""
    folder.mkdir()
    made = []
    for number, original in enumerate(islice(cycle(originals), count)):
        path = folder / f"v_{number:05d}.avi"
        path.write_bytes(original.read_bytes() + number.to_bytes(8, "big"))
        made.append(path)
    return made


def decode_only(path: Path) -> None:
    """Each frame is decoded and thrown away, as PyAV does it unless told otherwise."""
    with av.open(str(path)) as container:
        for _ in container.decode(video=0):
            pass


def with_opencv(path: Path) -> None:
    """Each frame is read and resized."""
    import cv2  # noqa: PLC0415

    video = cv2.VideoCapture(str(path))
    while (read := video.read())[0]:
        cv2.resize(read[1], (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def speed(files: Sequence[Path], folder: Path, rounds: int) -> None:
    """Frames per second of each way, in turn, and their ratios to PyAV alone."""
    with processes(WORKERS) as executor:

        def spread(function: Callable[[Path], object]) -> None:
            list(executor.map(function, files))

        ways: dict[str, Callable[[], object]] = {
            ALONE: lambda: [decode_only(file) for file in files],
            SPREAD: partial(spread, decode_only),
        }
        for stride in (1, 2):
            call = partial(extract, folder=folder, stride=stride, **HOW)
            ways[f"extract, stride {stride}, {WORKERS} processes"] = partial(spread, call)
        if importlib.util.find_spec("cv2"):
            ways["OpenCV, read and resize, 1 process"] = lambda: [with_opencv(f) for f in files]
        spread(decode_only)  # starts the processes
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, run in ways.items():
                begun = time.perf_counter()
                run()
                took[way].append(time.perf_counter() - begun)
    rates = {way: len(files) * COUNT / statistics.median(took[way]) for way in ways}
    click.echo(f"{len(files)} clips of {COUNT} frames at {SIZE}x{SIZE}, median of {rounds}")
    for way, rate in rates.items():
        click.echo(
            f"{way:35s} {rate:7.0f} frames/s  {rate / rates[ALONE]:5.2f} of one process that "
            f"decodes, {rate / rates[SPREAD]:.2f} of {WORKERS}"
        )


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


def scale(originals: Sequence[Path], folder: Path, count: int) -> float:
    """Extract and pack so many clips with the parameters of `laptop`, frames left on disk.

    Returns:
        Seconds per clip.
    """
    folder.mkdir()
    files = copies(originals, folder / "videos", count)
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
@click.option("--clips", type=click.IntRange(2), default=32, show_default=True)
@click.option("--rounds", type=click.IntRange(0), default=5, show_default=True, help="0: no speed.")
@click.option("--few", type=click.IntRange(1), default=200, show_default=True)
@click.option("--many", type=click.IntRange(1), default=2000, show_default=True)
def main(clips: int, rounds: int, few: int, many: int) -> None:
    """Print speeds, ratios, memory and time per video."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = [folder / f"{seed}.avi" for seed in range(DISTINCT)]
        for seed, path in enumerate(originals):
            encode(path, seed)
        mean = statistics.mean(path.stat().st_size for path in originals)
        click.echo(f"{DISTINCT} clips, {mean * 8 * FPS / COUNT / 1000:.0f} kbit/s")
        if rounds:
            (folder / "out").mkdir()
            speed(copies(originals, folder / "speed", clips), folder / "out", rounds)
        each = {count: scale(originals, folder / str(count), count) for count in (few, many)}
        click.echo(f"time per clip, {many} to {few}: {each[many] / each[few]:.2f}")


if __name__ == "__main__":
    main()
