import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from support import footage
from support import hostile_files as hostile

from vidpipe.data import npz
from vidpipe.data.npz import Stream, read_npz, write_npz
from vidpipe.utils.errors import UserError

DTYPES = (
    arrays_of.boolean_dtypes()
    | arrays_of.integer_dtypes()
    | arrays_of.unsigned_integer_dtypes()
    | arrays_of.floating_dtypes()
    | arrays_of.complex_number_dtypes()
    | arrays_of.unicode_string_dtypes(min_len=1)
    | arrays_of.byte_string_dtypes(min_len=1)
)
ARRAYS = arrays_of.arrays(DTYPES, arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("npz")


@given(named=st.dictionaries(st.sampled_from(["frames", "pairs", "fps"]), ARRAYS))
def test_plain_numpy_loads_what_was_written(scratch: Path, named: dict[str, np.ndarray]):
    path = scratch / "a.npz"
    write_npz(path, named)
    with np.load(path, allow_pickle=False) as archive:
        assert archive.files == list(named)
        for name, array in named.items():
            np.testing.assert_array_equal(archive[name], array)
            assert (archive[name].dtype, archive[name].shape) == (array.dtype, array.shape)
    assert list(read_npz(path)) == list(named)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(3, 4).T,
        np.asfortranarray(np.arange(12).reshape(3, 4)),
        np.arange(12)[::-3],
        np.array(7.5),
        np.array(["2020-01-01"], "datetime64[D]"),
        np.zeros((3, 0)),
        np.zeros((0, 3)),
    ],
    ids=["transposed", "Fortran", "strided", "no axis", "dates", "no columns", "no rows"],
)
def test_unusual_arrays_come_back_too(tmp_path: Path, array: np.ndarray):
    write_npz(tmp_path / "a.npz", {"a": array})
    back = read_npz(tmp_path / "a.npz")["a"]
    np.testing.assert_array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)


def test_arrays_longer_than_a_chunk_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(npz, "CHUNK", 1000)
    rng = np.random.default_rng(0)
    named = {"small": rng.integers(0, 9, (700, 3)), "wide": rng.integers(0, 9, (3, 5000))}
    write_npz(tmp_path / "a.npz", named)
    back = read_npz(tmp_path / "a.npz")
    assert all((back[name] == named[name]).all() for name in named)


def memmap(path: Path, shape: tuple[int, ...]) -> np.memmap:
    mapped = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    mapped[:] = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    mapped.flush()
    return np.load(path, mmap_mode="r")


def test_a_memory_mapped_array_is_written_as_any_other(tmp_path: Path):
    mapped = memmap(tmp_path / "m.npy", (50, 4, 4, 3))
    write_npz(tmp_path / "mapped.npz", {"a": mapped})
    write_npz(tmp_path / "array.npz", {"a": np.array(mapped)})
    assert (tmp_path / "mapped.npz").read_bytes() == (tmp_path / "array.npz").read_bytes()


def test_memory_stays_flat_while_a_mapped_array_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(npz, "CHUNK", 2**15)
    mapped = memmap(tmp_path / "m.npy", (1000, 64, 64))
    tracemalloc.start()
    write_npz(tmp_path / "a.npz", {"a": mapped})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < mapped.nbytes / 4


