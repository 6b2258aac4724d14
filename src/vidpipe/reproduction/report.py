"""Report of a comparison, as tables for a person and as JSON for a program."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import click
from pydantic import TypeAdapter

from vidpipe.reproduction.comparison import Metric, Output
from vidpipe.reproduction.guarantees import Platform

Level = Literal["bits", "tolerance"]
green = partial(click.style, fg="green")
red = partial(click.style, fg="red")


@dataclass(frozen=True)
class Builder:
    """The platform of a rebuild, and its packages that are not those of the revision's lock."""

    machine: Platform
    packages: list[str]


@dataclass(frozen=True)
class Report:
    """All that was compared.

    Attributes:
        revision: Name that the user gave.
        commit: Its hash.
        builder: Platform of the rebuild; None if all was pulled.
        level: Level at which recorded and rebuilt must agree.
        outputs: Of every stage.
        metrics: Of every stage.
        mismatches: By stage, what was recorded of its inputs and is not so in the revision.
        seconds: From start to end.
    """

    revision: str
    commit: str
    builder: Builder | None
    level: Level
    outputs: list[Output]
    metrics: list[Metric]
    mismatches: Mapping[str, list[str]]
    seconds: float

    @property
    def how(self) -> str:
        """Origin of what was compared with the record."""
        return "rebuilt" if self.builder else "pulled"

    def accepts(self, output: Output) -> bool:
        """Return True if an output is as the level asks and was recorded of the right inputs."""
        enough = output.same or (self.level == "tolerance" and bool(output.rebuilt))
        return enough and output.stage not in self.mismatches

    @property
    def agrees(self) -> bool:
        """Every output, metric and input agrees."""
        outputs = all(self.accepts(output) for output in self.outputs)
        return outputs and all(metric.agrees for metric in self.metrics) and not self.mismatches

    def table(self) -> Iterator[str]:
        """Yield lines for a terminal."""
        yield f"{self.revision} ({self.commit[:12]}), {self.how}; level: {self.level}"
        if self.builder:
            yield f"Made on: {self.builder.machine}"
            yield from (red(f"package {line}") for line in self.builder.packages)
        yield from self._outputs()
        yield from self._metrics()
        yield ""
        for stage, lines in self.mismatches.items():
            yield from (red(f"{stage}, {line}") for line in lines)
        yield self._verdict()

    def _outputs(self) -> Iterator[str]:
        width = max([len(output.path) for output in self.outputs], default=0)
        yield f"\n{'output':{width}}  {'recorded md5':36}  {self.how} md5"
        for output in self.outputs:
            # Equal bytes prove nothing where they were recorded of other inputs.
            text = "same" if output.same else "differs" if output.rebuilt else "missing"
            if output.stage in self.mismatches:
                text += ", recorded of other inputs"
            mark = green(text) if self.accepts(output) else red(text)
            yield f"{output.path:{width}}  {output.recorded:36}  {output.rebuilt:36}  {mark}"

    def _metrics(self) -> Iterator[str]:
        if not self.metrics:
            return
        width = max(len(f"{metric.file} {metric.name}") for metric in self.metrics)
        heads = ("recorded", self.how, "difference", "tolerance")
        yield f"\n{'metric':{width}}" + "".join(f"{head:>13}" for head in heads)
        for metric in self.metrics:
            numbers = (metric.recorded, metric.rebuilt, metric.difference, metric.tolerance)
            cells = "".join(f"{'-' if n is None else format(n, '.6g'):>13}" for n in numbers)
            mark = green("agrees") if metric.agrees else red("differs")
            yield f"{metric.file + ' ' + metric.name:{width}}{cells}  {mark}"

    def _verdict(self) -> str:
        same = sum(output.same for output in self.outputs)
        counts = f"{same} of {len(self.outputs)} outputs are the same bytes"
        if self.metrics:
            agreeing = sum(metric.agrees for metric in self.metrics)
            counts += f", {agreeing} of {len(self.metrics)} metrics agree"
        minutes, seconds = divmod(round(self.seconds), 60)
        duration = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        ending = f"at the level {self.level}, after {duration}: {counts}"
        if self.agrees:
            return green(f"{self.revision} is reproduced {ending}")
        return red(f"{self.revision} is NOT reproduced {ending}")

    def json(self) -> str:
        """Return the same for a program."""
        # `maker` and `strays` are the names of the format.
        report: dict[str, Any] = {
            "revision": self.revision,
            "commit": self.commit,
            "level": self.level,
            "how": self.how,
            "agrees": self.agrees,
            "seconds": round(self.seconds, 1),
            "maker": self.builder and asdict(self.builder),
            "outputs": [asdict(output) | {"same": output.same} for output in self.outputs],
            "metrics": [
                asdict(metric) | {"difference": metric.difference, "agrees": metric.agrees}
                for metric in self.metrics
            ],
            "strays": self.mismatches,
        }
        return TypeAdapter(Any).dump_json(report, indent=2).decode() + "\n"
