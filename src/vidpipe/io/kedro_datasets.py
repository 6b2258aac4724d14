"""Kedro datasets: files and folders that are written whole, or not at all."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from kedro.io import AbstractDataset

from vidpipe.data.npz import Stream, read_npz, write_npz
from vidpipe.evaluation.protocol import ScoresAndProtocol
from vidpipe.io import previews
from vidpipe.io.previews import HTMLPreview, TablePreview
from vidpipe.utils.atomic import move_folder, whole_file
from vidpipe.utils.errors import UserError

In = TypeVar("In")
Out = TypeVar("Out")


class _Local(AbstractDataset[In, Out]):
    """A file or folder on this machine.

    Args:
        filepath: Path, relative to the project.
        metadata: Hints for DVC, which `vidpipe dvc-yaml` reads, and for Kedro-Viz, which also calls
            `preview` of the classes below.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, object] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, object]:
        return {"filepath": str(self._filepath)}

    def _existing_path(self) -> Path:
        if not self._filepath.exists():
            raise UserError(f"{self._filepath}: not there yet; run `dvc repro` to make it")
        return self._filepath


class Folder(_Local[Path, Path]):
    """A folder. The node fills a scratch folder and returns its path; saving moves it."""

    def save(self, data: Path) -> None:
        move_folder(data, self._filepath)

    def load(self) -> Path:
        return self._existing_path()

    def preview(self) -> HTMLPreview:
        return previews.preview_folder(self._filepath)


class Npz(_Local[dict[str, np.ndarray | Stream], dict[str, np.ndarray]]):
    """Arrays by name. Memory-mapped and streamed arrays are written piece by piece."""

    def save(self, data: dict[str, np.ndarray | Stream]) -> None:
        with whole_file(self._filepath) as partial:
            write_npz(partial, data)

    def load(self) -> dict[str, np.ndarray]:
        return read_npz(self._existing_path())

    def preview(self) -> TablePreview:
        return previews.preview_npz(self._filepath)


class Table(_Local[pd.DataFrame, pd.DataFrame]):
    """A CSV file with a header. An empty field is an empty string.

    Args:
        filepath: Path, relative to the project.
        text: Columns that are strings even where they look like numbers, as the label `001`.
        metadata: Hints for DVC: `vidpipe dvc-yaml` reads them.
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
            self._existing_path(), keep_default_na=False, dtype=dict.fromkeys(self.text, str)
        )

    def preview(self) -> TablePreview:
        return previews.preview_csv(self._filepath)


class Picture(_Local[bytes, bytes]):
    """An image file, as bytes."""

    def save(self, data: bytes) -> None:
        with whole_file(self._filepath) as partial:
            partial.write_bytes(data)

    def load(self) -> bytes:
        return self._existing_path().read_bytes()

    def preview(self) -> HTMLPreview:
        return previews.preview_media(self._filepath)


class Page(_Local[str, str]):
    """An HTML file in UTF-8."""

    def save(self, data: str) -> None:
        with whole_file(self._filepath) as partial:
            partial.write_text(data, encoding="utf-8")

    def load(self) -> str:
        return self._existing_path().read_text(encoding="utf-8")


class Metrics(_Local[ScoresAndProtocol, ScoresAndProtocol]):
    """Metrics by name in a JSON file: finite, sorted, rounded to six significant digits.

    The protocol of an evaluation, which has texts too, follows the numbers.
    """

    def save(self, data: ScoresAndProtocol) -> None:
        numbers = {name: value for name, value in data.items() if not isinstance(value, dict)}
        blocks = {name: value for name, value in data.items() if isinstance(value, dict)}
        rounded = {name: _six_digits(name, numbers[name]) for name in sorted(numbers)}
        text = json.dumps(rounded | blocks, indent=2)
        with whole_file(self._filepath) as partial:
            partial.write_text(text + "\n", encoding="utf-8")

    def load(self) -> ScoresAndProtocol:
        metrics: ScoresAndProtocol = json.loads(self._existing_path().read_text(encoding="utf-8"))
        return metrics

    def preview(self) -> TablePreview:
        metrics = self.load() if self._exists() else {previews.MISSING: 0}
        rows = dict[str, object]()
        for name, value in metrics.items():
            inner = value.items() if isinstance(value, dict) else [("", value)]
            rows |= {f"{name}.{key}".rstrip("."): one for key, one in inner}
        return previews.preview_table(["metric", "value"], list(rows.items()))


def _six_digits(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"metric {name} is {value}, expected a finite number")
    return value if isinstance(value, int) else float(f"{value:.6g}")
