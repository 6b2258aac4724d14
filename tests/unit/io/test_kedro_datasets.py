import errno
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from vidpipe.io import Folder, Metrics, Npz, Page, Picture, Table
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

LIMIT = 4096  # bytes that a file may have where the disk is said to be full
NOBODY = 65534

# A class of dataset, its file, what fits on a full disk, and what does not.
FILES: list[tuple[type, str, Any, Any]] = [
    (
        Npz,
        "a.npz",
        {"a": np.arange(3)},
        {"a": np.random.default_rng(0).integers(0, 256, 100_000, dtype=np.uint8)},
    ),
    (Table, "a.csv", pd.DataFrame({"a": [1]}), pd.DataFrame({"a": range(5000)})),
    (Picture, "a.png", b"old", bytes(100_000)),
    (Page, "a.html", "<p>é", "x" * 100_000),
    (Metrics, "a.json", {"a": 1.0}, {f"number {n}": 1.5 for n in range(2000)}),
]
EACH = pytest.mark.parametrize(("kind", "name", "small", "large"), FILES)


def filled(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@contextmanager
def full_disk() -> Iterator[None]:
    """Files cannot grow beyond `LIMIT`: the operating system fails the write half-way."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that nobody may write to; root, who may always, becomes nobody meanwhile."""
    root = os.geteuid() == 0
    folder.chmod(0o555)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@EACH
def test_what_is_saved_is_loaded(tmp_path: Path, kind: type, name: str, small: Any, large: Any):
    dataset = kind(filepath=str(tmp_path / "deep" / "er" / name))
    assert not dataset.exists()
    dataset.save(small)
    dataset.save(large)
    assert dataset.exists()
    loaded = dataset.load()
    if kind is Table:
        pd.testing.assert_frame_equal(loaded, large)
    elif kind is Npz:
        np.testing.assert_array_equal(loaded["a"], large["a"])
    else:
        assert loaded == large
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == [name]


@EACH
def test_what_is_not_there_yet_is_an_error_that_says_how_to_make_it(
    tmp_path: Path, kind: type, name: str, small: Any, large: Any
):
    with pytest.raises(DatasetError) as error:
        kind(filepath=str(tmp_path / name)).load()
    assert isinstance(error.value.__cause__, UserError)
    assert str(tmp_path / name) in str(error.value.__cause__)
    assert "dvc repro" in str(error.value.__cause__)


@EACH
def test_a_full_disk_leaves_the_old_file_whole_and_nothing_half_written(
    tmp_path: Path, kind: type, name: str, small: Any, large: Any
):
    dataset = kind(filepath=str(tmp_path / name))
    dataset.save(small)
    old = (tmp_path / name).read_bytes()
    with full_disk(), pytest.raises(DatasetError, match="File too large"):
        dataset.save(large)
    assert (tmp_path / name).read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == [name]


@EACH
def test_a_full_disk_leaves_nothing_where_nothing_was(
    tmp_path: Path, kind: type, name: str, small: Any, large: Any
):
    with full_disk(), pytest.raises(DatasetError, match="File too large"):
        kind(filepath=str(tmp_path / name)).save(large)
    assert list(tmp_path.iterdir()) == []


@EACH
def test_a_folder_that_cannot_be_written_to_is_left_as_it_was(
    open_folder: Path, kind: type, name: str, small: Any, large: Any
):
    dataset = kind(filepath=str(open_folder / name))
    dataset.save(small)
    old = (open_folder / name).read_bytes()
    with read_only(open_folder), pytest.raises(DatasetError, match="Permission denied"):
        dataset.save(large)
    assert (open_folder / name).read_bytes() == old
    assert [path.name for path in open_folder.iterdir()] == [name]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt(), ValueError()]
)
def test_an_exception_while_writing_leaves_the_old_file_whole(tmp_path: Path, error: BaseException):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half() -> None:
        with whole_file(path) as partial:
            partial.write_text("ne")
            assert path.read_text() == "old"
            raise error

    with pytest.raises(type(error)):
        half()
    assert texts(tmp_path) == {"a.txt": "old"}


