"""One interface to zip, tar and rar archives, and to a folder in place of one."""

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

# Exceptions for damaged or encrypted archives.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, tarfile.TarError, rarfile.Error, EOFError),
    *(UnicodeDecodeError, RuntimeError, NotImplementedError, OSError),
)
NO_HELPER = (
    "a rar is read with the help of another program, and none is there: install `unrar` or `unar` "
    "(`apt install unar`), or take the data set's zip"
)
CHUNK = 2**20  # bytes
# Types of tar entries that describe the next one: long names and extended headers.
EXTENDED = {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"x", b"g", b"X"}


@dataclass(frozen=True)
class Member:
    """An entry of an archive.

    Attributes:
        path: Path in the archive, with `/` between parts.
        size: Declared size in bytes.
        kind: `file`, `folder`, `link` or `special`.
        target: Target of a link, relative to the archive's root.
    """

    path: str
    size: int
    kind: str
    target: str = ""


@runtime_checkable
class Source(Protocol):
    """A readable stream of bytes."""

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes; none at the end."""


Contents = Iterator[tuple[int, Source]]


@dataclass(frozen=True)
class Archive:
    """An open archive.

    Attributes:
        members: All entries.
        read: Yields number and stream of the members whose numbers, in order, it is given.
    """

    members: Sequence[Member]
    read: Callable[[Sequence[int]], Contents]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive of any kind, told by its content.

    Raises:
        UserError: If it is no archive, or damaged, or a rar that needs a program which is missing.
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
    # Test for zip and rar by their signatures; anything else must be a tar.
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

    def read(numbers: Sequence[int]) -> Contents:
        for number in numbers:
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
            # A link's content is its target; one too long for a path counts as leading out.
            link = archive.read(entry).decode("utf-8") if entry.file_size < 4096 else "/"
            return Member(entry.filename, 0, "link", _link_target(entry.filename, link))
        kind = "file" if mode in (0, stat.S_IFREG) else "special"
        return Member(entry.filename, entry.file_size, kind)

    def read(numbers: Sequence[int]) -> Contents:
        for number in numbers:
            with archive.open(entries[number]) as source:
                yield number, source

    return Archive([member(entry) for entry in entries], read)


class _Header(tarfile.TarInfo):
    """A header of a tar entry that refuses long names and comments, which are read into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # Called for every header, before its name or comment is read; newer Pythons skip `frombuf`.
        if self.type in EXTENDED and self.size > CHUNK:
            raise tarfile.TarError(f"a name or comment of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]  # typeshed lacks it


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
        pass  # to the end, where the compression has a checksum; tar itself has none

    def member(entry: tarfile.TarInfo) -> Member:
        if entry.issym():
            return Member(entry.name, 0, "link", _link_target(entry.name, entry.linkname))
        if entry.islnk():
            return Member(entry.name, 0, "link", entry.linkname)
        kind = "file" if entry.isreg() else "folder" if entry.isdir() else "special"
        return Member(entry.name, entry.size, kind)

    def read(numbers: Sequence[int]) -> Contents:
        for number in numbers:
            with cast(IO[bytes], archive.extractfile(entries[number])) as source:
                yield number, source

    return Archive([member(entry) for entry in entries], read)


def _rar(archive: rarfile.RarFile, path: Path) -> Archive:
    entries = archive.infolist()

    def member(entry: rarfile.RarInfo) -> Member:
        if entry.is_symlink():
            redirect = entry.file_redir
            link = redirect[2] if redirect else archive.read(entry).decode("utf-8")
            return Member(entry.filename, 0, "link", _link_target(entry.filename, link))
        kind = "folder" if entry.is_dir() else "file" if entry.is_file() else "special"
        return Member(entry.filename, entry.file_size, kind)

    def read(numbers: Sequence[int]) -> Contents:
        for number in numbers:
            with archive.open(entries[number]) as source:
                yield number, source

    def read_solid(numbers: Sequence[int]) -> Contents:
        yield from _read_solid(path, entries, set(numbers))

    # A solid rar compresses files together; stored ones (M0) can still be read one by one.
    solid = archive.is_solid() and any(entry.compress_type != rarfile.RAR_M0 for entry in entries)
    return Archive([member(entry) for entry in entries], read_solid if solid else read)


def _read_solid(path: Path, entries: Sequence[rarfile.RarInfo], numbers: set[int]) -> Contents:
    """Read files of a solid rar in one pass: unpacking one means unpacking all before it."""
    if not numbers:
        return
    # Run unrar (or unar) once for all files, and pick the chosen ones from its output.
    command = rarfile.tool_setup().open_cmdline(None, str(path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as helper:
        assert helper.stdout is not None
        for number, entry in enumerate(entries):
            if not entry.is_file():
                continue
            source = _StreamedFile(helper.stdout, entry)
            if number in numbers:
                yield number, source
            # Skip what the caller has not read, to reach the next file.
            source.finish()
            if number == max(numbers):
                helper.kill()  # the rest is not needed
                break


class _StreamedFile:
    """One file in the output of a program that writes all of them; its CRC is verified."""

    def __init__(self, stream: IO[bytes], entry: rarfile.RarInfo) -> None:
        self.stream = stream
        self.entry = entry
        self.left = entry.file_size
        self.crc = 0

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


def _link_target(link: str, target: str) -> str:
    """Resolve a link's target, relative to the archive's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
