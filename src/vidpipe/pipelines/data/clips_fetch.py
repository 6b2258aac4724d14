"""Stage `clips_fetch`: the videos of a data set, their manifest and a contact sheet."""

import logging
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from vidpipe.config.datasets import ClipsSource
from vidpipe.data.datasets.record import Place
from vidpipe.data.datasets.registry import videos_of
from vidpipe.data.ingest import (
    BROKEN,
    DAMAGED,
    OK,
    assign_splits,
    collect,
    refuse_broken,
    refuse_untrainable,
    warn_of_copies,
)
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.data.workers import PoolFactory, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount
from vidpipe.visualization.contact import contact_sheet
from vidpipe.visualization.sheets import png

log = logging.getLogger(__name__)
NAMED = 10  # faulty videos named in the log, of many


def fetch_clips(
    source: ClipsSource,
    project: Path,
    scratch: Path,
    pool: PoolFactory = processes,
    workers: int | None = None,
) -> tuple[Path, pd.DataFrame, bytes]:
    """Collect the videos of the slot `clips`, probe each, and split them into train and test.

    Args:
        source: The data set, its block of parameters, and the share of groups to test on.
        project: Folder that relative paths start from.
        scratch: Folder of this process.
        pool: Starts the workers that decode.
        workers: Number of workers; None: one per processor.

    Returns:
        The folder with the videos, their manifest, and a contact sheet as PNG.

    Raises:
        UserError: If the data set cannot be had, has no video, or too many are broken.
    """
    folder = scratch / "clips_videos"
    folder.mkdir()
    place = Place(key=f"sources.clips.{source.dataset}", project=project, folder=folder)
    videos = videos_of(source, place)
    entries = collect(videos, folder, name="clips_fetch", pool=pool, workers=workers)
    entries = assign_splits(entries, source.test)
    if not entries:
        raise UserError(
            f"{place.key}: expected videos, it has none; put some there, or choose another "
            "sources.clips.dataset"
        )
    # Name the first faulty videos, then stop if too many are broken.
    faulty = [entry for entry in entries if entry.status != OK]
    for entry in faulty[:NAMED]:
        log.warning("%s is %s: %s", entry.path, entry.status, entry.reason)
    if len(faulty) > NAMED:
        log.warning("and %d more: all are in the manifest", len(faulty) - NAMED)
    refuse_broken(entries, source.broken, "sources.clips.broken")
    warn_of_copies(entries)
    refuse_untrainable(entries, place.key)
    split_sizes = Counter(entry.split for entry in entries if entry.status != BROKEN)
    log.info(
        "%s, %s: %d ok, %d damaged, %d broken; %d to train on, %d to test on",
        amount(len(entries), "video"),
        amount(len({entry.label for entry in entries}), "label"),
        *(sum(entry.status == status for entry in entries) for status in (OK, DAMAGED, BROKEN)),
        *(split_sizes[split] for split in (TRAIN, TEST)),
    )
    return folder, pd.DataFrame(map(asdict, entries)), png(contact_sheet(entries, folder))
