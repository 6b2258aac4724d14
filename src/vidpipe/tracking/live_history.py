"""The history of a training while it runs: a file that grows, for `dvc plots` and editors.

It lies beside the results, in a folder that git ignores. The result has a history of its own.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from vidpipe.utils.atomic import whole_file

FOLDER = "plots/live"
# DVC complains of a folder that is not there: git holds it by this file, a table without rows.
PLACEHOLDER = f"{FOLDER}/nothing.csv"
COLUMNS = ("generator", "discriminator")  # losses that are drawn
SECONDS = 2.0  # between two writes, at least


@dataclass
class LiveHistory:
    """Rows of a training so far.

    Attributes:
        file: CSV file, always whole.
        rows: Numbers of each report.
        due: Time of the next write, by the monotonic clock.
    """

    file: Path
    rows: list[dict[str, float]] = field(default_factory=list)
    due: float = 0.0

    def add(self, values: Mapping[str, float], step: int) -> None:
        """Add a row, and write all if the last write was some time ago.

        Trainings without the losses that are drawn have no file: DVC would warn of each. A disk
        that cannot be written to is left to the training, which says what is wrong.
        """
        if not set(COLUMNS) <= values.keys():
            return
        self.rows.append({"step": step, **values})
        if time.monotonic() < self.due:
            return
        with suppress(OSError), whole_file(self.file) as partial:
            pd.DataFrame(self.rows).round(6).to_csv(partial, index=False)
        self.due = time.monotonic() + SECONDS

    def remove(self) -> None:
        """Remove the file: the training has ended well, and its result has all rows."""
        with suppress(OSError):
            self.file.unlink(missing_ok=True)
