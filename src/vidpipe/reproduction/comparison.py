"""Comparison of recorded and rebuilt results: outputs by their bytes, metrics by their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, TypeAdapter, ValidationError

from vidpipe.config.loader import read
from vidpipe.reproduction.record import Numbers, Stage, md5
from vidpipe.utils.errors import UserError

TOLERANCES = "conf/tolerances.yaml"


class Tolerance(BaseModel):
    """Allowed distance of a metric from the recorded one at the level `tolerance`.

    Attributes:
        absolute: In the metric's own unit.
        relative: Share of the recorded value; the larger of the two counts.
        source: Measurement behind it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    absolute: NonNegativeFloat = 0.0
    relative: NonNegativeFloat = 0.0
    source: Annotated[str, Field(min_length=1)]


Tolerances = Mapping[str, Mapping[str, Tolerance]]  # model -> pattern of the metric's name


@dataclass(frozen=True)
class Output:
    """A file or folder by its md5; empty where it is not there."""

    stage: str
    path: str
    recorded: str
    rebuilt: str
    same: bool


@dataclass(frozen=True)
class Metric:
    """A number; None where it is not there."""

    file: str
    name: str
    recorded: float | None
    rebuilt: float | None
    tolerance: float
    difference: float | None
    agrees: bool


def compare_outputs(project: Path, stages: Mapping[str, Stage]) -> list[Output]:
    """Compare the recorded outputs of stages with the files that are there."""
    rows = []
    for name, stage in stages.items():
        for path, recorded in stage.outs.items():
            rebuilt = md5(project, path)
            rows.append(Output(name, path, recorded, rebuilt, same=recorded == rebuilt))
    return rows


def compare_metrics(
    recorded: Mapping[str, Numbers], rebuilt: Mapping[str, Numbers], tolerances: Tolerances
) -> list[Metric]:
    """Compare numbers by file and name; without a tolerance they must be equal."""
    rows = []
    for file, numbers in recorded.items():
        # A metric that only one side has is a row too: it never agrees, nor does NaN.
        for name in sorted({*numbers, *rebuilt[file]}):
            old = numbers.get(name)
            new = rebuilt[file].get(name)
            tolerance = tolerance_of(tolerances.get(Path(file).stem, {}), name, old)
            difference = None if old is None or new is None else new - old
            agrees = difference is not None and abs(difference) <= tolerance
            rows.append(Metric(file, name, old, new, tolerance, difference, agrees))
    return rows


def tolerances(project: Path) -> Tolerances:
    """Read the tolerances that a revision states.

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


def tolerance_of(stated: Mapping[str, Tolerance], name: str, value: float | None) -> float:
    """Return the tolerance of a metric's value, by the first pattern that fits its name, or 0."""
    # A file lists special names before general patterns.
    for pattern, tolerance in stated.items():
        if fnmatchcase(name, pattern):
            return max(tolerance.absolute, tolerance.relative * abs(value or 0.0))
    return 0.0
