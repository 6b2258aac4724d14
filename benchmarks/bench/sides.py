"""Sides of a comparison: each in a process of its own, timed in turn.

A side's process does its work a few times, says that it is ready, and then waits: for a number of
seconds that it is to work for, again and again. While one works, all others wait.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidpipe.training.runtime import FEWER_THREADS, PORTABLE
from vidpipe.utils.errors import UserError

ROOT = Path(__file__).parents[2]
# What a shell, a cluster or another run may have set: each side chooses for itself.
CHOSEN = (*PORTABLE, *FEWER_THREADS, "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: As it is called in tables.
        module: Of `benchmarks.bench`, run as a program.
        arguments: Of that program.
    """

    name: str
    module: str
    arguments: tuple[str, ...]


def environment() -> dict[str, str]:
    """The environment of a program that the user starts: nothing is pinned in it.

    This Python's commands come first, and this package is found.
    """
    own = {name: value for name, value in os.environ.items() if name not in CHOSEN}
    added = {"PATH": [Path(sys.executable).parent], "PYTHONPATH": [ROOT, ROOT / "src"]}
    for name, places in added.items():
        own[name] = os.pathsep.join(filter(None, [*map(str, places), own.get(name, "")]))
    return own


def in_turn(sides: Sequence[Side], *, rounds: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Time sides: each in turn for some seconds, several times over.

    Returns:
        For each side, by its name: `rounds`, seconds for a unit of work in each; their `median`,
        `least` and `most`; `peak_mib`, the most memory that its process held; and what the side
        says of itself.

    Raises:
        UserError: If a side fails.
    """
    with ExitStack() as stack:
        started = {}
        facts = {}
        for side in sides:  # one by one: they warm up as they start
            started[side.name] = stack.enter_context(_Started(side))
            facts[side.name] = started[side.name].answer()
        took: dict[str, list[float]] = {side.name: [] for side in sides}
        for _ in range(rounds):
            for name, process in started.items():
                answer = process.ask(seconds)
                took[name].append(answer["seconds"])
                facts[name]["peak_mib"] = answer["peak_mib"]
    return {name: {**facts[name], **summary(times)} for name, times in took.items()}


def summary(times: Sequence[float]) -> dict[str, Any]:
    """Seconds of each round, with median, least and most; four digits are more than they hold."""
    rounded = [float(f"{one:.4g}") for one in times]
    return {
        "median": float(f"{statistics.median(rounded):.4g}"),
        "least": min(rounded),
        "most": max(rounded),
        "rounds": rounded,
    }


class _Started:
    """The process of a side."""

    def __init__(self, side: Side) -> None:
        self.side = side
        command = [sys.executable, "-m", f"benchmarks.bench.{side.module}", *side.arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> "_Started":
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()  # it ends where there is nothing more to read
        self.process.stdout.close()
        self.process.wait()

    def ask(self, seconds: float) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line that is an answer; libraries may print others."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise UserError(
            f"{self.side.name}: expected an answer of `{self.side.module} "
            f"{' '.join(self.side.arguments)}`, but it ended; what it said is above"
        )


def serve(
    work: Callable[[], object],
    *,
    units: int = 1,
    every: int = 1,
    warm_up: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Be a side: work when asked, until nobody asks any more.

    Args:
        work: Does its work once.
        units: Units of work in that, which times are divided by.
        every: Work so many times, or a multiple of it: calls may differ in turn.
        warm_up: Calls that come first, and are not timed.
        facts: What the side says of itself.
    """
    for _ in range(warm_up):
        work()
    each = 0.0
    _tell(**(facts or {}))
    for line in sys.stdin:
        # The first time, find out how long it takes.
        if not each:
            begun = time.perf_counter()
            for _ in range(every):
                work()
            each = (time.perf_counter() - begun) / every
        count = max(1, round(float(line) / each / every)) * every
        begun = time.perf_counter()
        for _ in range(count):
            work()
        took = (time.perf_counter() - begun) / count / units
        _tell(seconds=took, peak_mib=round(_peak_kib() / 1024))


def _peak_kib() -> int:
    """The most memory that this process has held.

    On Linux `ru_maxrss` will not do: it begins at what the process that started this one holds.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _tell(**answer: Any) -> None:
    """Answer the process that started this one."""
    print(json.dumps(answer), flush=True)  # noqa: T201
