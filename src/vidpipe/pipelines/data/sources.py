"""Stage `sources`: the contents of each slot, in numbers."""

import pandas as pd

from vidpipe.data.ingest import BROKEN, DAMAGED, OK
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.tracking.protocol import Tracker
from vidpipe.visualization.sheets import from_png


def count_sources(
    footage: pd.DataFrame, clips: pd.DataFrame, sheet: bytes, tracker: Tracker
) -> dict[str, float]:
    """Count videos by status and split, labels, groups, frames and seconds of each slot.

    Args:
        footage: Manifest of the videos for prediction, whose shots are split by time later.
        clips: Manifest of the many videos.
        sheet: Contact sheet of the many videos, as PNG.
        tracker: Records the sheet and the numbers.

    Returns:
        Metrics such as `clips.broken`. All but the status counts leave out broken videos.
    """
    counts = _counts(footage, clips)
    with tracker.data("sources") as run:
        run.metrics(counts, 0)
        run.picture("clips", from_png(sheet), 0)
    return counts


def _counts(footage: pd.DataFrame, clips: pd.DataFrame) -> dict[str, float]:
    by_slot = {"footage": _count(footage, ()), "clips": _count(clips, (TRAIN, TEST))}
    return {f"{slot}.{name}": n for slot, counts in by_slot.items() for name, n in counts.items()}


def _count(manifest: pd.DataFrame, splits: tuple[str, ...]) -> dict[str, float]:
    # A broken video has no frames, and is in no split.
    readable = manifest[manifest["status"] != BROKEN]
    return {
        "videos": len(manifest),
        **{status: int((manifest["status"] == status).sum()) for status in (OK, DAMAGED, BROKEN)},
        **{split: int((readable["split"] == split).sum()) for split in splits},
        "labels": int(readable["label"].nunique()),
        "groups": int(readable["group"].nunique()),
        "frames": int(readable["frames"].sum()),
        "seconds": float(readable["seconds"].sum()),
    }
