"""Previews of datasets for Kedro-Viz, which shows them beside the graph of nodes.

Kedro-Viz tells the kinds of preview apart by the names of these types; it is not needed here.
"""

import base64
import html
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NewType

import pandas as pd
from numpy.lib import format as npy

HTMLPreview = NewType("HTMLPreview", str)
TablePreview = NewType("TablePreview", dict[str, list[object]])

ROWS = 250  # of a table, and files of a folder
LARGEST = 2**21  # bytes of a film or a picture: a page holds them all
MISSING = "not there yet; `dvc repro` makes it"
# What to show of a folder, the first there is: films before pictures, the last sheet of a training.
SHOWN = ("samples.mp4", "samples.gif", "samples.png", "reconstructions.png", "sheets/*.png")
TYPES = {".mp4": "video/mp4", ".gif": "image/gif", ".png": "image/png"}


def preview_folder(folder: Path) -> HTMLPreview:
    """Return a film or a picture of a folder; a list of its files if it has none."""
    if not folder.is_dir():
        return HTMLPreview(f"<p>{MISSING}</p>")
    for pattern in SHOWN:
        files = [file for file in sorted(folder.glob(pattern)) if file.stat().st_size <= LARGEST]
        if files:
            return preview_media(files[-1])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"<li>{html.escape(str(file.relative_to(folder)))}: {file.stat().st_size:,} bytes</li>"
        for file in files[:ROWS]
    ]
    more = f"<p>and {len(files) - ROWS} more</p>" if len(files) > ROWS else ""
    return HTMLPreview(f"<ul>{''.join(lines)}</ul>{more}")


def preview_media(file: Path) -> HTMLPreview:
    """Return a film that plays or a picture, with the bytes of the file in the page."""
    if not file.is_file():
        return HTMLPreview(f"<p>{MISSING}</p>")
    kind = TYPES[file.suffix]
    address = f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
    if kind.startswith("video"):
        return HTMLPreview(
            f'<video autoplay loop muted playsinline controls width="100%" src="{address}"></video>'
        )
    return HTMLPreview(f'<img alt="{html.escape(file.name)}" width="100%" src="{address}">')


def preview_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> TablePreview:
    """Return the first rows of a table."""
    data: list[object] = [list(row) for row in rows[:ROWS]]
    return TablePreview({"index": list(range(len(data))), "columns": list(columns), "data": data})


def preview_csv(file: Path) -> TablePreview:
    """Return the first rows of a CSV file, each field as it is written."""
    if not file.is_file():
        return preview_table([file.name], [[MISSING]])
    table = pd.read_csv(file, nrows=ROWS, dtype=str, keep_default_na=False)
    return preview_table(list(table.columns), table.to_numpy().tolist())


def preview_npz(file: Path) -> TablePreview:
    """Return name, shape and type of each array, read from the headers alone."""
    if not file.is_file():
        return preview_table([file.name], [[MISSING]])
    rows = []
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                npy.read_magic(member)
                shape, _, dtype = npy.read_array_header_1_0(member)
            rows.append([name.removesuffix(".npy"), " × ".join(map(str, shape)), str(dtype)])
    return preview_table(["array", "shape", "type"], rows)
