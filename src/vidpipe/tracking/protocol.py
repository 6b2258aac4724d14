"""What training and evaluation tell about themselves, and the tracker that tells nobody."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8


@runtime_checkable
class Run(Protocol):
    """One row of a tracking server: one trained model."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers at a step; a run that goes on is not told twice what it knows."""

    def picture(self, key: str, picture: UInt8[np.ndarray, "h w c"], step: int) -> None:
        """Log a picture under a key that other runs share, so that they can be compared."""

    def files(self, folder: Path) -> None:
        """Log every file of a folder."""

    def warning(self, sign: str, step: int) -> None:
        """Mark a run that shows a sign of going wrong."""

    def weights(self, file: Path) -> None:
        """Say which weights came of this run, so that an evaluation finds it."""


@runtime_checkable
class Tracker(Protocol):
    """Opens runs."""

    def training(self, model: str, checkpoints: Path) -> AbstractContextManager[Run]:
        """Open the run of a training: the one noted beside its checkpoints, else a new one."""

    def evaluation(self, model: str, weights: Path) -> AbstractContextManager[Run]:
        """The run that trained these weights."""

    def data(self, stage: str) -> AbstractContextManager[Run]:
        """A new run that shows what a stage has brought to learn from."""


class NullTracker:
    """Opens runs that log nothing."""

    @contextmanager
    def training(self, model: str, checkpoints: Path) -> Iterator[Run]:
        """A run that logs nothing."""
        yield _NullRun()

    @contextmanager
    def evaluation(self, model: str, weights: Path) -> Iterator[Run]:
        """A run that logs nothing."""
        yield _NullRun()

    @contextmanager
    def data(self, stage: str) -> Iterator[Run]:
        """A run that logs nothing."""
        yield _NullRun()


class _NullRun:
    def metrics(self, values: Mapping[str, float], step: int) -> None: ...

    def picture(self, key: str, picture: UInt8[np.ndarray, "h w c"], step: int) -> None: ...

    def files(self, folder: Path) -> None: ...

    def warning(self, sign: str, step: int) -> None: ...

    def weights(self, file: Path) -> None: ...
