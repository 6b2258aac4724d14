"""What every source yields."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Video:
    """One video that a source offers.

    Attributes:
        path: Where the file is now.
        name: What to call the copy, with its extension.
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
