"""A tree of videos of the user; labels and splits are names of folders, or stand in a table."""

import logging
import os
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from vidpipe.data.datasets.labels import Row, read_labels, split_called
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.files import distinct
from vidpipe.data.sequences import is_sequence
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount

log = logging.getLogger(__name__)
SUFFIXES = frozenset(
    (
        *(".264", ".265", ".3g2", ".3gp", ".apng", ".asf", ".avc", ".avi", ".divx", ".dv", ".f4v"),
        *(".flv", ".gif", ".h261", ".h263", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2t"),
        *(".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mk3d", ".mkv", ".mod", ".mov", ".mp4"),
        *(".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nut", ".obu", ".ogm", ".ogv", ".qt"),
        *(".rm", ".rmvb", ".tod", ".ts", ".vob", ".vro", ".webm", ".wmv", ".y4m"),
    )
)
NAMED = 3  # videos named in a message, of many


def videos(*, path: str | None, labels: str | None, place: Place) -> Iterator[Video]:
    """Yield every video below a folder, or those that a table lists.

    A folder of numbered pictures is a video too. A video's label is its folder's name, or stands in
    the table. If every video lies in a folder called `train` or `test` (or `val`), that is its
    split. Without a table each video is a group of its own. Links are followed, hidden files
    skipped; the log counts what is skipped.

    Args:
        path: The folder.
        labels: A CSV with the columns `path` (from the folder), `label`, and optionally `group`
            and `split` (`train` or `test`).
        place: Folders of the project.

    Raises:
        UserError: If the folder or the table is missing, the table is invalid, or only some videos
            are in folders that are named like splits.
    """
    root = _find(path, place)
    tree = _walk(root)
    rows = _by_folder(tree, root, place, all_need_split=labels is None)
    if labels is not None:
        rows = read_labels(_find_table(labels, place), root, rows, f"{place.key}.labels")
        if left_out := sorted(tree - rows.keys()):
            first = ", ".join(left_out[:NAMED])
            log.warning(
                "%s without a line in %s, left out: %s",
                amount(len(left_out), "video"),
                labels,
                first,
            )
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


def files(*, path: str | None, labels: str | None, place: Place) -> dict[str, Path]:
    """Find the files that `videos` reads: all videos, and the table."""
    root = _find(path, place)
    by_name = {} if labels is None else {"labels": _find_table(labels, place)}
    for video in map(root.joinpath, _walk(root)):
        # What is taken for one video may be a folder of its pictures.
        parts = video.iterdir() if video.is_dir() else [video]
        by_name |= {part.relative_to(root).as_posix(): part for part in parts}
    return by_name


def _find(path: str | None, place: Place) -> Path:
    if path is None:
        raise UserError(f"{place.key}.path: expected the folder of your videos, it is empty")
    root = place.find(path)
    if root is None or not root.is_dir():
        raise UserError(f"{place.key}.path: expected a folder at {place.project / path}")
    return root


def _find_table(labels: str, place: Place) -> Path:
    table = place.find(labels)
    if table is None or not table.is_file():
        raise UserError(f"{place.key}.labels: expected a CSV at {place.project / labels}")
    return table


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
        log.info("%s: skipped: %s", root, kinds)
    return videos


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _by_folder(
    tree: Collection[str], root: Path, place: Place, *, all_need_split: bool
) -> dict[str, Row]:
    """Read labels and splits off the names of the folders.

    Args:
        tree: Paths of the videos, from the root.
        root: The folder.
        place: Folders of the project.
        all_need_split: Every video must have a split if one has, for no table names any.

    Raises:
        UserError: If only some videos are in folders that are named like splits.
    """
    folders = {path: PurePosixPath(path).parts[:-1] for path in sorted(tree)}
    depth = _depth_of_splits(folders.values())
    rows = {}
    for path, parts in folders.items():
        split = ""
        label = parts
        if depth is not None:
            # The folder of the split is not the label, be it above or below.
            split = split_called(parts[depth]) if depth < len(parts) else ""
            label = parts[:depth] + parts[depth + 1 :]
            if not split and all_need_split:
                raise UserError(
                    f"{place.key}.path: {root} has folders of splits, such as train and test; "
                    f"expected every video in one of them, got {path}; move it, or name the "
                    f"splits in a CSV, {place.key}.labels"
                )
        rows[path] = Row(label=label[-1] if label else root.name, split=split)
    if depth is not None:
        counts = Counter(
            parts[depth] if depth < len(parts) else "none" for parts in folders.values()
        )
        numbers = ", ".join(f"{n} of {name}" for name, n in counts.items())
        log.info("%s is split by its folders: %s; all but train are held out", root, numbers)
    return rows


def _depth_of_splits(folders: Collection[tuple[str, ...]]) -> int | None:
    """Return the depth at which folders are called `train` and `test` or alike; None: at none."""
    for depth in range(max(map(len, folders), default=0)):
        names = sorted({parts[depth] for parts in folders if depth < len(parts)})
        splits = {split_called(name) for name in names}
        if splits >= {TRAIN, TEST}:
            return depth
        if splits & {TRAIN, TEST}:
            log.warning(
                "folders called %s: only one half of a split is among them, so they are labels; "
                "call them train and test, or name splits in a CSV",
                ", ".join(names[:NAMED]),
            )
    return None
