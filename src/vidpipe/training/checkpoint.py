"""What it takes to go on with a training after a crash: a file of numbers, the last two of them.

A file is whole or not there, and holds nothing that could run. Its name holds the hash of its
bytes: one that was cut short, or changed, is passed over for the one before.
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
LAST = 2  # files that are kept
SHARE = 0.01  # most of the time of training that saving may take
LEAST = 0.05  # seconds that saving is taken to cost, so that it is not done all the time
NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.safetensors")
HISTORY, STATE, SHEET = "history", "state.", "sheet."
DAMAGE = (
    *(SafetensorError, ValueError, KeyError, TypeError, AttributeError),
    *(OverflowError, RecursionError),
)


@dataclass(frozen=True)
class Checkpoint:
    """A training at one of its reports.

    Attributes:
        state: Of the players; none before the first step.
        history: The reports so far.
        sheets: PNG by step.
    """

    state: Mapping[str, Tensor]
    history: Sequence[Report]
    sheets: Mapping[int, bytes]

    @property
    def step(self) -> int:
        """Updates made."""
        return self.history[-1].step if self.history else 0


NONE = Checkpoint({}, (), {})


class Checkpoints:
    """The last two of a training, in a folder that no other process writes to.

    What a file costs decides how often one is written, never what stands in it.

    Args:
        folder: Bound to the code, the parameters and the data of this training by whoever keeps it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.cost, self.saved = folder, 0.0, time.monotonic()

    def good(self) -> Iterator[Checkpoint]:
        """Those that are whole, newest first. Others go, or they would take the place of one."""
        for path, digest in self._files():
            try:
                checkpoint = _read(path, digest)
            except (*DAMAGE, OSError) as error:
                log.warning("%s is passed over: %s", path, error)
                if isinstance(error, DAMAGE):
                    path.unlink(missing_ok=True)
                continue
            yield checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint if the last one is long enough ago; a full disk stops nothing."""
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
        data = _bytes(checkpoint)
        partial = self.folder / "partial"
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        digest = hashlib.sha256(data).hexdigest()
        partial.replace(self.folder / f"{checkpoint.step:08d}-{digest}.safetensors")
        for path, _ in self._files()[LAST:]:
            path.unlink()

    def _files(self) -> list[tuple[Path, str]]:
        """Path and hash of each, newest first."""
        named = [(path, NAME.fullmatch(path.name)) for path in self.folder.iterdir()]
        return sorted(((path, match[2]) for path, match in named if match), reverse=True)


def _bytes(checkpoint: Checkpoint) -> bytes:
    tensors = {f"{STATE}{name}": value.contiguous() for name, value in checkpoint.state.items()}
    for step, png in checkpoint.sheets.items():
        tensors[f"{SHEET}{step}"] = torch.frombuffer(bytearray(png), dtype=torch.uint8)
    history = [[report.step, report.losses] for report in checkpoint.history]
    return save(tensors, {HISTORY: json.dumps(history)})


def _read(path: Path, digest: str) -> Checkpoint:
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError("its bytes are not those that were written")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        history = json.loads((file.metadata() or {})[HISTORY])
    return Checkpoint(
        {name.removeprefix(STATE): t for name, t in tensors.items() if name.startswith(STATE)},
        [
            Report(int(step), {str(k): float(v) for k, v in losses.items()})
            for step, losses in history
        ],
        {
            int(name.removeprefix(SHEET)): t.numpy().tobytes()
            for name, t in tensors.items()
            if name.startswith(SHEET)
        },
    )
