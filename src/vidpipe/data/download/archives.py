"""Zip, tar, rar, or a folder in place of one: their members, and what is in them."""

import posixpath
import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast, runtime_checkable

import rarfile

from vidpipe.utils.errors import UserError

# What is raised on bytes that are not what they should be, or are encrypted.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, tarfile.TarError, rarfile.Error, EOFError),
    *(UnicodeDecodeError, RuntimeError, NotImplementedError, OSError),
)
NO_HELPER = (
    "a rar is read with the help of another program, and none is there: install `unrar` or `unar` "
    "(`apt install unar`), or take the data set's zip"
)
CHUNK = 2**20  # bytes
# Kinds of entries of a tar that tell something of the next one.
LONG = {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"x", b"g", b"X"}


@dataclass(frozen=True)
class Member:
    """An entry of an archive.

    Attributes:
        path: Its name there, with `/` between parts.
        size: Bytes, as the archive declares them.
        kind: `file`, `folder`, `link` or `special`.
        target: Where a link leads, seen from the archive's root.
    """

    path: str
    size: int
    kind: str
    target: str = ""


@runtime_checkable
class Source(Protocol):
    """What bytes can be read from."""

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes; none at the end."""


Contents = Iterator[tuple[int, Source]]


@dataclass(frozen=True)
class Archive:
    """An archive's members, and a way to read some of them, by their numbers, in their order."""

    members: Sequence[Member]
    read: Callable[[Sequence[int]], Contents]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An archive, whichever kind its bytes are of.

    Raises:
        UserError: If it is none, or damaged, or a rar that takes a program which is not there.
    """
    try:
        with _opened(path) as archive:
            yield archive
    except UserError:
        raise
    except rarfile.RarCannotExec as error:
        raise UserError(f"{path}: {NO_HELPER}") from error
    except DAMAGE as error:
        raise UserError(f"{path}: the archive is damaged: {error}; fetch it again") from error


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    if path.is_dir():
        yield _folder(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield _zip(archive)
    elif rarfile.is_rarfile(path):
        with rarfile.RarFile(path) as archive:
            yield _rar(archive, path)
    else:
        with _tarfile(path) as archive:
            yield _tar(archive)


def _folder(root: Path) -> Archive:
    paths = sorted(path for path in root.rglob("*") if path.is_file())

    def read(chosen: Sequence[int]) -> Contents:
        for number in chosen:
            with paths[number].open("rb") as source:
                yield number, source

    members = [
        Member(path.relative_to(root).as_posix(), path.stat().st_size, "file") for path in paths
    ]
    return Archive(members, read)


def _zip(archive: zipfile.ZipFile) -> Archive:
    entries = archive.infolist()

    def member(entry: zipfile.ZipInfo) -> Member:
        mode = stat.S_IFMT(entry.external_attr >> 16)
        if entry.is_dir():
            return Member(entry.filename, 0, "folder")
        if mode == stat.S_IFLNK:
            to = archive.read(entry) if entry.file_size < 4096 else b"/"
            return Member(entry.filename, 0, "link", _seen(entry.filename, to.decode("utf-8")))
        kind = "file" if mode in (0, stat.S_IFREG) else "special"
        return Member(entry.filename, entry.file_size, kind)

    def read(chosen: Sequence[int]) -> Contents:
        for number in chosen:
            with archive.open(entries[number]) as source:
                yield number, source

    return Archive([member(entry) for entry in entries], read)


class _Header(tarfile.TarInfo):
    """One whose long names, and what else follows it, are not read at any length into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        header = super().frombuf(buf, encoding, errors)
        if header.type in LONG and header.size > CHUNK:
            raise tarfile.TarError(f"a name or comment of {header.size:,} bytes")
        return header


def _tarfile(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, tarinfo=_Header)
    except tarfile.ReadError as error:
        raise UserError(
            f"{path}: expected a zip, tar or rar, this is none, or a torn one"
        ) from error


def _tar(archive: tarfile.TarFile) -> Archive:
    entries = archive.getmembers()
    while archive.fileobj and archive.fileobj.read(CHUNK):
        pass  # to the checksum at the end of what compresses it: tar has none of its own

    def member(entry: tarfile.TarInfo) -> Member:
        if entry.issym():
            return Member(entry.name, 0, "link", _seen(entry.name, entry.linkname))
        if entry.islnk():
            return Member(entry.name, 0, "link", entry.linkname)
        kind = "file" if entry.isreg() else "folder" if entry.isdir() else "special"
        return Member(entry.name, entry.size, kind)

    def read(chosen: Sequence[int]) -> Contents:
        for number in chosen:
            with cast(IO[bytes], archive.extractfile(entries[number])) as source:
                yield number, source

    return Archive([member(entry) for entry in entries], read)


def _rar(archive: rarfile.RarFile, path: Path) -> Archive:
    entries = archive.infolist()

    def member(entry: rarfile.RarInfo) -> Member:
        if entry.is_symlink():
            to = entry.file_redir[2] if entry.file_redir else archive.read(entry).decode("utf-8")
            return Member(entry.filename, 0, "link", _seen(entry.filename, to))
        kind = "folder" if entry.is_dir() else "file" if entry.is_file() else "special"
        return Member(entry.filename, entry.file_size, kind)

    def read(chosen: Sequence[int]) -> Contents:
        for number in chosen:
            with archive.open(entries[number]) as source:
                yield number, source

    def read_solid(chosen: Sequence[int]) -> Contents:
        yield from _in_one_go(path, entries, set(chosen))

    solid = archive.is_solid() and any(entry.compress_type != rarfile.RAR_M0 for entry in entries)
    return Archive([member(entry) for entry in entries], read_solid if solid else read)


def _in_one_go(path: Path, entries: Sequence[rarfile.RarInfo], chosen: set[int]) -> Contents:
    """Files of a solid rar: each would take unpacking all before it, so all pass by once."""
    if not chosen:
        return
    command = rarfile.tool_setup().open_cmdline(None, str(path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as helper:
        assert helper.stdout is not None
        for number, entry in enumerate(entries):
            if not entry.is_file():
                continue
            source = _Passing(helper.stdout, entry)
            if number in chosen:
                yield number, source
            source.finish()
            if number == max(chosen):
                helper.kill()  # the rest is not wanted
                break


class _Passing:
    """One file of the stream in which a helper program writes all of them, checked by its CRC."""

    def __init__(self, stream: IO[bytes], entry: rarfile.RarInfo) -> None:
        self.stream, self.entry = stream, entry
        self.left, self.crc = entry.file_size, 0

    def read(self, count: int, /) -> bytes:
        data = self.stream.read(min(count, self.left))
        if not data and self.left:
            raise EOFError(f"{self.entry.filename} breaks off")
        self.left -= len(data)
        self.crc = zlib.crc32(data, self.crc)
        if not self.left and self.entry.CRC not in (None, self.crc):
            raise EOFError(f"{self.entry.filename} has another checksum")
        return data

    def finish(self) -> None:
        while self.left:
            self.read(CHUNK)


def _seen(link: str, target: str) -> str:
    """Where a link leads, seen from the archive's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
