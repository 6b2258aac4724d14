"""Report of a comparison, as tables for a person and as JSON for a program."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import click
from pydantic import TypeAdapter

from vidpipe.reproduction.comparison import Metric, Output
from vidpipe.reproduction.guarantees import Platform

Level = Literal["bits", "tolerance"]


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
            yield from (_styled(f"package {line}", good=False) for line in self.builder.packages)

        # Equal bytes of an output prove nothing where they were recorded of other inputs.
        width = max([len(output.path) for output in self.outputs], default=0)
        yield f"\n{'output':{width}}  {'recorded md5':36}  {self.how} md5"
        for output in self.outputs:
            text = "same" if output.same else "differs" if output.rebuilt else "missing"
            if output.stage in self.mismatches:
                text += ", recorded of other inputs"
            mark = _styled(text, good=self.accepts(output))
            yield f"{output.path:{width}}  {output.recorded:36}  {output.rebuilt:36}  {mark}"

        names = [f"{metric.file} {metric.name}" for metric in self.metrics]
        width = max(map(len, names), default=0)
        if names:
            heads = ("recorded", self.how, "difference", "tolerance")
            yield f"\n{'metric':{width}}" + "".join(f"{head:>13}" for head in heads)
        for name, metric in zip(names, self.metrics, strict=True):
            numbers = (metric.recorded, metric.rebuilt, metric.difference, metric.tolerance)
            cells = "".join(f"{'-' if n is None else format(n, '.6g'):>13}" for n in numbers)
            mark = _styled("agrees" if metric.agrees else "differs", good=metric.agrees)
            yield f"{name:{width}}{cells}  {mark}"

        yield ""
        for stage, lines in self.mismatches.items():
            yield from (_styled(f"{stage}, {line}", good=False) for line in lines)
        yield self._verdict()

    def _verdict(self) -> str:
        counts = f"{sum(output.same for output in self.outputs)} of {len(self.outputs)} outputs"
        counts += " are the same bytes"
        if self.metrics:
            agreeing = sum(metric.agrees for metric in self.metrics)
            counts += f", {agreeing} of {len(self.metrics)} metrics agree"
        minutes, seconds = divmod(round(self.seconds), 60)
        duration = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        verdict = "is reproduced" if self.agrees else "is NOT reproduced"
        ending = f"at the level {self.level}, after {duration}: {counts}"
        return _styled(f"{self.revision} {verdict} {ending}", good=self.agrees)

    def json(self) -> str:
        """Return the same for a program."""
        report = asdict(self) | {"how": self.how, "agrees": self.agrees}
        # `maker` and `strays` are the names of the format.
        report |= {"maker": report.pop("builder"), "strays": report.pop("mismatches")}
        return TypeAdapter(Any).dump_json(report, indent=2).decode() + "\n"


def _styled(text: str, *, good: bool) -> str:
    return click.style(text, fg="green" if good else "red")
