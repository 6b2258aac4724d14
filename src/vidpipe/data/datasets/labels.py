"""The user's table of labels: a CSV as spreadsheets and programs write it."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from vidpipe.data.splits import TEST, TRAIN
from vidpipe.utils.errors import UserError

REQUIRED = ("path", "label")
OPTIONAL = ("group", "split")
DELIMITERS = ",;\t|"
# Marks that begin a text, the longer first, and the encodings that they stand for.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Names of splits -> the split. What is for validation is held out as well.
SPLITS = {
    **dict.fromkeys(("train", "training", "trainval"), TRAIN),
    **dict.fromkeys(("test", "testing", "val", "valid", "validation"), TEST),
    **dict.fromkeys(("dev", "development", "eval", "evaluation", "heldout", "holdout"), TEST),
}


def split_called(name: str) -> str:
    """Return the split that a name such as `Train`, `val_set`, `02-test` or `train2017` means.

    It is the name, or the first or last word of it; no split is empty.
    """
    words = re.findall(r"[^\W\d_]+", name.casefold())
    for word in ("".join(words), *words[:1], *words[-1:]):
        for letters in (word, re.sub("(set|split|data)$", "", word)):
            if letters in SPLITS:
                return SPLITS[letters]
    return ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Label, group and split of a video; empty: unknown."""

    label: str
    group: str = ""
    split: str = ""


def read_labels(table: Path, root: Path, tree: Mapping[str, Row], key: str) -> dict[str, Row]:
    """Read the rows of a CSV by path.

    Cells are separated by commas, semicolons, tabs or `|`. The text is UTF-8, UTF-16, or UTF-32
    with its mark. Case of the header, blanks around cells, empty lines, and `\\` in paths do not
    matter. A path may be absolute, or begin with the name of the folder.

    Args:
        table: The CSV.
        root: Folder that its paths start from.
        tree: The videos that are there, and what their folders say of them.
        key: Key of `params.yaml`, for messages.

    Returns:
        Rows by path from the folder. The split is that of the folder where the table names none.

    Raises:
        UserError: With the line, what was found there, and what to write.
    """
    names = {_plain(path): path for path in tree}
    rows = dict[str, Row]()
    lines = dict[str, int]()
    for number, cells in _lines(table, f"{key}: {table}"):
        where = f"{key}: {table}, line {number}"
        if not cells["path"] or not cells["label"]:
            got = f"{cells['path']!r} and {cells['label']!r}"
            raise UserError(f"{where}: expected a path and a label, got {got}")
        path = _below(cells["path"], root, names, where)
        if path in rows:
            raise UserError(f"{where}: {path} stands there twice, first in line {lines[path]}")
        row = _row(cells, where)
        split = row.split or (tree[path].split if path in tree else "")
        rows[path] = replace(row, split=split)
        lines[path] = number
    if rows and not rows.keys() & tree.keys():
        path, number = next(iter(lines.items()))
        raise UserError(
            f"{key}: {table}, line {number}: expected paths that start from {root}, such as "
            f"{min(tree, default='none, for it has no video')}; got {path!r}, and no line names a "
            "video that is there"
        )
    return rows


def _lines(table: Path, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the cells by column of each line that is not empty."""
    text = _decode(table.read_bytes(), where)
    # Excel may write a first line that names the delimiter.
    named = re.match(r"sep=(.)\r?\n", text)
    skipped = bool(named)
    if named:
        text = text[named.end() :]
    header, delimiter = _header(text, where)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        next(reader)
        for row in reader:
            number = reader.line_num + skipped
            cells = [cell.strip() for cell in row]
            if any(cells[len(header) :]):
                raise UserError(
                    f"{where}, line {number}: expected {len(header)} cells as in the first line, "
                    f"got {len(cells)}; put quotes around a cell that has {delimiter!r} in it"
                )
            if any(cells):
                empty = dict.fromkeys((*REQUIRED, *OPTIONAL), "")
                yield number, empty | dict(zip(header, cells, strict=False))
    except csv.Error as error:
        number = reader.line_num + skipped
        raise UserError(f"{where}, line {number}: expected a CSV: {error}") from error


def _decode(data: bytes, where: str) -> str:
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    # Without a mark, the zeros of UTF-16 tell it: the header is of Latin letters.
    if encoding == "utf-8" and b"\0" in data[:2]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{where}, line {number}: expected UTF-8, got the byte {data[error.start]:#04x}; save "
            'it as UTF-8, which spreadsheets call "CSV UTF-8"'
        ) from error


def _header(text: str, where: str) -> tuple[list[str], str]:
    """Return the names of the columns, and the delimiter between them."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    for delimiter in DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), [])
        columns = [cell.strip().casefold() for cell in cells]
        if set(REQUIRED) <= set(columns):
            if twice := sorted(name for name in set(columns) if name and columns.count(name) > 1):
                raise UserError(f"{where}, line 1: expected each column once, got two {twice[0]}")
            return columns, delimiter
    raise UserError(
        f"{where}, line 1: expected the columns path and label, and if wanted group and split, as "
        f"in `path,label,group,split`; got {first!r}"
    )


def _row(cells: Mapping[str, str], where: str) -> Row:
    split = split_called(cells["split"])
    if cells["split"] and not split:
        raise UserError(f"{where}: expected split train, test or nothing, got {cells['split']!r}")
    return Row(label=cells["label"], group=cells["group"], split=split)


def _below(text: str, root: Path, names: Mapping[str, str], where: str) -> str:
    """Return a path from the folder, spelt as the file is if there is one.

    Args:
        text: The path, as the table has it.
        root: The folder.
        names: Paths of the videos that are there, by their plain form.
        where: File and line, for messages.
    """
    path = _plain(text)
    for base in (root, root.resolve()):
        if Path(path).is_relative_to(base):
            path = Path(path).relative_to(base).as_posix()
    # Some write the folder's own name as well.
    inner = path.removeprefix(f"{root.name}/")
    path = names.get(path) or names.get(inner) or path
    if re.match(r"/|[A-Za-z]:", path) or ".." in PurePosixPath(path).parts:
        raise UserError(f"{where}: expected a path below {root}, got {text!r}")
    return path


def _plain(path: str) -> str:
    """Return a path with `/` between parts, and with accents as one character each."""
    posix = PurePosixPath(path.replace("\\", "/")).as_posix()
    return unicodedata.normalize("NFC", posix)
