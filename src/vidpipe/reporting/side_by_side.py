"""Runs side by side: headline scores with their differences, and the parameters that differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from vidpipe.reporting.films import QUALITY, Film
from vidpipe.reporting.page import ARROWS, environment
from vidpipe.reporting.pictures import (
    HELD_OUT_ROW,
    LINES,
    MADE,
    ROLLOUT,
    Picture,
    clip_wall,
    digit_walk,
    film,
    prediction_film,
)
from vidpipe.reporting.results import DELIVERABLES
from vidpipe.tracking.headlines import HEADLINES, Headline
from vidpipe.tracking.trust import few_samples

Verdict = Literal["better", "worse", "equal", "within tolerance", "other classifier", "unknown", ""]
FILMS = {"clips": "real_and_made.gif", "prediction": "samples.mp4", "digits": "samples.gif"}
NOTHING = "–"
WORDS = {
    "other classifier": "not comparable: another classifier",
    "unknown": "not comparable: classifier not known",
}
WIDEST = 24  # characters of a column in the terminal


@dataclass(frozen=True)
class ScoringClassifier:
    """The classifier by which a model was scored; empty where it is not known.

    Attributes:
        folder: MD5 of its folder, as DVC has it.
        weights: MD5 of its weights.
    """

    folder: str = ""
    weights: str = ""

    def is_same(self, other: "ScoringClassifier") -> bool | None:
        """Return True for the same classifier, None if that cannot be told."""
        pairs = [(self.weights, other.weights), (self.folder, other.folder)]
        equalities = [one == two for one, two in pairs if one and two]
        return equalities[0] if equalities else None


@dataclass(frozen=True)
class ScoredModel:
    """A model as a run made it.

    Attributes:
        model: Its name.
        numbers: Metrics by name.
        scores: Headline scores by name, where they are known without the metrics.
        params: Parameters by dotted key.
        classifier: The one that scored it.
        samples: Folder of its film, if it was asked for and is there.
        why: Why there is no film.
    """

    model: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    classifier: ScoringClassifier = ScoringClassifier()
    samples: Path | None = None
    why: str = ""

    def value(self, score: Headline) -> float | None:
        """Return a headline score."""
        value = score.value(self.numbers)
        return self.scores.get(score.name) if value is None else value


@dataclass(frozen=True)
class ComparedRun:
    """A run as a user named it, and its models.

    Attributes:
        name: As the user wrote it.
        kind: What it is, such as `revision 1234abc`.
        models: By name.
    """

    name: str
    kind: str
    models: Mapping[str, ScoredModel]


@dataclass(frozen=True)
class Difference:
    """A score of a run, beside that of the first.

    Attributes:
        text: The score.
        change: Its difference from that of the first run; empty where they cannot be compared.
        verdict: What that difference means; empty for the first run.
    """

    text: str
    change: str
    verdict: Verdict


@dataclass(frozen=True)
class ScoreRow:
    """A score of all runs; `tolerance` is empty where none is stated."""

    score: Headline
    cells: Sequence[Difference]
    tolerance: str

    @property
    def direction(self) -> str:
        """Direction in which a score is better, for a person."""
        return ARROWS[self.score.better]


@dataclass(frozen=True)
class Group:
    """Runs whose scores are the same ones, side by side.

    Attributes:
        title: Name of the model, or of the deliverable where the models differ.
        columns: Names of the runs.
        rows: Scores.
        params: Values of each parameter that differs, by its key.
        pictures: Films.
        notes: What makes its numbers doubtful.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[ScoreRow]
    params: Mapping[str, Sequence[str]]
    pictures: Sequence[Picture]
    notes: Sequence[str]

    @property
    def equal(self) -> bool:
        """All runs have the same scores, of the same parameters."""
        verdicts = {cell.verdict for row in self.rows for cell in row.cells}
        return verdicts <= {"", "equal"} and not self.params


def compare(
    runs: Sequence[ComparedRun],
    tolerance: Mapping[str, Mapping[str, float]],
    *,
    with_films: bool = False,
) -> list[Group]:
    """Return groups of runs that can be set side by side.

    Args:
        runs: Two or more; differences are from the first.
        tolerance: By model and by name of the metric; what has none is not there.
        with_films: Encode the films too, of models that differ.
    """
    groups = []
    for title, members in _grouped(runs):
        first = members[0][1]
        rows = []
        for score in HEADLINES[first.model]:
            values = [one.value(score) for _, one in members]
            if all(value is None for value in values):
                continue
            allowed = _scaled(tolerance.get(first.model, {}).get(score.metric), score, first)
            cells = [_difference(score, first, one, allowed) for _, one in members]
            rows.append(ScoreRow(score, cells, "" if allowed is None else score.number(allowed)))
        columns = [run.name for run, _ in members]
        notes = [f"{run.name}: {few}" for run, one in members if (few := few_samples(one.numbers))]
        group = Group(title, columns, rows, _differing(members), [], notes)
        if with_films and not group.equal and kind_of(first.model):
            group = replace(group, pictures=[_film(run, one) for run, one in members])
        groups.append(group)
    return groups


def lines(runs: Sequence[ComparedRun], groups: Sequence[Group]) -> Iterator[str]:
    """Yield the lines of a comparison for a terminal."""
    for run in runs:
        yield f"{run.name}: {run.kind}"
    if equal := [group.title for group in groups if group.equal]:
        yield f"the same in all: {', '.join(equal)}"
    for group in groups:
        if group.equal:
            continue
        yield ""
        yield from _table(group)


