"""Reading of many videos: extraction, against decoding alone and against other libraries.

    python -m benchmarks.bench.reading SIDE FOLDER

is one side. The clips have UCF101's size and codec: 320x240, 25 frames per second, MPEG-4 with
B-frames in AVI, seven seconds, about 600 kbit/s. Four differ in what they show; the rest are
copies with other bytes at the end, which no decoder reads, so that each counts as a video of its
own. A library that is not installed is left out (`pip install --target DIR --no-deps
opencv-python-headless`, then `PYTHONPATH=DIR`); the project needs none of them.
"""

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
from av.video.frame import VideoFrame

from benchmarks.bench.sides import Side, in_turn, serve
from vidpipe.data.frames import extract
from vidpipe.data.workers import processes

HEIGHT, WIDTH, FPS, COUNT = 240, 320, 25, 175
DISTINCT = 4
WORKERS = 2
SIZE = 128
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


def originals(folder: Path, count: int = DISTINCT) -> list[Path]:
    """Videos that differ."""
    paths = [folder / f"{seed}.avi" for seed in range(count)]
    for seed, path in enumerate(paths):
        encode(path, seed)
    return paths


def copies(files: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """So many files, each with bytes of its own at the end."""
    folder.mkdir()
    made = []
    for number, original in enumerate(islice(cycle(files), count)):
        path = folder / f"v_{number:05d}.avi"
        path.write_bytes(original.read_bytes() + number.to_bytes(8, "big"))
        made.append(path)
    return made


# ------------------------------------------------------------------------------------------- sides


def decode_only(path: Path) -> None:
    """Decode each frame with PyAV as it comes, and throw it away."""
    with av.open(str(path)) as container:
        for _ in container.decode(video=0):
            pass


def with_opencv(path: Path) -> None:
    """Read each frame with OpenCV, and resize it."""
    import cv2  # noqa: PLC0415

    video = cv2.VideoCapture(str(path))
    while (read := video.read())[0]:
        cv2.resize(read[1], (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def with_imageio(path: Path) -> None:
    """Read each frame with imageio's FFmpeg, which resizes it."""
    from imageio import v2  # noqa: PLC0415

    for _ in v2.get_reader(str(path), "ffmpeg", size=(SIZE, SIZE)):
        pass


def with_torchcodec(path: Path) -> None:
    """Read each frame with torchcodec, and resize it."""
    from torch.nn.functional import interpolate  # noqa: PLC0415
    from torchcodec.decoders import VideoDecoder  # noqa: PLC0415

    for frame in VideoDecoder(str(path), seek_mode="approximate"):
        interpolate(frame[None].float(), (SIZE, SIZE), mode="area")


def with_decord(path: Path) -> None:
    """Read each frame with decord, which resizes it."""
    import decord  # noqa: PLC0415

    for frame in decord.VideoReader(str(path), width=SIZE, height=SIZE):
        frame.asnumpy()


# Side -> function of a file, module without which there is none.
ALONE: dict[str, tuple[Callable[[Path], None], str]] = {
    "PyAV, decoding alone": (decode_only, "av"),
    "OpenCV, read and resize": (with_opencv, "cv2"),
    "imageio, read and resize": (with_imageio, "imageio_ffmpeg"),
    "torchcodec, read and resize": (with_torchcodec, "torchcodec"),
    "decord, read and resize": (with_decord, "decord"),
}
SPREAD = {
    f"PyAV, decoding alone, {WORKERS} processes": None,
    f"extract, every second frame, {WORKERS} processes": 2,
    f"extract, every frame, {WORKERS} processes": 1,
}


def missing(library: str) -> str:
    """Why a library cannot be compared with; empty if it can."""
    try:
        importlib.import_module(library)
    except Exception as error:  # noqa: BLE001 (a broken one may raise anything)
        absent = isinstance(error, ModuleNotFoundError)
        return "not installed" if absent else str(error).strip().splitlines()[0]
    return ""


def compare(folder: Path, *, rounds: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Time a frame of each way to read, in turn."""
    copies(originals(folder, 1 if quick else DISTINCT), folder / "videos", 2 if quick else 32)
    skipped = {name: reason for name, (_, lib) in ALONE.items() if (reason := missing(lib))}
    names = [name for name in (*ALONE, *SPREAD) if name not in skipped]
    sides = [Side(name, "reading", (name, str(folder))) for name in names]
    return {"sides": in_turn(sides, rounds=rounds, seconds=seconds), "skipped": skipped}


@click.command(help=__doc__)
@click.argument("side", type=click.Choice([*ALONE, *SPREAD]))
@click.argument("folder", type=click.Path(path_type=Path))
def main(side: str, folder: Path) -> None:
    """Read all videos, as often as asked."""
    files = sorted((folder / "videos").iterdir())
    units = len(files) * COUNT
    if side in ALONE:
        read, _ = ALONE[side]
        serve(lambda: [read(file) for file in files], units=units)
        return
    out = folder / f"frames of {SPREAD[side]}"
    out.mkdir()
    read = partial(extract, folder=out, stride=SPREAD[side], **HOW) if SPREAD[side] else decode_only
    with processes(WORKERS) as executor:
        serve(lambda: list(executor.map(read, files)), units=units)


if __name__ == "__main__":
    main()
