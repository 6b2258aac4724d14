"""Recorded against rebuilt: outputs by their bytes, metrics by their values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vidpipe.config.loader import read
from vidpipe.reproduction.record import Numbers, Stage, md5
from vidpipe.utils.errors import UserError

Level = Literal["bits", "tolerance"]
TOLERANCES = "conf/tolerances.yaml"
Amount = Annotated[float, Field(ge=0)]


class Tolerance(BaseModel):
    """How far a metric may be from the recorded one where bits are not promised.

    Attributes:
        absolute: In the metric's own unit.
        relative: To the recorded value; the larger of the two counts.
        source: What was measured to find it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    absolute: Amount = 0.0
    relative: Amount = 0.0
    source: Annotated[str, Field(min_length=1)]

    def at(self, value: float) -> float:
        """The tolerance of a recorded value."""
        return max(self.absolute, self.relative * abs(value))


Tolerances = Mapping[str, Mapping[str, Tolerance]]


@dataclass(frozen=True)
class Output:
    """A file or folder; its md5 is empty where it is not there."""

    stage: str
    path: str
    recorded: str
    rebuilt: str

    @property
    def same(self) -> bool:
        """The bytes are those that were recorded."""
        return self.recorded == self.rebuilt


@dataclass(frozen=True)
class Metric:
    """A number; none where it is not there."""

    file: str
    name: str
    recorded: float | None
    rebuilt: float | None
    tolerance: float

    @property
    def difference(self) -> float | None:
        """Rebuilt less recorded."""
        if self.recorded is None or self.rebuilt is None:
            return None
        return self.rebuilt - self.recorded

    @property
    def agrees(self) -> bool:
        """The two are as near as they must be."""
        return self.difference is not None and abs(self.difference) <= self.tolerance


@dataclass(frozen=True)
class Comparison:
    """All that was compared.

    Attributes:
        level: At which the two must agree.
        outputs: Of every stage.
        metrics: Of every stage.
        strays: By stage, what was recorded of its inputs and is not so in the revision.
    """

    level: Level
    outputs: list[Output]
    metrics: list[Metric]
    strays: Mapping[str, list[str]] = field(default_factory=dict)

    def stands(self, output: Output) -> bool:
        """An output is what the level asks for, and was recorded of the revision's own inputs."""
        kept = output.same or (self.level == "tolerance" and bool(output.rebuilt))
        return kept and output.stage not in self.strays

    @property
    def agrees(self) -> bool:
        """Everything is as promised."""
        outputs = all(self.stands(output) for output in self.outputs)
        return outputs and all(metric.agrees for metric in self.metrics) and not self.strays


def compare_outputs(project: Path, stages: Mapping[str, Stage]) -> list[Output]:
    """What the stages recorded against the files that are there."""
    return [
        Output(name, path, value, md5(project / path))
        for name, stage in stages.items()
        for path, value in stage.outs.items()
    ]


def compare_metrics(
    recorded: Mapping[str, Numbers],
    rebuilt: Mapping[str, Numbers],
    tolerances: Tolerances,
) -> list[Metric]:
    """Numbers by file and name; without a tolerance they must be equal."""
    return [
        Metric(file, name, old, rebuilt[file].get(name), _tolerance(tolerances, file, name, old))
        for file, numbers in recorded.items()
        for name in sorted({*numbers, *rebuilt[file]})
        for old in [numbers.get(name)]
    ]


def tolerances(project: Path) -> Tolerances:
    """The tolerances that a revision states: by model, by pattern of the metric's name.

    Raises:
        UserError: If one is not allowed, or the revision states none.
    """
    if not (project / TOLERANCES).is_file():
        raise UserError(f"{TOLERANCES}: not in this revision, so only --level bits can be checked")
    try:
        return TypeAdapter(dict[str, dict[str, Tolerance]]).validate_python(
            read(project / TOLERANCES)
        )
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise UserError("\n".join([f"{TOLERANCES} is not right:", *problems])) from error


def _tolerance(stated: Tolerances, file: str, name: str, value: float | None) -> float:
    for pattern, tolerance in stated.get(Path(file).stem, {}).items():
        if fnmatchcase(name, pattern):  # the first that fits
            return tolerance.at(value or 0.0)
    return 0.0
