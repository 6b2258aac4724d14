"""Archives as tests want them: zips and tars with any entry, and rars."""

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

FILE, LINK, PIPE = stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO
STORED, COMPRESSED = 0x30, 0x33  # of a rar


def zipped(path: Path, files: Mapping[str, bytes], kind: int = FILE) -> Path:
    """A zip; entries of another kind than `FILE` hold where they lead."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (kind | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def tarred(path: Path, files: Mapping[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    """A gzipped tar; links hold where they lead."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname = data.decode()
            else:
                entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def rarred(
    path: Path, files: Mapping[str, bytes], kind: int = FILE, *, method: int = STORED, solid=False
) -> Path:
    """A rar of version 3; what is not `STORED` is only said to be compressed."""
    blocks = [b"Rar!\x1a\x07\x00", _block(0x73, 8 if solid else 0, bytes(6))]
    for name, data in files.items():
        title = name.encode()
        about = struct.pack(
            "<IIBIIBBHI",
            *(len(data), len(data), 3, zlib.crc32(data), 0x21 << 16, 29, method, len(title)),
            kind | 0o644,
        )
        blocks += [_block(0x74, 0x8000, about + title), data]
    blocks.append(_block(0x7B, 0x4000, b""))
    path.write_bytes(b"".join(blocks))
    return path


def _block(kind: int, flags: int, body: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, len(body) + 7) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
