"""What every source yields, and where it works."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Video:
    """One video that a source offers.

    Attributes:
        path: Where the file is now.
        name: What to call the copy, with its extension; no two of a source share a stem.
        label: What it shows.
        group: Videos of one group share scene or person, and are never split apart.
        split: `train`, `test`, or empty where the set has no official lists.
        sha256: What the file must hash to; None where nothing is known.
    """

    path: Path
    name: str
    label: str
    group: str
    split: str = ""
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a source works.

    Attributes:
        key: Its block of `params.yaml`, for messages: `sources.clips.weizmann`.
        project: What relative paths count from.
        folder: Empty; videos that are drawn or unpacked go here.
    """

    key: str
    project: Path
    folder: Path

    @property
    def homes(self) -> tuple[Path, ...]:
        """The project, and the one that a DVC experiment was started in, if it is another."""
        return (self.project, Path(os.environ.get("DVC_ROOT", self.project)))

    @property
    def downloads(self) -> Path:
        """Where what is downloaded stays: experiments in copies of the project share it."""
        return self.homes[-1] / ".vidpipe" / "downloads"

    def find(self, path: str) -> Path | None:
        """A file or folder of the user's, if it is there."""
        paths = [home / Path(path).expanduser() for home in self.homes]
        return next((path for path in paths if path.exists()), None)
