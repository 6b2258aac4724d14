"""What was found, as tables for a person and as JSON for a program."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import click
from pydantic import TypeAdapter

from vidpipe.reproduction.comparison import Comparison, Metric
from vidpipe.reproduction.promise import Machine


@dataclass(frozen=True)
class Maker:
    """Who rebuilt: a machine, and those of its packages that are not of the revision's lock."""

    machine: Machine
    packages: list[str]


@dataclass(frozen=True)
class Report:
    """A comparison, and how it came about.

    Attributes:
        revision: As the user named it.
        commit: Its hash.
        maker: Who rebuilt; None if all was pulled.
        comparison: What was found.
        seconds: From start to end.
    """

    revision: str
    commit: str
    maker: Maker | None
    comparison: Comparison
    seconds: float

    @property
    def how(self) -> str:
        """Where what was compared came from."""
        return "rebuilt" if self.maker else "pulled"

    def table(self) -> Iterator[str]:
        """Lines for a terminal."""
        yield f"{self.revision} ({self.commit[:12]}), {self.how}; level: {self.comparison.level}"
        if self.maker:
            yield f"Made on: {self.maker.machine}"
            yield from (_red(f"package {line}") for line in self.maker.packages)
        yield from self._outputs()
        yield from self._metrics()
        yield ""
        for stage, lines in self.comparison.strays.items():
            yield from (_red(f"{stage}, {line}") for line in lines)
        yield self._verdict()

    def _outputs(self) -> Iterator[str]:
        outputs = self.comparison.outputs
        wide = max([len(output.path) for output in outputs], default=0)
        yield f"\n{'output':{wide}}  {'recorded md5':36}  {self.how} md5"
        for output in outputs:
            kept = self.comparison.stands(output)
            said = "same" if output.same else "differs" if output.rebuilt else "missing"
            if output.stage in self.comparison.strays:
                said += ", recorded of other inputs"
            mark = _green(said) if kept else _red(said)
            yield f"{output.path:{wide}}  {output.recorded:36}  {output.rebuilt:36}  {mark}"

    def _metrics(self) -> Iterator[str]:
        metrics = self.comparison.metrics
        if not metrics:
            return
        wide = max(len(f"{metric.file} {metric.name}") for metric in metrics)
        heads = ("recorded", self.how, "difference", "tolerance")
        yield f"\n{'metric':{wide}}" + "".join(f"{head:>13}" for head in heads)
        for metric in metrics:
            numbers = (metric.recorded, metric.rebuilt, metric.difference, metric.tolerance)
            shown = "".join(f"{_shown(number):>13}" for number in numbers)
            mark = _green("agrees") if metric.agrees else _red("differs")
            yield f"{metric.file + ' ' + metric.name:{wide}}{shown}  {mark}"

    def _verdict(self) -> str:
        found = self.comparison
        same = sum(output.same for output in found.outputs)
        agree = sum(metric.agrees for metric in found.metrics)
        counts = [f"{same} of {len(found.outputs)} outputs are the same bytes"]
        if found.metrics:
            counts.append(f"{agree} of {len(found.metrics)} metrics agree")
        said = f"at the level {found.level}, after {_duration(self.seconds)}: {', '.join(counts)}"
        if found.agrees:
            return _green(f"{self.revision} is reproduced {said}")
        return _red(f"{self.revision} is NOT reproduced {said}")

    def json(self) -> str:
        """The same for a program."""
        found = self.comparison
        whole: dict[str, Any] = {
            "revision": self.revision,
            "commit": self.commit,
            "level": found.level,
            "how": self.how,
            "agrees": found.agrees,
            "seconds": round(self.seconds, 1),
            "maker": self.maker and asdict(self.maker),
            "outputs": [asdict(output) | {"same": output.same} for output in found.outputs],
            "metrics": [_row(metric) for metric in found.metrics],
            "strays": found.strays,
        }
        return TypeAdapter(Any).dump_json(whole, indent=2).decode() + "\n"


def _row(metric: Metric) -> dict[str, Any]:
    return asdict(metric) | {"difference": metric.difference, "agrees": metric.agrees}


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.6g}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _green(text: str) -> str:
    return click.style(text, fg="green")


def _red(text: str) -> str:
    return click.style(text, fg="red")
