"""Write and read npz files: fast, deterministic, readable by plain `numpy.load`."""

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

# Exceptions of NumPy and zipfile for damaged files.
DAMAGE = (
    *(OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, TypeError),
    *(zipfile.BadZipFile, zlib.error, SyntaxError, TokenError, MemoryError),
    *(struct.error, OverflowError),
)
CHUNK = 8 * 2**20  # bytes compressed at a time
ZIP64_SIZE = 2**31 - 2**24  # bytes; ZIP64 only beyond, for Python 3.11.3 wrote it differently
REMEDY = "`dvc checkout` brings it back, and so does its stage, run again"
LEVEL = 2  # compression level of ISA-L; 0 to 2 give the same bytes on every processor


@dataclass(frozen=True)
class Stream:
    """An array that is written part by part, and is never whole in memory.

    Attributes:
        shape: Shape of the array.
        dtype: Type of its elements.
        parts: Yields its rows in order, in parts of any length.
        stored: Write it uncompressed, so that `read_npz` can memory-map it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    parts: Callable[[], Iterable[np.ndarray]]
    stored: bool = False

    @property
    def nbytes(self) -> int:
        """Size of the whole array, uncompressed."""
        return math.prod(self.shape) * self.dtype.itemsize


def write_npz(path: Path, arrays: Mapping[str, np.ndarray | Stream]) -> None:
    """Write an npz part by part with ISA-L's DEFLATE; memory-mapped arrays stay on disk.

    The bytes depend only on names, order, values, and which streams are stored.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = array if isinstance(array, Stream) else _stream(array)
            # An entry without a date counts as of 1980, so equal arrays give equal bytes.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_STORED if stream.stored else zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=stream.nbytes > ZIP64_SIZE) as member:
                if not stream.stored:
                    # zipfile has no public way to choose the compressor of a member.
                    member._compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)  # type: ignore[attr-defined]
                # The npy header, then the rows.
                header = npy.header_data_from_array_1_0(np.empty(0, stream.dtype))
                npy.write_array_header_1_0(member, {**header, "shape": stream.shape})
                for part in stream.parts():
                    member.write(part.tobytes())


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz without pickle; memory-map those stored uncompressed.

    Raises:
        UserError: If the file is not a whole npz of plain arrays.
    """
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"{path}: expected an npz of plain arrays, this is none, or a torn one; {REMEDY}"
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
        raise UserError(f"{path}: expected an npz of plain arrays: {error}; {REMEDY}") from error


def _read(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    array = archive[name]
    if not isinstance(array, np.ndarray):  # NumPy returns the bytes of any other member
        raise ValueError(f"{name} is no array")
    return array


def _stream(array: np.ndarray) -> Stream:
    def parts() -> Iterator[np.ndarray]:
        rows = array if array.ndim else array[None]
        step = max(1, CHUNK // max(rows[:1].nbytes, 1))
        yield from (rows[start : start + step] for start in range(0, len(rows), step))

    return Stream(array.shape, array.dtype, parts)


def _map(path: Path, file: BinaryIO, entry: zipfile.ZipInfo) -> np.ndarray:
    """Memory-map an uncompressed member; its checksum is not verified."""
    # Skip the local file header of the zip, whose last fields are of variable length.
    file.seek(entry.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", file.read(4))
    start = file.seek(name_length + extra_length, os.SEEK_CUR)
    # Read the npy header, and check that the rest of the member is the array.
    npy.read_magic(file)
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    size = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or file.tell() + size != start + entry.file_size:
        raise ValueError(f"{entry.filename} is no plain array")
    if not size:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")
