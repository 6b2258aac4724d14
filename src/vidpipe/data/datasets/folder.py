"""A tree of videos of the user; a video's label is its folder's name, or stands in a table."""

import csv
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.files import distinct
from vidpipe.data.sequences import is_sequence
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
SUFFIXES = frozenset(
    (
        *(".264", ".265", ".3gp", ".apng", ".asf", ".avi", ".dv", ".flv", ".gif", ".h264", ".h265"),
        *(".hevc", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"),
        *(".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    )
)
REQUIRED = ("path", "label")
OPTIONAL = ("group", "split")
NAMED = 3  # videos named in a message, of many


@dataclass(frozen=True)
class Row:
    """Columns of the table, besides the path."""

    label: str
    group: str
    split: str


def videos(*, path: str | None, labels: str | None, place: Place) -> Iterator[Video]:
    """Yield every video below a folder, or those that a table lists.

    A folder of numbered pictures is a video too. Without a table each video is a group of its own.
    Links are followed, hidden files skipped; the log counts what is skipped.

    Args:
        path: The folder.
        labels: A CSV with the columns `path` (from the folder), `label`, and optionally `group`
            and `split` (`train` or `test`).
        place: Folders of the project.

    Raises:
        UserError: If the folder or the table is missing, or the table is invalid.
    """
    if path is None:
        raise UserError(f"{place.key}.path: expected the folder of your videos, it is empty")
    root = place.find(path)
    if root is None or not root.is_dir():
        raise UserError(f"{place.key}.path: expected a folder at {place.project / path}")
    tree = _walk(root)
    if labels is None:
        rows = {path: Row((root / path).parent.name, "", "") for path in tree}
    else:
        rows = _read_table(labels, place)
    left_out = sorted(tree - rows.keys())
    if left_out:
        first = ", ".join(left_out[:NAMED])
        log.warning("%d videos are not in %s and left out: %s", len(left_out), labels, first)
    # The manifest is in the order of the paths.
    paths = sorted(rows)
    films = [f"{p}.mp4" if is_sequence(root / p) else p for p in paths]
    for relative, name in zip(paths, distinct(films), strict=True):
        row = rows[relative]
        yield Video(
            path=root / relative,
            name=name,
            label=row.label,
            group=row.group or relative,
            split=row.split,
        )


def _walk(root: Path) -> set[str]:
    """Find all videos below the root; visit a folder that several links lead to once.

    Returns:
        Paths from the root.
    """
    videos = set[str]()
    skipped = Counter[str]()
    visited = set[str]()
    # The loop edits `subfolders` in place, which decides the folders that `os.walk` visits.
    for folder, subfolders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            subfolders.clear()
            continue
        visited.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        # A folder of numbered pictures, and no video beside them, is a video.
        if folder != str(root) and not any(map(_is_video, names)) and is_sequence(Path(folder)):
            videos.add(Path(folder).relative_to(root).as_posix())
            continue
        for name in names:
            if name.startswith("."):
                skipped["hidden"] += 1
            elif _is_video(name) or is_sequence(Path(folder, name)):
                videos.add(Path(folder, name).relative_to(root).as_posix())
            else:
                skipped[Path(name).suffix.lower() or "no suffix"] += 1
    if skipped:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(skipped.items()))
        log.info("%s: passed over what is no video: %s", root, kinds)
    return videos


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _read_table(labels: str, place: Place) -> dict[str, Row]:
    """Read and check the user's CSV; return its rows by path."""
    table = place.find(labels)
    key = f"{place.key}.labels"
    if table is None or not table.is_file():
        raise UserError(f"{key}: expected a CSV at {place.project / labels}")
    rows = dict[str, Row]()
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(REQUIRED) - set(reader.fieldnames or ()):
                raise UserError(f"{key}: {table} has no column {' and no '.join(sorted(missing))}")
            for number, row in enumerate(reader, 2):
                path, rest = _check_row(row, f"{key}: {table}, line {number}")
                if path in rows:
                    raise UserError(f"{key}: {table}, line {number}: {path} stands there twice")
                rows[path] = rest
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{key}: {table} is no CSV in UTF-8: {error}") from error
    return rows


def _check_row(row: Mapping[str, str | None], where: str) -> tuple[str, Row]:
    path, label, group, split = ((row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL))
    # Each message names the file and the line.
    if not path or not label:
        raise UserError(f"{where}: expected a path and a label, got {path!r} and {label!r}")
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise UserError(f"{where}: expected a path below the folder, got {path!r}")
    if split not in ("", "train", "test"):
        raise UserError(f"{where}: expected split train, test or nothing, got {split!r}")
    return Path(path).as_posix(), Row(label, group, split)
