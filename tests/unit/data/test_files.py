import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vidpipe.data.files import LONGEST, UnwritableError, distinct, inside, named
from vidpipe.utils.errors import UserError

NAMES = st.text(st.characters(exclude_characters="/"), max_size=300)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.lists(PATHS, max_size=12))
@example(["a/v.mp4", "b/v.mp4", "v.avi", "V.MP4"])
@example(["v.mp4", "v.mp4", "v.mp4"])
@example(["..", ".", "", "a/..", "/"])
@example(["a.b.no suffix, a sentence", "b/a.b.no suffix, a sentence", "a.mp4"])
@example(["\udcff.mp4", "a\nb.mp4", "片" * 200 + ".mp4", "片" * 200 + "x.mp4"])
def test_names_are_distinct_and_fit_any_disk_and_table(paths: list[str]):
    names = distinct(paths)
    assert len({os.path.splitext(name)[0].casefold() for name in names}) == len(paths)
    for name in names:
        assert name == Path(name).name
        assert name not in ("", ".", "..")
        assert len(name.encode("utf-8")) <= LONGEST
        written = io.StringIO(newline="")
        csv.writer(written).writerow([name])
        assert next(csv.reader([written.getvalue().rstrip("\r\n")])) == [name]


def test_a_name_that_will_do_is_kept():
    assert distinct(["a/daria_walk.avi", "片段 1.mp4", ".x"]) == [
        "daria_walk.avi",
        "片段 1.mp4",
        ".x",
    ]


def test_names_that_are_alike_are_told_apart_in_any_order():
    paths = ["a/v.mp4", "b/v.mp4", "b/w.mp4"]
    there, back = distinct(paths), distinct(paths[::-1])[::-1]
    assert there == back
    assert there[2] == "w.mp4"
    assert there[0] != there[1]
    assert all(name.startswith("v-") and name.endswith(".mp4") for name in there[:2])


@given(st.lists(st.text("abcV.-/ é", min_size=1), unique=True, max_size=8))
def test_videos_that_are_added_rename_none_that_they_are_not_alike_to(more: list[str]):
    few = ["a/one.mp4", "b/one.mp4", "two.mp4"]
    assert distinct([*few, *more])[:3] == distinct(few)


def test_a_disk_that_is_full_is_told_with_the_file():
    def write():
        with named(Path("/dev/full")), Path("/dev/full").open("wb") as file:
            file.write(b"x" * 100_000)

    full = "/dev/full: cannot be written: No space left on device"
    with pytest.raises(UnwritableError, match=full):
        write()


@given(st.text(alphabet="ab./\\ é", max_size=12))
def test_a_manifests_path_stays_in_its_folder_or_is_refused(path):
    folder = Path("/data/raw")
    try:
        found = inside(folder, path)
    except UserError:
        return
    assert os.path.commonpath([folder, os.path.normpath(found)]) == str(folder)


@pytest.mark.parametrize("path", ["", "..", "../x", "a/../../x", "/etc/passwd", "a/.."])
def test_a_path_that_leads_out_is_refused(path):
    with pytest.raises(UserError, match="expected a path below this folder"):
        inside(Path("videos"), path)


@pytest.mark.parametrize("path", ["x.mp4", "walk/ira.avi", "..x.mp4", "片段 é.mkv"])
def test_a_path_below_is_taken_as_it_stands(path):
    assert inside(Path("videos"), path) == Path("videos") / path
