"""Drawing the data set `actions`: seconds and bytes, and the moving picture of the documentation.

    python benchmarks/actions.py --preview docs/images/actions.gif

All in one process. Processor time counts this process alone, whatever else the machine does.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

from vidpipe.data.datasets.actions import ACTIONS, FPS, videos
from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.performance import perform
from vidpipe.visualization.animation import gif
from vidpipe.visualization.sheets import Picture, grid

TILE = (130, 104)  # of the preview, in pixels


@click.command()
@click.option("--actors", type=click.IntRange(1), default=9, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.04), default=3.0, show_default=True)
@click.option("--preview", type=click.Path(path_type=Path), help="Write a GIF of nine actions.")
def main(actors: int, seconds: float, preview: Path | None) -> None:
    """Print how long drawing and encoding take, and how large the files are."""
    with tempfile.TemporaryDirectory() as name:
        begun, busy = time.perf_counter(), time.process_time()
        files = [v.path for v in videos(seed=0, actors=actors, seconds=seconds, folder=Path(name))]
        took, busy = time.perf_counter() - begun, time.process_time() - busy
        size = sum(path.stat().st_size for path in files)
    frames = len(files) * round(seconds * FPS)
    click.echo(f"{len(files)} videos, {frames} frames, {size:,} bytes")
    click.echo(
        f"{took:.1f} s, {busy:.1f} s of processor time, {1000 * busy / frames:.2f} ms a frame"
    )
    if preview is not None:
        preview.write_bytes(gif(_pages(), fps=FPS, colours=256))


def _pages() -> list[Picture]:
    """Two seconds of nine actions at once, each by another actor."""
    shows = [
        [
            np.asarray(Image.fromarray(frame).resize(TILE, Image.Resampling.LANCZOS))
            for frame in show
        ]
        for show in (
            perform(actor(0, number), action, frames=2 * FPS, fps=FPS)
            for number, action in enumerate(ACTIONS)
        )
    ]
    return [
        grid([[show[n] for show in shows[row : row + 3]] for row in (0, 3, 6)], captions=ACTIONS)
        for n in range(2 * FPS)
    ]


if __name__ == "__main__":
    main()
