"""Stage `sources`: what each slot was filled with, in numbers."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from vidpipe.data.ingest import BROKEN, DAMAGED, OK
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.tracking.protocol import Tracker


def count_sources(
    footage: pd.DataFrame, clips: pd.DataFrame, sheet: bytes, tracker: Tracker
) -> dict[str, float]:
    """Videos by status and part, labels, frames and seconds, slot by slot.

    Args:
        footage: Manifest of the one video for prediction, which is split by time later.
        clips: Manifest of the many.
        sheet: Frames of the many, as PNG.
        tracker: Who is shown the sheet and the numbers.

    Returns:
        Metrics such as `clips.broken`. Parts, frames and seconds count what can be read.
    """
    counts = _counts(footage, clips)
    with tracker.data("sources") as run:
        run.metrics(counts, 0)
        run.picture("clips", np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB")), 0)
    return counts


def _counts(footage: pd.DataFrame, clips: pd.DataFrame) -> dict[str, float]:
    return {
        f"{slot}.{name}": value
        for slot, manifest in (("footage", footage), ("clips", clips))
        for name, value in _count(manifest, () if slot == "footage" else (TRAIN, TEST)).items()
    }


def _count(manifest: pd.DataFrame, parts: tuple[str, ...]) -> dict[str, float]:
    readable = manifest[manifest["status"] != BROKEN]
    return {
        "videos": len(manifest),
        **{status: int((manifest["status"] == status).sum()) for status in (OK, DAMAGED, BROKEN)},
        **{part: int((readable["split"] == part).sum()) for part in parts},
        "labels": int(readable["label"].nunique()),
        "groups": int(readable["group"].nunique()),
        "frames": int(readable["frames"].sum()),
        "seconds": float(readable["seconds"].sum()),
    }
