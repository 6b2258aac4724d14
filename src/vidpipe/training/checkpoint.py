"""Checkpoints from which a training resumes after a crash, each a safetensors file.

A file appears complete or not at all, and contains nothing that could be executed. Its name
contains the hash of its bytes: one that was cut short or changed is skipped for the one before.
"""

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vidpipe.training.loop import Report

log = logging.getLogger(__name__)
FILES = 2
SHARE = 0.01  # of the time of training that saving may take
LEAST = 0.05  # seconds that saving is assumed to take at least: so one checkpoint in 5 s at most
NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.safetensors")
HISTORY = "history"  # key of the file's metadata
STATE = "state."  # prefix of tensors
SHEET = "sheet."  # prefix of PNG bytes, before the step
DAMAGE = (  # what reading a damaged or hostile file may raise
    SafetensorError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training at one of its reports.

    Attributes:
        state: Weights, moments and averages of the networks by name; empty before the first step.
        history: The reports so far.
        sheets: Sample sheets so far, as PNG by step.
    """

    state: Mapping[str, Tensor]
    history: Sequence[Report]
    sheets: Mapping[int, bytes]

    @property
    def step(self) -> int:
        """Number of updates so far."""
        return self.history[-1].step if self.history else 0


NONE = Checkpoint({}, (), {})


class Checkpoints:
    """The last two checkpoints of a training, in a folder that no other process writes to.

    The time that saving takes decides how often a file is written, never its content.

    Args:
        folder: For a training with this code, these parameters and these data; created if needed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cost = 0.0  # seconds that the last save took
        self.saved = time.monotonic()

    def good(self) -> Iterator[Checkpoint]:
        """Yield the intact checkpoints, newest first; remove damaged ones, which count as files."""
        for path, digest in self._files():
            # A file that cannot be read now may be read later; one that is damaged never.
            try:
                checkpoint = _read(path, digest)
            except (*DAMAGE, OSError) as error:
                log.warning("%s is passed over: %s", path, error)
                if isinstance(error, DAMAGE):
                    path.unlink(missing_ok=True)
                continue
            yield checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint if the last is long enough ago; warn if the disk is full."""
        # Saving may take a hundredth of the time: a slow disk costs freshness, not speed.
        begun = time.monotonic()
        if begun - self.saved < max(self.cost, LEAST) / SHARE:
            return
        try:
            self._write(checkpoint)
        except OSError as error:
            log.warning("no checkpoint at step %d: %s", checkpoint.step, error)
        self.saved = time.monotonic()
        self.cost = self.saved - begun

    def _write(self, checkpoint: Checkpoint) -> None:
        # Write beside, flush to disk, then rename: a crash leaves no file with a valid name.
        data = _bytes(checkpoint)
        partial = self.folder / "partial"
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        digest = hashlib.sha256(data).hexdigest()
        partial.replace(self.folder / f"{checkpoint.step:08d}-{digest}.safetensors")

        # Older ones go only once the new one is in its place.
        for path, _ in self._files()[FILES:]:
            path.unlink()

    def _files(self) -> list[tuple[Path, str]]:
        """Return path and hash of each checkpoint, newest first."""
        matches = [(path, NAME.fullmatch(path.name)) for path in self.folder.iterdir()]
        return sorted(((path, match[2]) for path, match in matches if match), reverse=True)


def _bytes(checkpoint: Checkpoint) -> bytes:
    """Serialize: state and sheets as tensors, the history as JSON in the metadata."""
    # One safetensors file: nothing in it can run when it is read.
    tensors = {f"{STATE}{name}": value.contiguous() for name, value in checkpoint.state.items()}
    for step, png in checkpoint.sheets.items():
        tensors[f"{SHEET}{step}"] = torch.frombuffer(bytearray(png), dtype=torch.uint8)
    history = [[report.step, report.values] for report in checkpoint.history]
    return save(tensors, {HISTORY: json.dumps(history)})


def _read(path: Path, digest: str) -> Checkpoint:
    """Read a checkpoint; raise one of DAMAGE if its bytes are not those of the hash."""
    # The name holds the hash: a file that was cut short, or changed, is found out here.
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError("its bytes are not those that were written")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        history = json.loads((file.metadata() or {})[HISTORY])
    state = {name: value for name, value in tensors.items() if name.startswith(STATE)}
    sheets = {name: value for name, value in tensors.items() if name.startswith(SHEET)}
    return Checkpoint(
        state={name.removeprefix(STATE): value for name, value in state.items()},
        history=[
            Report(int(step), {str(key): float(value) for key, value in values.items()})
            for step, values in history
        ],
        sheets={
            int(name.removeprefix(SHEET)): png.numpy().tobytes() for name, png in sheets.items()
        },
    )
