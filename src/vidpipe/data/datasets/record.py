"""Records that all data sets share: a video, and the folders to work in."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Video:
    """One video of a source.

    Attributes:
        path: The file.
        name: Name of the copy, with its suffix; no two of a source share a stem.
        label: Class of the video.
        group: Videos of one group share scene or person, and are never split apart.
        split: `train`, `test`, or empty where the set has no official lists.
        sha256: Expected hash of the file; None: unknown.
    """

    path: Path
    name: str
    label: str
    group: str
    split: str = ""
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Folders for a source to work in.

    Attributes:
        key: The source's block of `params.yaml`, for messages: `sources.clips.weizmann`.
        project: Folder that relative paths start from.
        folder: An empty folder for videos that are drawn or unpacked.
    """

    key: str
    project: Path
    folder: Path

    @property
    def homes(self) -> tuple[Path, ...]:
        """The project, and the one that a DVC experiment was started in, if it differs."""
        return (self.project, Path(os.environ.get("DVC_ROOT", self.project)))

    @property
    def downloads(self) -> Path:
        """Folder of downloads, shared by DVC experiments in copies of the project."""
        return self.homes[-1] / ".vidpipe" / "downloads"

    def find(self, path: str) -> Path | None:
        """Find a file or folder of the user; None: it does not exist."""
        paths = [home / Path(path).expanduser() for home in self.homes]
        return next((path for path in paths if path.exists()), None)
