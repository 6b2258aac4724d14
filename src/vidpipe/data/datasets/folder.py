"""A tree of videos of the user's own: what a video shows is its folder's name, or in a table."""

import csv
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.files import distinct
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
SUFFIXES = frozenset(
    (
        *(".3gp", ".asf", ".avi", ".dv", ".flv", ".gif", ".h264", ".m2ts", ".m4v", ".mkv", ".mov"),
        *(".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    )
)
COLUMNS, OPTIONAL = ("path", "label"), ("group", "split")
NAMED = 3  # of many, in a message


@dataclass(frozen=True)
class Row:
    """What a table says of a video."""

    label: str
    group: str
    split: str


def videos(*, path: str | None, labels: str | None, place: Place) -> Iterator[Video]:
    """Every video below a folder, or those that a table lists.

    Without a table a video is a group of its own. Links are followed, hidden files are not looked
    at; what is passed over is counted in the log.

    Args:
        path: The folder.
        labels: A CSV with the columns `path` (from the folder), `label`, and, if wanted, `group`
            and `split` (`train` or `test`).
        place: Where to work.

    Raises:
        UserError: If the folder or the table is not there, or the table is not right.
    """
    if path is None:
        raise UserError(f"{place.key}.path: expected the folder of your videos, it is empty")
    root = place.find(path)
    if root is None or not root.is_dir():
        raise UserError(f"{place.key}.path: expected a folder at {place.project / path}")
    found = _walk(root)
    rows = _by_folder(root, found) if labels is None else _by_table(labels, place)
    left_out = sorted(found - rows.keys())
    if left_out:
        some = ", ".join(left_out[:NAMED])
        log.warning("%d videos are not in %s and left out: %s", len(left_out), labels, some)
    paths = sorted(rows)
    for relative, name in zip(paths, distinct(paths), strict=True):
        row = rows[relative]
        yield Video(
            path=root / relative,
            name=name,
            label=row.label,
            group=row.group or relative,
            split=row.split,
        )


def _walk(root: Path) -> set[str]:
    """Paths of all videos, from the root. A folder that links lead to twice is walked once."""
    found, others, seen = set[str](), Counter[str](), set[str]()
    for folder, inner, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in names:
            kind = Path(name).suffix.lower()
            if name.startswith("."):
                others["hidden"] += 1
            elif kind in SUFFIXES:
                found.add(Path(folder, name).relative_to(root).as_posix())
            else:
                others[kind or "no suffix"] += 1
    if others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))
        log.info("%s: passed over what is no video: %s", root, kinds)
    return found


def _by_folder(root: Path, found: set[str]) -> dict[str, Row]:
    return {path: Row((root / path).parent.name, "", "") for path in found}


def _by_table(labels: str, place: Place) -> Mapping[str, Row]:
    table = place.find(labels)
    key = f"{place.key}.labels"
    if table is None or not table.is_file():
        raise UserError(f"{key}: expected a CSV at {place.project / labels}")
    rows = dict[str, Row]()
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise UserError(f"{key}: {table} has no column {' and no '.join(sorted(missing))}")
            for number, row in enumerate(reader, 2):
                path, told = _row(row, f"{key}: {table}, line {number}")
                if path in rows:
                    raise UserError(f"{key}: {table}, line {number}: {path} stands there twice")
                rows[path] = told
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{key}: {table} is no CSV in UTF-8: {error}") from error
    return rows


def _row(row: Mapping[str, str | None], where: str) -> tuple[str, Row]:
    path, label, group, split = ((row.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL))
    if not path or not label:
        raise UserError(f"{where}: expected a path and a label, got {path!r} and {label!r}")
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise UserError(f"{where}: expected a path below the folder, got {path!r}")
    if split not in ("", "train", "test"):
        raise UserError(f"{where}: expected split train, test or nothing, got {split!r}")
    return Path(path).as_posix(), Row(label, group, split)
