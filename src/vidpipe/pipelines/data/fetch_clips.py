"""Stage `clips_fetch`: bring the chosen data set here and say what it holds."""

import logging
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from vidpipe.config.datasets import ClipsSource
from vidpipe.data.datasets.record import Place
from vidpipe.data.datasets.registry import SOURCES
from vidpipe.data.ingest import BROKEN, DAMAGED, OK, collect, divide, tolerate
from vidpipe.utils.errors import UserError
from vidpipe.visualization.contact import contact_sheet
from vidpipe.visualization.sheets import png

log = logging.getLogger(__name__)
NAMED = 10  # of many, in the log


def fetch_clips(
    source: ClipsSource, project: Path, scratch: Path
) -> tuple[Path, pd.DataFrame, bytes]:
    """Bring the videos of the slot `clips`, look into each, and say which are for testing.

    Returns:
        The folder with the videos, their manifest, and a contact sheet as PNG.

    Raises:
        UserError: If the data set cannot be had, has no video, or too many are broken.
    """
    folder = scratch / "clips_videos"
    folder.mkdir()
    place = Place(key=f"sources.clips.{source.dataset}", project=project, folder=folder)
    videos = SOURCES[source.dataset](**source.block, place=place)
    entries = divide(collect(videos, folder, name="clips_fetch"), source.test)
    if not entries:
        raise UserError(
            f"{place.key}: expected videos, it has none; put some there, or choose another "
            "sources.clips.dataset"
        )
    faulty = [entry for entry in entries if entry.status != OK]
    for entry in faulty[:NAMED]:
        log.warning("%s is %s: %s", entry.path, entry.status, entry.reason)
    if len(faulty) > NAMED:
        log.warning("and %d more: all are in the manifest", len(faulty) - NAMED)
    tolerate(entries, source.broken, "sources.clips.broken")
    parts = Counter(entry.split for entry in entries if entry.status != BROKEN)
    log.info(
        "%d videos, %d labels: %d ok, %d damaged, %d broken; %d to train on, %d to test on",
        len(entries),
        len({entry.label for entry in entries}),
        *(sum(entry.status == status for entry in entries) for status in (OK, DAMAGED, BROKEN)),
        *(parts[part] for part in ("train", "test")),
    )
    return folder, pd.DataFrame(map(asdict, entries)), png(contact_sheet(entries, folder))