def render_comparison(runs: Sequence[ComparedRun], groups: Sequence[Group]) -> str:
    """Return a comparison as HTML, in one file."""
    template = environment().get_template("compare.html")
    equal = [group.title for group in groups if group.equal]
    differing = [group for group in groups if not group.equal]
    return template.render(runs=runs, groups=differing, equal=equal, words=WORDS, nothing=NOTHING)


def _grouped(
    runs: Sequence[ComparedRun],
) -> Iterator[tuple[str, list[tuple[ComparedRun, ScoredModel]]]]:
    """Yield what can be compared: models of one kind if each run has one, else each model."""
    if all(len(run.models) == 1 for run in runs):
        pairs = [(run, one) for run in runs for one in run.models.values()]
        names = list(dict.fromkeys(one.model for _, one in pairs))
        kinds = {id(HEADLINES[name]) for name in names}
        if len(kinds) == 1:
            yield " and ".join(names), pairs
        return
    for name in HEADLINES:
        pairs = [(run, run.models[name]) for run in runs if name in run.models]
        if len(pairs) > 1:
            yield name, pairs


def _difference(
    score: Headline, first: ScoredModel, other: ScoredModel, allowed: float | None
) -> Difference:
    """Return a score beside that of the first run, unless another classifier gave it."""
    value, base = other.value(score), first.value(score)
    text = score.number(value)
    if other is first or value is None or base is None:
        return Difference(text, "", "")
    if score.classifier and (same := first.classifier.is_same(other.classifier)) is not True:
        return Difference(text, "", "unknown" if same is None else "other classifier")
    if value == base:
        return Difference(text, "0", "equal")
    change = value - base
    sign = "+" if change > 0 else "−"
    change_text = f"{sign}{score.number(abs(change))}"
    if allowed is not None and abs(change) <= allowed:
        return Difference(text, change_text, "within tolerance")
    return Difference(
        text, change_text, "better" if score.loss(value) < score.loss(base) else "worse"
    )


def _scaled(tolerance: float | None, score: Headline, first: ScoredModel) -> float | None:
    """Return the tolerance of a metric in the unit of the score."""
    if not tolerance or not score.per:
        return tolerance or None
    divisor = first.numbers.get(score.per)
    return tolerance / divisor if divisor else None


def _differing(members: Sequence[tuple[ComparedRun, ScoredModel]]) -> dict[str, list[str]]:
    """Return the values of the parameters that differ, of those that all runs tell."""
    params = [one.params for _, one in members]
    common = set.intersection(*(set(one) for one in params))
    # Of different models, each has blocks of its own: what is called the same is compared.
    models = [one.model for _, one in members]
    if len(set(models)) > 1:
        params = [
            {key.removeprefix(f"{model}."): value for key, value in one.items()}
            for model, one in zip(models, params, strict=True)
        ]
        common = set.intersection(*(set(one) for one in params))
    values = {key: [one[key] for one in params] for key in sorted(common)}
    return {
        key: values_of_runs
        for key, values_of_runs in values.items()
        if len(set(values_of_runs)) > 1
    }


def _film(run: ComparedRun, one: ScoredModel) -> Picture:
    """Return the film of a model of a run."""
    if one.samples is None:
        return Picture(run.name, why=one.why or "no film", facts=[one.model])
    make: Callable[[], Film] = {
        "clips": partial(clip_wall, one.samples, MADE),
        "prediction": partial(prediction_film, one.samples, HELD_OUT_ROW, ROLLOUT),
        "digits": partial(digit_walk, one.samples),
    }[kind_of(one.model)]
    quality = LINES if kind_of(one.model) == "digits" else QUALITY
    return film(run.name, make, facts=[one.model], quality=quality)


def kind_of(model: str) -> str:
    """Return the deliverable of a model; empty for one that makes no films."""
    return next((kind for kind, names in DELIVERABLES.items() if model in names), "")


def _table(group: Group) -> Iterator[str]:
    """Yield a table of scores, and one of the parameters that differ."""
    names = [_short(name) for name in group.columns]
    heads = [group.title, names[0]]
    for name in names[1:]:
        heads += [name, "difference"]
    heads += ["tolerance", ""]
    rows = [heads]
    for row in group.rows:
        unit = f", {row.score.unit}" if row.score.unit not in ("", "%") else ""
        cells = [f"  {row.score.label}{unit}", row.cells[0].text]
        for cell in row.cells[1:]:
            cells += [cell.text, cell.change or NOTHING]
        verdicts = [WORDS.get(cell.verdict, cell.verdict) for cell in row.cells[1:]]
        rows.append([*cells, row.tolerance or NOTHING, ", ".join(v for v in verdicts if v)])
    yield from _aligned(rows)
    yield from (f"  {note}" for note in group.notes)
    if group.params:
        yield "  parameters that differ"
        yield from _aligned([[f"    {key}", *map(_short, v)] for key, v in group.params.items()])


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = row
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        # The last column is words.
        if not others[-1] or not others[-1][-1].isdigit():
            cells[-1] = others[-1].ljust(widths[-1])
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def _short(name: str) -> str:
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 1].rstrip()}…"
