"""Results as pages show them: of each model, what is there, and what is missing or not whole."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.data.npz import read_npz
from vidpipe.evaluation.protocol import METRICS
from vidpipe.tracking.headlines import HEADLINES, Headline
from vidpipe.tracking.trust import few_samples
from vidpipe.training.health import warning_signs
from vidpipe.training.trainer import FEW_STEPS, UNSETTLED
from vidpipe.utils.errors import UserError

AUTOENCODER = "clip_autoencoder"
DELIVERABLES = {
    "clips": CLIP_GAN_NAMES,
    "prediction": ("pix2pix",),
    "digits": ("dcgan", "mlp_gan"),
}
MODELS = tuple(name for names in DELIVERABLES.values() for name in names)
PLOTS, SAMPLES = "plots", "data/07_model_output"
DIGITS = "data/05_model_input/digits.npz"
DAMAGE = (OSError, ValueError, pd.errors.ParserError)  # of a CSV file


@dataclass(frozen=True)
class ModelResults:
    """Results of a model.

    Attributes:
        name: Of the model.
        numbers: Metrics; none if it was not scored yet.
        history: Rows of the training, if there are any.
        curves: Scores by frames ahead, by split; none if it does not predict.
        samples: Folder of films and sheets, if it is there.
        settings: Its block of params.yaml.
        problems: What is missing or not whole, and what to do.
    """

    name: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    history: pd.DataFrame | None = None
    curves: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    samples: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """The scores that matter."""
        return HEADLINES[self.name]

    @property
    def command(self) -> str:
        """The command that makes these results anew."""
        parts = "" if self.name == AUTOENCODER else "_evaluate"
        return f"dvc repro {self.name}{parts}"

    @property
    def warnings(self) -> list[str]:
        """Failures and warnings, of the training and of the scores."""
        return [*self.problems, *_warned(self), *_doubtful(self)]


@dataclass(frozen=True)
class Results:
    """All that a report is made of.

    Attributes:
        models: Results by name, of all models, in the order of the deliverables.
        autoencoder: Metrics of the autoencoder of clips; none if it was not scored.
        digits: Arrays of the file of real pictures, or why there are none.
    """

    models: Mapping[str, ModelResults]
    autoencoder: Mapping[str, float]
    digits: Mapping[str, np.ndarray] | str

    def of(self, deliverable: str) -> list[ModelResults]:
        """Return the results of a deliverable's models."""
        return [self.models[name] for name in DELIVERABLES[deliverable]]


def gather(
    name: str,
    numbers: Mapping[str, float] | None,
    plots: Path,
    samples: Path,
    settings: Mapping[str, Any],
    *,
    problem: str = "",
) -> ModelResults:
    """Read the results of a model.

    Args:
        name: Of the model.
        numbers: Metrics; None if there are none.
        plots: Folder of its history and curves; it may be missing.
        samples: Folder of its samples; it may be missing.
        settings: Its block of params.yaml.
        problem: Why there are no numbers.
    """
    results = ModelResults(name)
    problems = []
    if numbers is None:
        problems.append(problem or f"not trained and scored yet: `{results.command}` does it")
    numbers = {
        key: value
        for key, value in (numbers or {}).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    if numbers and (lost := [s.label for s in results.headlines if s.value(numbers) is None]):
        problems.append(f"not among the scores: {', '.join(lost)}")
    if numbers and not samples.is_dir():
        problems.append(
            "its samples are not here, so the scores may be those that were committed: "
            f"`{results.command}` makes both"
        )

    # Tables that are there, and whole.
    history, curves = None, {}
    files = {file.name: file for file in sorted(plots.glob("*.csv"))} if plots.is_dir() else {}
    if numbers and "history.csv" not in files:
        problems.append("the history of the training is missing")
    for file in files.values():
        if file.name != "history.csv" and not file.name.startswith("rollout_"):
            continue
        try:
            table = pd.read_csv(file)
        except DAMAGE:
            problems.append(f"{file.name} cannot be read; `{results.command}` makes it anew")
            continue
        if file.name == "history.csv":
            history = table
        else:
            curves[file.stem.removeprefix("rollout_")] = table
    return ModelResults(
        name=name,
        numbers=numbers,
        history=history,
        curves=curves,
        samples=samples if samples.is_dir() else None,
        settings=settings,
        problems=tuple(problems),
    )


def read_tree(project: Path, params: Mapping[str, Any]) -> Results:
    """Read the results that lie in a work tree; those of some models may be missing.

    Args:
        project: The work tree.
        params: Blocks of params.yaml.
    """
    models = {}
    for name in MODELS:
        numbers, problem = _numbers(project, name)
        models[name] = gather(
            name,
            numbers,
            project / PLOTS / name,
            project / SAMPLES / name,
            params.get(name) or {},
            problem=problem,
        )
    autoencoder, _ = _numbers(project, AUTOENCODER)
    return Results(models, autoencoder or {}, _digits(project / DIGITS))


def _digits(file: Path) -> Mapping[str, np.ndarray] | str:
    """Return the real pictures of numerals, or why there are none."""
    if not file.is_file():
        return f"{file.name}: not there yet; `dvc repro digits` makes it"
    try:
        return read_npz(file)
    except UserError as error:
        return str(error).replace(str(file), file.name)


def _numbers(project: Path, name: str) -> tuple[dict[str, float] | None, str]:
    """Return the metrics of a model, or None and why there are none."""
    file = project / METRICS / f"{name}.json"
    if not file.is_file():
        return None, ""
    try:
        numbers = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        numbers = None
    if not isinstance(numbers, dict):
        again = ModelResults(name).command
        return None, f"{METRICS}/{name}.json is no JSON of numbers by name; `{again}` makes it anew"
    return numbers, ""


def _warned(results: ModelResults) -> Iterator[str]:
    """Yield the signs of a failing training that its history shows, as training warns of them."""
    if results.history is None or "step" not in results.history or results.history.empty:
        return
    numbers = results.history.apply(pd.to_numeric, errors="coerce")
    finite = numbers.map(math.isfinite) | results.history.isna()
    if broken := int((~finite.all(axis=1)).sum()):
        yield f"{broken} of {len(numbers)} reports of the training are not finite"
    steps = float(numbers["step"].max())
    settled = numbers[numbers["step"] > UNSETTLED * steps]
    if not steps >= FEW_STEPS:
        yield f"trained for {steps:.0f} steps: its scores mean nothing"
        return
    steps_by_sign = dict[str, list[int]]()
    messages = dict[str, str]()
    for row in settled.to_dict("records"):
        measured = {str(name): float(value) for name, value in row.items()}
        for sign, message in warning_signs(measured).items():
            steps_by_sign.setdefault(sign, []).append(int(row["step"]))
            messages[sign] = message
    for sign, at in steps_by_sign.items():
        often = f"in {len(at)} of {len(settled)} reports, last at step {at[-1]:,}"
        yield f"{sign.replace('_', ' ')} ({often}): {messages[sign]}"


def _doubtful(results: ModelResults) -> Iterator[str]:
    """Yield what the scores say against the model, or against themselves."""
    if few := few_samples(results.numbers):
        yield few
    for split, curve in results.curves.items():
        if {"horizon", "skill_low"} <= set(curve):
            low = pd.to_numeric(curve["skill_low"], errors="coerce")
            if worse := curve.loc[low <= 0, "horizon"].tolist():
                yield (
                    f"on {split.replace('_', ' ')} footage no better than copying the last frame, "
                    f"within its interval, first at {worse[0]:.0f} ahead"
                )
