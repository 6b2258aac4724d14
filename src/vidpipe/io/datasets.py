"""Files and folders as the nodes see them."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from kedro.io import AbstractDataset

from vidpipe.data.npz import Stream, read_npz, write_npz
from vidpipe.utils.atomic import move_folder, whole_file
from vidpipe.utils.errors import UserError

In = TypeVar("In")
Out = TypeVar("Out")


class _Local(AbstractDataset[In, Out]):
    """Something at a path of this machine."""

    def __init__(self, *, filepath: str, metadata: dict[str, object] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, object]:
        return {"filepath": str(self._filepath)}

    def _found(self) -> Path:
        if not self._filepath.exists():
            raise UserError(f"{self._filepath}: not there yet; run `dvc repro` to make it")
        return self._filepath


class Folder(_Local[Path, Path]):
    """A folder. A node fills one in scratch and returns its path; it is moved into place."""

    def save(self, data: Path) -> None:
        move_folder(data, self._filepath)

    def load(self) -> Path:
        return self._found()


class Npz(_Local[dict[str, np.ndarray | Stream], dict[str, np.ndarray]]):
    """Named arrays; what is memory-mapped or streamed is written without being read whole."""

    def save(self, data: dict[str, np.ndarray | Stream]) -> None:
        with whole_file(self._filepath) as partial:
            write_npz(partial, data)

    def load(self) -> dict[str, np.ndarray]:
        return read_npz(self._found())


class Table(_Local[pd.DataFrame, pd.DataFrame]):
    """A CSV with a header; an empty field is an empty text.

    Args:
        filepath: Of the file.
        text: Columns that are text even where they look like numbers: a label of `001`.
        metadata: Hints for DVC.
    """

    def __init__(
        self,
        *,
        filepath: str,
        text: Sequence[str] = (),
        metadata: dict[str, object] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self.text = text

    def save(self, data: pd.DataFrame) -> None:
        with whole_file(self._filepath) as partial:
            data.to_csv(partial, index=False, lineterminator="\n")

    def load(self) -> pd.DataFrame:
        return pd.read_csv(
            self._found(), keep_default_na=False, dtype=dict.fromkeys(self.text, str)
        )


class Picture(_Local[bytes, bytes]):
    """An image file."""

    def save(self, data: bytes) -> None:
        with whole_file(self._filepath) as partial:
            partial.write_bytes(data)

    def load(self) -> bytes:
        return self._found().read_bytes()


class Metrics(_Local[dict[str, float], dict[str, float]]):
    """Numbers by name: flat, sorted, finite, six significant digits."""

    def save(self, data: dict[str, float]) -> None:
        for name, value in data.items():
            if not math.isfinite(value):
                raise ValueError(f"metric {name} is {value}, expected a finite number")
        rounded = {name: _six_digits(value) for name, value in sorted(data.items())}
        with whole_file(self._filepath) as partial:
            partial.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")

    def load(self) -> dict[str, float]:
        metrics: dict[str, float] = json.loads(self._found().read_text(encoding="utf-8"))
        return metrics


def _six_digits(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.6g}")
