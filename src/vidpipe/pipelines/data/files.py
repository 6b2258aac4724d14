"""Stages `footage_files` and `clips_files`: the user's own files that a data set reads, by hash.

DVC knows neither where these files are nor when they change. It compares this list.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from vidpipe.config.datasets import ClipsSource, FootageSource, Source
from vidpipe.data.datasets.record import Place
from vidpipe.data.datasets.registry import files_of
from vidpipe.utils.errors import UserError
from vidpipe.utils.progress import progress

log = logging.getLogger(__name__)
STATE = ".vidpipe"  # folder of the hashes that are known already


def list_footage_files(source: FootageSource, project: Path) -> pd.DataFrame:
    """List the user's files that the slot `footage` reads; see `list_clips_files`."""
    return _list(source, "footage", project)


def list_clips_files(source: ClipsSource, project: Path) -> pd.DataFrame:
    """List the user's files that the slot `clips` reads, with the MD5 of each.

    Where they are missing, as on the machine of somebody who got the results, the list stays as it
    was recorded.

    Args:
        source: The data set and its block of parameters.
        project: Folder that relative paths start from.

    Returns:
        Rows of name and MD5, sorted by name. The MD5 of what cannot be read is empty.
    """
    return _list(source, "clips", project)


def _list(source: Source, slot: str, project: Path) -> pd.DataFrame:
    place = Place(key=f"sources.{slot}.{source.dataset}", project=project, folder=project)
    try:
        files = files_of(source, place)
    except UserError as error:
        recorded = project / f"data/01_raw/{slot}_files.csv"
        if recorded.is_file():
            log.warning("%s; going on with what was recorded of your files", error)
            return pd.read_csv(recorded, keep_default_na=False, dtype=str)
        files = {}  # the fetch says what is missing
    names = sorted(files)
    hashes = _hash([files[name] for name in names], place.homes[-1] / STATE, f"{slot}_files")
    # A name may hold bytes that are no UTF-8.
    printable = [os.fsencode(name).decode(errors="backslashreplace") for name in names]
    return pd.DataFrame({"file": printable, "md5": hashes}, dtype=str)


def _hash(paths: Sequence[Path], folder: Path, name: str) -> list[str]:
    """Return the MD5 of each file; one whose inode, time and size are known is not read again."""
    if not paths:
        return []
    from dvc_data.hashfile.state import State  # noqa: PLC0415 (slow, and no other stage needs it)

    with closing(State(tmp_dir=str(folder))) as state:
        files = progress(paths, total=len(paths), name=name, unit="file")
        return [_md5(path, state) for path in files]


def _md5(path: Path, state: Any) -> str:
    """Return the MD5 of a file, empty if it cannot be read; `state` knows those of before."""
    from dvc.fs import localfs  # noqa: PLC0415
    from dvc_data.hashfile.hash import hash_file  # noqa: PLC0415

    try:
        # DVC would take the time of a link for that of its file.
        _, value = hash_file(os.path.realpath(path), localfs, "md5", state=state)
    except OSError:
        return ""
    return str(value.value)
