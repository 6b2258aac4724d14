"""What nodes of stages get beside data and parameters, and small data of digits and of pairs."""

import numpy as np

from support.project import ROOT
from vidpipe.config.loader import check, read
from vidpipe.config.schema import Runtime

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")
FEW = {"steps": 4, "batch": 4, "report_every": 2, "sample_every": 4}


def params(block, **changes):
    """Blocks of a model as they are shipped: its parts, with some values changed in `train`."""
    shipped = getattr(check(read(ROOT / "params.yaml")), block)
    # All that a training has, in a few steps: gradient penalties, and the walk alone.
    few = FEW | {key: 2 for key in ("penalty_every", "walk_steps") if hasattr(shipped.train, key)}
    few |= changes
    return shipped.model_copy(update={"train": shipped.train.model_copy(update=few)})


def digits():
    """Random pictures of three numerals, the last quarter of them held out."""
    rng = np.random.default_rng(0)
    count = 24
    return {
        "pictures": rng.integers(0, 256, (count, 28, 28), np.uint8),
        "label": np.arange(count) % 3,
        "split": np.where(np.arange(count) < 0.75 * count, "seen", "held_out"),
        "names": np.array(["0", "1", "2"]),
    }


def pairs(seen=8, held_out=4):
    """Frames of one shot that get lighter, the last held out after a gap of one."""
    count = seen + 1 + held_out
    levels = 60 + 8 * np.arange(count, dtype=np.uint8)
    noise = np.random.default_rng(0).integers(0, 30, (1, 64, 64, 3), np.uint8)
    split = np.array(["seen"] * seen + ["gap"] + ["held_out"] * held_out)
    first = np.flatnonzero((split[:-1] == split[1:]) & (split[:-1] != "gap"))
    return {
        "frames": noise + levels[:, None, None, None],
        "pairs": np.stack([first, first + 1], axis=1).astype(np.int32),
        "pair_split": split[first],
        "frame_split": split,
        "frame_shot": np.zeros(count, np.int32),
        "fps": np.array([25.0]),
    }
