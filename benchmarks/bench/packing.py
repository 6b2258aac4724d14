"""Packing pairs of frames, and loading them: `pairs.npz` against NumPy's own.

    python -m benchmarks.bench.packing SIDE DATA

is one side. NumPy's has the pictures of pairs, side by side; ours each frame once, and the pairs.
"""

from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.bench.sides import Side, in_turn, serve
from vidpipe.data.npz import read_npz, write_npz
from vidpipe.data.pairs import side_by_side

OURS, THEIRS = "write_npz, read_npz", "numpy.savez_compressed, numpy.load"
ACTIONS = ("pack", "load")


def compare(data: Path, *, rounds: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Time each side's packing, then its loading, of the same pairs."""
    facts: dict[str, Any] = {}
    for action in ACTIONS:
        sides = [Side(name, "packing", (action, name, str(data))) for name in (OURS, THEIRS)]
        facts[action] = in_turn(sides, rounds=rounds, seconds=seconds)
    return facts


def _load_theirs(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


@click.command(help=__doc__)
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("side", type=click.Choice([OURS, THEIRS]))
@click.argument("data", type=click.Path(path_type=Path))
def main(action: str, side: str, data: Path) -> None:
    """Pack or load, as often as asked."""
    arrays = read_npz(data / "pairs.npz")
    file = data / f"packed-{'ours' if side == OURS else 'theirs'}.npz"
    if side == OURS:
        few = {name: arrays[name] for name in ("frames", "pairs")}
        pack, load = (lambda: write_npz(file, few)), read_npz
    else:
        pictures = np.stack([side_by_side(arrays["frames"], pair) for pair in arrays["pairs"]])
        pack, load = (lambda: np.savez_compressed(file, pairs=pictures)), _load_theirs
    if action == "pack":
        pack()
    facts = {"bytes": file.stat().st_size, "pairs": len(arrays["pairs"])}
    serve(pack if action == "pack" else lambda: load(file), facts=facts)


if __name__ == "__main__":
    main()
