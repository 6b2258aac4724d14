"""Arrays to npz: fast, deterministic, opened by plain `numpy.load`."""

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from isal import isal_zlib
from numpy.lib import format as npy

from vidpipe.utils.errors import UserError

# What numpy and zipfile raise on bytes that are not what they should be.
DAMAGE = (
    *(OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, TypeError),
    *(zipfile.BadZipFile, zlib.error, SyntaxError, TokenError, MemoryError),
    *(struct.error, OverflowError),
)
CHUNK = 8 * 2**20  # bytes compressed at a time
BIG = 2**31 - 2**24  # bytes; beyond, the zip needs wider sizes, which Python 3.11.3 wrote otherwise
MEND = "`dvc checkout` brings it back, and so does its stage, run again"
LEVEL = 2  # of ISA-L; levels 0 to 2 give the same bytes on every processor


@dataclass(frozen=True)
class Stream:
    """An array that is never whole in memory.

    Attributes:
        shape: Of the array.
        dtype: Of its elements.
        parts: Its rows, in order and in parts of any length.
        stored: Write it uncompressed: `read_npz` then maps it from the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    parts: Callable[[], Iterable[np.ndarray]]
    stored: bool = False

    @property
    def nbytes(self) -> int:
        """Size of the whole array."""
        return math.prod(self.shape) * self.dtype.itemsize


def write_npz(path: Path, arrays: Mapping[str, np.ndarray | Stream]) -> None:
    """Write an npz with ISA-L's DEFLATE, part by part: memory-mapped arrays stay on disk.

    The bytes depend on names, order and values alone, and on which streams are stored.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = array if isinstance(array, Stream) else _stream(array)
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, like every entry
            entry.compress_type = zipfile.ZIP_STORED if stream.stored else zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=stream.nbytes > BIG) as member:
                if not stream.stored:
                    # zipfile has no public way to choose the compressor of a member.
                    member._compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)  # type: ignore[attr-defined]
                header = npy.header_data_from_array_1_0(np.empty(0, stream.dtype))
                npy.write_array_header_1_0(member, {**header, "shape": stream.shape})
                for part in stream.parts():
                    member.write(part.tobytes())


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz, without unpickling anything; those stored uncompressed are mapped.

    Raises:
        UserError: If the file is not a whole npz of plain arrays.
    """
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"{path}: expected an npz of plain arrays, this is none, or a torn one; {MEND}"
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {
                name: _map(path, file, entry)
                if entry.compress_type == zipfile.ZIP_STORED
                else _read(archive, name)
                for name, entry in zip(archive.files, archive.zip.infolist(), strict=True)
            }
    except DAMAGE as error:
        raise UserError(f"{path}: expected an npz of plain arrays: {error}; {MEND}") from error


def _read(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    array = archive[name]
    if not isinstance(array, np.ndarray):  # NumPy hands out the bytes of what is none
        raise ValueError(f"{name} is no array")
    return array


def _stream(array: np.ndarray) -> Stream:
    def parts() -> Iterator[np.ndarray]:
        rows = array if array.ndim else array[None]
        some = max(1, CHUNK // max(rows[:1].nbytes, 1))
        yield from (rows[start : start + some] for start in range(0, len(rows), some))

    return Stream(array.shape, array.dtype, parts)


def _map(path: Path, file: BinaryIO, entry: zipfile.ZipInfo) -> np.ndarray:
    """An uncompressed member, left on disk; its checksum is not looked at."""
    file.seek(entry.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    begun = file.seek(name + extra, os.SEEK_CUR)
    npy.read_magic(file)
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    length = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or file.tell() + length != begun + entry.file_size:
        raise ValueError(f"{entry.filename} is no plain array")
    if not length:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")
