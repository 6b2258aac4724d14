"""Only what is wanted comes out of an archive, and nothing of one that is hostile or damaged."""

import io
import shlex
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest
import rarfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support import archives as packed

from vidpipe.data.download.archives import Archive, Member
from vidpipe.data.download.unpack import unpack
from vidpipe.utils.errors import UserError

Make = Callable[[Path, Mapping[str, bytes]], Path]
KINDS = [packed.zipped, packed.tarred, packed.rarred]
FILES = {"set/a.avi": b"a" * 3000, "set/notes.txt": b"no video", "set/b c.avi": b"b" * 20}


def videos(path: str) -> bool:
    return path.endswith(".avi")


def taken(archive: Path, folder: Path, **options: int) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    files = unpack(archive, folder, videos, **options)
    assert {file for _, file in files} == set(folder.iterdir())
    return {path: file.read_bytes() for path, file in files}


@pytest.mark.parametrize("make", KINDS)
def test_the_files_that_are_wanted_come_out_and_no_others(make: Make, tmp_path: Path):
    archive = make(tmp_path / "x.bin", FILES)
    assert taken(archive, tmp_path / "out") == {k: v for k, v in FILES.items() if videos(k)}


def test_a_folder_stands_for_an_archive(tmp_path: Path):
    for name, data in FILES.items():
        path = tmp_path / "x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert taken(tmp_path / "x", tmp_path / "out", limit=10_000) == {
        k: v for k, v in FILES.items() if videos(k)
    }


@pytest.mark.parametrize("make", [packed.zipped, packed.tarred])
def test_names_of_any_kind_come_out_and_none_is_lost(make: Make, tmp_path: Path):
    names = ["a/v.avi", "b/v.avi", "b/V.avi", "片段.avi", "n" * 140 + ".avi", "a/ü ?*.avi"]
    archive = make(tmp_path / "x.bin", {name: name.encode() for name in names})
    assert taken(archive, tmp_path / "out") == {name: name.encode() for name in names}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    "name", ["../v.avi", "a/../../v.avi", "/v.avi", "..\\v.avi", "C:\\v.avi", "a/..", "\\v.avi"]
)
def test_a_path_that_leads_out_is_refused_with_all_the_archive(
    make: Make, name: str, tmp_path: Path
):
    archive = make(tmp_path / "x.bin", {"a.avi": b"fine", name: b"hostile"})
    if make is packed.rarred:  # that reads a backslash as a slash
        name = name.replace("\\", "/")
    with pytest.raises(UserError) as error:
        taken(archive, tmp_path / "out")
    assert str(archive) in str(error.value)
    assert f"{name!r} is refused: its path leads out" in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


LINKS = [
    lambda path, files: packed.zipped(path, files, packed.LINK),
    lambda path, files: packed.tarred(path, files, tarfile.SYMTYPE),
    lambda path, files: packed.rarred(path, files, packed.LINK),
]


@pytest.mark.parametrize("make", [*LINKS, lambda p, f: packed.tarred(p, f, tarfile.LNKTYPE)])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd"])
def test_a_link_that_leads_out_is_refused(make: Make, target: str, tmp_path: Path):
    with pytest.raises(UserError, match=r"a/v\.avi' is refused: it is a link that leads out"):
        taken(make(tmp_path / "x.bin", {"a/v.avi": target.encode()}), tmp_path / "out")


@pytest.mark.parametrize("make", LINKS)
def test_a_link_that_stays_inside_is_no_file(make: Make, tmp_path: Path):
    assert taken(make(tmp_path / "x.bin", {"a/v.avi": b"../w.avi"}), tmp_path / "out") == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda path, files: packed.zipped(path, files, packed.PIPE),
        lambda path, files: packed.tarred(path, files, tarfile.FIFOTYPE),
        lambda path, files: packed.tarred(path, files, tarfile.CHRTYPE),
    ],
)
def test_what_is_neither_file_nor_folder_is_refused(make: Make, tmp_path: Path):
    with pytest.raises(UserError, match="neither a file nor a folder"):
        taken(make(tmp_path / "x.bin", {"v.avi": b""}), tmp_path / "out")