def test_the_bytes_depend_on_neither_place_nor_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    named = {"frames": np.arange(5000, dtype=np.uint8), "split": np.full(9, "seen", "U8")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_npz(tmp_path / "a.npz", named)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_npz(elsewhere / "b.npz", named)
    assert (tmp_path / "a.npz").read_bytes() == (elsewhere / "b.npz").read_bytes()


def test_arrays_are_compressed(tmp_path: Path):
    write_npz(tmp_path / "a.npz", {"a": np.zeros(100_000, np.uint8)})
    assert (tmp_path / "a.npz").stat().st_size < 5000
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert archive.testzip() is None


def streamed(array: np.ndarray, step: int, stored: bool) -> Stream:
    def parts() -> Iterator[np.ndarray]:
        yield from (array[start : start + step] for start in range(0, len(array), step))

    return Stream(array.shape, array.dtype, parts, stored)


@given(array=ARRAYS, step=st.integers(1, 9))
def test_a_stored_stream_is_read_back_as_the_compressed_array_is(
    scratch: Path, array: np.ndarray, step: int
):
    written = {"before": np.arange(5), "frames": streamed(array, step, stored=True)}
    write_npz(scratch / "stored.npz", {**written, "after": np.arange(3)})
    write_npz(scratch / "array.npz", {"frames": array})
    mapped = read_npz(scratch / "stored.npz")
    np.testing.assert_array_equal(mapped["frames"], read_npz(scratch / "array.npz")["frames"])
    assert (mapped["frames"].dtype, mapped["frames"].shape) == (array.dtype, array.shape)
    assert mapped["after"].tolist() == [0, 1, 2]
    with np.load(scratch / "stored.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["frames"], array)


@pytest.mark.parametrize("stored", [True, False])
def test_the_bytes_of_a_stream_do_not_depend_on_place(tmp_path: Path, stored: bool):
    array = np.arange(9000, dtype=np.uint8).reshape(-1, 3)
    for name in ("a", "b"):
        write_npz(tmp_path / f"{name}.npz", {"frames": streamed(array, 700, stored)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_stored_frames_stay_on_disk_and_give_what_is_asked_for(tmp_path: Path):
    array = np.random.default_rng(0).integers(0, 256, (4000, 32, 32, 3), np.uint8)
    clips = np.array([[0, 1], [7, 8], [3998, 3999]], np.int32)
    path = tmp_path / "clips.npz"
    write_npz(path, {"frames": streamed(array, 100, stored=True), "clips": clips})
    tracemalloc.start()
    arrays = read_npz(path)
    some = arrays["frames"][arrays["clips"][[2, 0]]]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(some, array[clips[[2, 0]]])
    assert isinstance(arrays["frames"], np.memmap)
    assert not arrays["frames"].flags.writeable
    assert peak < array.nbytes / 20


def test_memory_stays_flat_while_a_stream_is_written(tmp_path: Path):
    def parts() -> Iterator[np.ndarray]:
        yield from (np.full((10, 64, 64), n % 256, np.uint8) for n in range(500))

    tracemalloc.start()
    stream = Stream((5000, 64, 64), np.dtype(np.uint8), parts, stored=True)
    write_npz(tmp_path / "a.npz", {"a": stream})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < stream.nbytes / 20


def not_there(path: Path) -> None:
    pass


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("not arrays")


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.arange(3))


def objects(path: Path) -> None:
    np.savez(path, a=np.array([{}], object))


def cut_off(path: Path) -> None:
    write_npz(path, {"a": np.arange(5000)})
    footage.cut_off(path, 0.7)


def open_header(path: Path) -> None:
    """An array whose header opens a bracket and never closes it."""
    header = b"{'descr': (\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)


def stored_but_short(path: Path) -> None:
    """An array that is said to be longer than its bytes."""
    short = streamed(np.arange(5000), 100, stored=True)
    write_npz(path, {"a": Stream((6000,), short.dtype, short.parts, stored=True)})


def too_long_to_count(path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000000,)}\n"
    data = b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header
    hostile.npz(path, {"a.npy": data})


def stored_nowhere(path: Path) -> None:
    """The directory says that a stored array begins behind the file's end."""
    write_npz(path, {"a": streamed(np.arange(5000), 100, stored=True)})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 42 : entry + 46] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)


TORN = [not_there, empty, text, one_array, objects, cut_off, open_header, stored_but_short]


@pytest.mark.parametrize("make", [*TORN, too_long_to_count, stored_nowhere])
def test_what_is_no_npz_of_plain_arrays_is_refused_by_name(tmp_path: Path, make):
    path = tmp_path / "a.npz"
    make(path)
    with pytest.raises(UserError, match=r"a\.npz: expected an npz of plain arrays.*`dvc checkout`"):
        read_npz(path)


@settings(max_examples=200, derandomize=True)
@given(data=st.data())
def test_flipped_bytes_of_an_npz_are_noticed_or_harmless(data: st.DataObject, scratch: Path):
    path = scratch / "flipped.npz"
    whole = {"frames": np.arange(300) % 7, "split": np.full(9, "seen", "U8")}
    write_npz(path, whole)
    broken = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(broken)
    refused = None
    try:
        read = read_npz(path)
    except UserError as error:
        refused = str(error)
    if refused is None:
        # The directory, which has no checksum, may lose or rename an array, but not its values.
        values = [array.tolist() for array in whole.values()]
        assert all(array.tolist() in values for array in read.values())
    else:
        assert str(path) in refused


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_hostile_npz_runs_nothing_and_writes_nothing(tmp_path: Path, compression: int):
    mark = tmp_path / "ran"
    array = hostile.npy(np.array([hostile.Bomb(mark)], dtype=object))
    header = array[: array.index(b"\n") + 1]
    inside = tmp_path / "inside"
    inside.mkdir()
    for members in (
        {"frames.npy": array},
        {"frames.npy": hostile.pickled(mark)},
        {"frames.npy": header.replace(b"'|O'", b"'<q'")},
        {"frames.npy": header.replace(b"(1,)", b"(-1,)")},
        {"frames.npy": header.replace(b"'|O'", b"exit()")},
    ):
        with pytest.raises(UserError, match="expected an npz of plain arrays"):
            read_npz(hostile.npz(inside / "x.npz", members, compression))
    numbers = hostile.npy(np.arange(3))
    climbing = {"../../ran.npy": numbers, "/ran.npy": numbers, "..\\ran.npy": numbers}
    read = read_npz(hostile.npz(inside / "x.npz", climbing, compression))
    assert all((array == [0, 1, 2]).all() for array in read.values())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.npz"]
