"""Bring a source's videos under `data/01_raw`, checked, with a manifest of what each file is."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from vidpipe.data.sources.record import Video
from vidpipe.data.video import decode, probe
from vidpipe.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the manifest; numbers as a player would show them.

    Attributes:
        status: `ok`, `damaged` (fewer frames decode than the file announces) or `broken`.
        reason: Why it is not `ok`.
    """

    path: str
    bytes: int
    sha256: str
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    seconds: float = 0.0
    label: str
    group: str
    split: str
    status: str = "ok"
    reason: str = ""


def collect(videos: Iterable[Video], folder: Path) -> list[Entry]:
    """Copy videos into an empty folder and look into each.

    Raises:
        UserError: If a file is missing, or is not the one whose hash was written down.
    """
    entries = []
    for video in videos:
        copy = folder / video.name
        if copy.exists():
            raise UserError(f"{video.path}: a second video called {video.name}")
        if not video.path.is_file():
            raise UserError(f"{video.path}: expected a video, found no such file")
        shutil.copyfile(video.path, copy)
        digest = sha256(copy)
        if video.sha256 not in (None, digest):
            raise UserError(
                f"{video.path}: expected the file with sha256 {video.sha256[:12]}..., got "
                f"{digest[:12]}...: it has changed; take it up again with `vidpipe use`"
            )
        entries.append(_inspect(video, copy, digest))
    return entries


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inspect(video: Video, copy: Path, digest: str) -> Entry:
    known = Entry(
        path=video.name,
        bytes=copy.stat().st_size,
        sha256=digest,
        label=video.label,
        group=video.group,
        split=video.split,
    )
    try:
        seen = probe(copy)
    except UserError as error:
        return replace(known, status="broken", reason=str(error).replace(f"{copy.parent}/", ""))
    decoded = sum(1 for _ in decode(copy))
    damage = seen.announced > decoded
    return replace(
        known,
        codec=seen.codec,
        width=seen.width,
        height=seen.height,
        fps=round(seen.fps, 3),
        frames=decoded,
        seconds=round(decoded / seen.fps, 3),
        status="damaged" if damage else "ok",
        reason=f"{decoded} of {seen.announced} frames decode" if damage else "",
    )