@pytest.mark.parametrize("make", KINDS)
def test_a_bomb_is_refused_by_the_sizes_it_declares(make: Make, tmp_path: Path):
    archive = make(tmp_path / "x.bin", {"a.avi": bytes(60_000), "b.avi": bytes(60_000)})
    with pytest.raises(UserError, match=r"expected at most 100,000 bytes .* fill the disk"):
        taken(archive, tmp_path / "out", limit=100_000)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bomb_that_declares_less_than_it_holds_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    held = io.BytesIO(bytes(50_000_000))
    lying = Archive([Member("a.avi", 10, "file")], lambda _: iter([(0, held)]))
    monkeypatch.setattr("vidpipe.data.download.unpack.opened", lambda _: nullcontext(lying))
    (tmp_path / "x.zip").touch()
    with pytest.raises(UserError, match="expected at most 100 bytes"):
        taken(tmp_path / "x.zip", tmp_path / "out", limit=100)
    assert held.tell() < 5_000_000


@pytest.mark.parametrize("make", KINDS)
def test_a_damaged_archive_is_told(make: Make, tmp_path: Path):
    archive = make(tmp_path / "x.bin", {"v.avi": np.random.default_rng(0).bytes(9000)})
    data = bytearray(archive.read_bytes())
    data[5000] ^= 1
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"x\.bin: the archive is damaged"):
        taken(archive, tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"<html>Not found</html>", b"PK\x03\x04"])
def test_what_is_no_archive_is_told(data: bytes, tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UserError, match=r"x\.zip: "):
        taken(tmp_path / "x.zip", tmp_path / "out")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_any_bytes_are_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, make: Make, data: st.DataObject
):
    folder = tmp_path_factory.mktemp("flipped")
    archive = make(folder / "x.bin", FILES)
    held = bytearray(archive.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(held) - 1), max_size=4)):
        held[place] = data.draw(st.integers(0, 255))
    archive.write_bytes(held[: data.draw(st.integers(0, len(held)))])
    with suppress(UserError):
        taken(archive, folder / "out", limit=10_000)


@pytest.mark.usefixtures("small_files")
def test_a_disk_that_fills_up_is_told_with_the_file(tmp_path: Path):
    archive = packed.zipped(tmp_path / "x.zip", {"v.avi": bytes(300_000)})
    with pytest.raises(UserError, match=r"out/v\.avi: cannot be written: File too large"):
        taken(archive, tmp_path / "out")


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program in unrar's place: writes the files' bytes one after the other, as unrar does."""
    code = (
        "import pathlib, sys\n"
        "if sys.argv[1] == 'p':\n"
        "    sys.stdout.buffer.write(pathlib.Path(sys.argv[-1] + '.held').read_bytes())\n"
    )
    program = tmp_path / "unrar"  # by way of sh: Python's own path may hold a space
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", code])} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(rarfile, "UNRAR_TOOL", str(program))
    rarfile.tool_setup(force=True)
    yield program
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)


def solid(path: Path, files: Mapping[str, bytes]) -> Path:
    packed.rarred(path, files, method=packed.COMPRESSED, solid=True)
    path.with_name(f"{path.name}.held").write_bytes(b"".join(files.values()))
    return path


@pytest.mark.usefixtures("helper")
def test_a_solid_rar_is_read_in_one_go(tmp_path: Path):
    archive = solid(tmp_path / "x.rar", FILES | {"set/c.txt": b"-" * 500})
    assert taken(archive, tmp_path / "out") == {k: v for k, v in FILES.items() if videos(k)}


@pytest.mark.usefixtures("helper")
def test_a_solid_rar_without_anything_wanted_gives_nothing(tmp_path: Path):
    assert taken(solid(tmp_path / "x.rar", {"notes.txt": b"text"}), tmp_path / "out") == {}


@pytest.mark.usefixtures("helper")
@pytest.mark.parametrize("held", [b"", b"a" * 2999, b"a" * 2999 + b"b" + b"no video" + b"b" * 20])
def test_a_solid_rar_that_breaks_off_or_holds_other_bytes_is_damaged(tmp_path: Path, held: bytes):
    archive = solid(tmp_path / "x.rar", FILES)
    (tmp_path / "x.rar.held").write_bytes(held)
    with pytest.raises(UserError, match=r"x\.rar: the archive is damaged: set/a\.avi"):
        taken(archive, tmp_path / "out")


def test_a_missing_helper_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for tool in ("UNRAR", "UNAR", "SEVENZIP", "SEVENZIP2", "BSDTAR"):
        monkeypatch.setattr(rarfile, f"{tool}_TOOL", "/nowhere/tool")
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    for number, is_solid in enumerate((True, False)):
        archive = packed.rarred(
            tmp_path / f"{number}.rar", FILES, method=packed.COMPRESSED, solid=is_solid
        )
        with pytest.raises(UserError, match=r"rar: a rar is read with .*`apt install unar`"):
            taken(archive, tmp_path / f"out{number}")
