"""Interface of experiment tracking, and a tracker that logs nothing."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8


@runtime_checkable
class Run(Protocol):
    """One run of a tracking server: one trained model."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers at a step; those that a resumed run has already are skipped."""

    def picture(self, key: str, picture: UInt8[np.ndarray, "h w c"], step: int) -> None:
        """Log a picture at a step, under a key by which runs can be compared."""

    def files(self, folder: Path) -> None:
        """Log every file of a folder."""

    def warning(self, sign: str, step: int) -> None:
        """Tag the run with a sign that training goes wrong, and the step it appeared at."""

    def weights(self, file: Path) -> None:
        """Tag the run with the hash of its weights, by which an evaluation finds it."""


@runtime_checkable
class Tracker(Protocol):
    """Opens runs, each closed at the end of its `with` block."""

    def training(self, model: str, checkpoints: Path) -> AbstractContextManager[Run]:
        """Open the run of a training: the one noted beside its checkpoints, else a new one."""

    def evaluation(self, model: str, weights: Path) -> AbstractContextManager[Run]:
        """Open the run that trained these weights, else a new one."""

    def data(self, stage: str) -> AbstractContextManager[Run]:
        """Open a new run about the data of a stage."""


class NullTracker:
    """Opens runs that log nothing."""

    def training(self, model: str, checkpoints: Path) -> AbstractContextManager[Run]:
        """Open a run that logs nothing."""
        return nullcontext(_NullRun())

    def evaluation(self, model: str, weights: Path) -> AbstractContextManager[Run]:
        """Open a run that logs nothing."""
        return nullcontext(_NullRun())

    def data(self, stage: str) -> AbstractContextManager[Run]:
        """Open a run that logs nothing."""
        return nullcontext(_NullRun())


class _NullRun:
    def metrics(self, values: Mapping[str, float], step: int) -> None: ...

    def picture(self, key: str, picture: UInt8[np.ndarray, "h w c"], step: int) -> None: ...

    def files(self, folder: Path) -> None: ...

    def warning(self, sign: str, step: int) -> None: ...

    def weights(self, file: Path) -> None: ...