def test_a_file_left_by_a_killed_process_does_no_harm(tmp_path: Path):
    path = tmp_path / "a.txt"
    with whole_file(path) as partial:
        partial.write_text("killed while writing this")
        left = partial
        text = partial.read_text()
    left.write_text(text)
    with whole_file(path) as partial:
        partial.write_text("new")
    assert texts(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_metric_that_is_no_number_is_refused_by_name(tmp_path: Path, value: float):
    metrics = Metrics(filepath=str(tmp_path / "m.json"))
    metrics.save({"good": 1.0})
    with pytest.raises(DatasetError, match=r"metric bad is .*, expected a finite number"):
        metrics.save({"good": 2.0, "bad": value})
    assert metrics.load() == {"good": 1.0}


def test_metrics_are_sorted_and_rounded(tmp_path: Path):
    path = tmp_path / "m.json"
    values = {"b": 2 / 3, "a": 7, "c": 1234567.8, "d": np.float32(0.1), "e": -1e-9}
    Metrics(filepath=str(path)).save(values)
    assert path.read_text() == (
        '{\n  "a": 7,\n  "b": 0.666667,\n  "c": 1234570.0,\n  "d": 0.1,\n  "e": -1e-09\n}\n'
    )


def test_a_protocol_follows_the_metrics_as_it_is(tmp_path: Path):
    metrics = Metrics(filepath=str(tmp_path / "m.json"))
    values = {"z": 1.0, "protocol": {"split": "train", "fps": 23.9760239}, "a": 2 / 3}
    metrics.save(values)
    assert list(metrics.load()) == ["a", "z", "protocol"]
    assert metrics.load() == values | {"a": 0.666667}


def test_a_table_keeps_empty_text_and_text_that_pandas_takes_for_missing(tmp_path: Path):
    table = Table(filepath=str(tmp_path / "t.csv"))
    data = pd.DataFrame({"label": ["", "NA", "null"], "reason": ["", "", ""], "n": [1, 2, 3]})
    table.save(data)
    assert table.load().to_dict("list") == data.to_dict("list")


def test_a_table_keeps_labels_that_look_like_numbers(tmp_path: Path):
    table = Table(filepath=str(tmp_path / "t.csv"), text=["label"])
    table.save(pd.DataFrame({"label": ["001", "1e3"], "n": [1, 2]}))
    assert table.load().to_dict("list") == {"label": ["001", "1e3"], "n": [1, 2]}


def test_a_table_has_the_same_bytes_everywhere(tmp_path: Path):
    Table(filepath=str(tmp_path / "t.csv")).save(pd.DataFrame({"a": [1, 2], "片段": ["x", "y"]}))
    assert (tmp_path / "t.csv").read_bytes() == "a,片段\n1,x\n2,y\n".encode()


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path):
    folder = Folder(filepath=str(tmp_path / "out" / "it"))
    folder.save(filled(tmp_path / "one", old="old", both="old"))
    folder.save(filled(tmp_path / "two", new="new", both="new"))
    assert texts(folder.load()) == {"new": "new", "both": "new"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["it"]


def test_a_folder_that_was_never_made_leaves_the_old_one_in_place(tmp_path: Path):
    folder = Folder(filepath=str(tmp_path / "out" / "it"))
    folder.save(filled(tmp_path / "one", a="old"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        folder.save(tmp_path / "nowhere")
    assert texts(folder.load()) == {"a": "old"}


def test_a_folder_that_is_not_there_is_an_error_that_says_how_to_make_it(tmp_path: Path):
    with pytest.raises(DatasetError, match="not there yet; run `dvc repro`"):
        Folder(filepath=str(tmp_path / "it")).load()


def test_folders_that_cannot_be_swapped_are_left_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = Folder(filepath=str(tmp_path / "out" / "it"))
    folder.save(filled(tmp_path / "one", a="old"))
    new = filled(tmp_path / "two", a="new")
    replace: Callable[[Path, Path], Path] = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self == new:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(DatasetError, match="Permission denied"):
        folder.save(new)
    assert texts(folder.load()) == {"a": "old"}


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that renaming cannot reach."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has but one disk")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_a_folder_from_another_disk_is_copied_into_place(tmp_path: Path, other_disk: Path):
    folder = Folder(filepath=str(tmp_path / "out" / "it"))
    folder.save(filled(tmp_path / "one", a="old"))
    folder.save(filled(other_disk / "two", b="new"))
    assert texts(folder.load()) == {"b": "new"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["it"]


def test_a_full_disk_while_copying_leaves_the_old_folder_in_place(tmp_path: Path, other_disk: Path):
    folder = Folder(filepath=str(tmp_path / "out" / "it"))
    folder.save(filled(tmp_path / "one", a="old"))
    new = filled(other_disk / "two", a="small", z="large" * LIMIT)
    with full_disk(), pytest.raises(DatasetError, match="File too large"):
        folder.save(new)
    assert texts(folder.load()) == {"a": "old"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["it"]


def test_what_a_killed_copy_left_is_not_mixed_into_the_next(tmp_path: Path, other_disk: Path):
    target = tmp_path / "out" / "it"
    new = filled(other_disk / "one", a="stale", z="large" * LIMIT)
    program = (
        "import resource, signal; from pathlib import Path; from vidpipe.utils.atomic import *;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_DFL);"
        f"move_folder(Path({str(new)!r}), Path({str(target)!r}))"
    )
    killed = subprocess.run([sys.executable, "-B", "-c", program], check=False)
    assert killed.returncode == -signal.SIGXFSZ
    assert not target.exists()
    folder = Folder(filepath=str(target))
    folder.save(filled(other_disk / "two", b="new"))
    assert texts(folder.load()) == {"b": "new"}
