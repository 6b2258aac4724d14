"""The report: one page of all models, films first, numbers second, without any other file."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vidpipe.reporting import wording
from vidpipe.reporting.figures import Curve, curves_of, line_chart, thinned
from vidpipe.reporting.pictures import (
    COPY,
    FLOW,
    HELD_OUT_ROW,
    LINES,
    MADE,
    MADE_TOO,
    REAL,
    ROLLOUT,
    SEEN_ROW,
    Picture,
    clip_wall,
    digit_walk,
    film,
    prediction_film,
    real_digits,
    sheet,
)
from vidpipe.reporting.results import ModelResults, Results
from vidpipe.tracking.headlines import CLIPS, DIGITS, PREDICTION, Headline, named, ranking, wins

REFERENCE, BEST = "reference", "nearest to real"
COMPARED = 4  # scores of prediction at the top of the page; the article has all
SCORES = {"clips": CLIPS, "prediction": PREDICTION, "digits": DIGITS}
ARROWS = {"higher": "↑ higher is better", "lower": "↓ lower is better", "near 1": "→ 1 is best"}
ACCEPTED, MOTION, DISTANCE = (named(CLIPS, n) for n in ("accepted", "motion", "motion_distance"))
NUMERALS, PASSED = (named(DIGITS, name) for name in ("numerals", "accepted"))
SKILL = named(PREDICTION, "skill_held_out_4")
SPLITS = {"seen": "seen", "held_out": "held out", "unseen": "unseen video"}


@dataclass(frozen=True)
class Cell:
    """A number in a table, and how far it is on the way from the baseline to real data."""

    text: str
    progress: float | None = None
    best: bool = False
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A score, and its cells."""

    score: Headline
    cells: Sequence[Cell]

    @property
    def direction(self) -> str:
        """Direction in which a score is better, for a person."""
        return ARROWS[self.score.better]


@dataclass(frozen=True)
class Chart:
    """A chart, with the words below it."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Article:
    """A model: what it is, what it makes, how it was trained and what it scores."""

    name: str
    sentences: str
    pictures: Sequence[Picture]
    charts: Sequence[Chart]
    columns: Sequence[str]
    rows: Sequence[Row]
    facts: Sequence[str]
    warnings: Sequence[str]
    command: str


@dataclass(frozen=True)
class Block:
    """A deliverable: its comparison at the top of the page, and the articles of its models."""

    key: str
    title: str
    about: str
    verdict: str
    note: str
    pictures: Sequence[Picture]
    columns: Sequence[str]
    rows: Sequence[Row]
    articles: Sequence[Article]

    @property
    def scores(self) -> Sequence[Headline]:
        """The scores of its models."""
        return SCORES[self.key]


def render_report(results: Results) -> str:
    """Return the report as HTML; what is missing is named in its place."""
    blocks = [_clips(results), _prediction(results), _digits(results)]
    return environment().get_template("report.html").render(blocks=blocks)


@cache
def environment() -> Environment:
    """Return the environment of all pages' templates."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["tied"] = tied
    return pages


def tied(text: str) -> str:
    """Return a text whose lines do not break between a number, or `×`, and its unit."""
    return re.sub(r"(?<=[\d×]) (?=[%×\w])", "\N{NO-BREAK SPACE}", text)


def _clips(results: Results) -> Block:
    """Return the block of the GANs of clips, the best first."""
    models = _ranked(results.of("clips"), CLIPS)
    scored = {model.name: model.numbers for model in models if model.numbers}
    reference = next(iter(scored.values()), {})

    # Real clips first, then each model's clips of the same actions in the same places.
    of_real = [(ACCEPTED, ACCEPTED.real_value(reference))]
    all_real = (
        film("real", partial(clip_wall, model.samples, REAL), mark=REFERENCE, facts=_facts(of_real))
        for model in models
    )
    first_film = next((picture for picture in all_real if picture.uri), None)
    pictures = [first_film or Picture("real", why="no films yet", mark=REFERENCE)]
    for place, model in enumerate(models):
        scores = [(score, score.value(model.numbers)) for score in (ACCEPTED, MOTION, DISTANCE)]
        pictures.append(
            film(
                model.name,
                partial(clip_wall, model.samples, MADE),
                mark=BEST if place == 0 and len(scored) > 1 else "",
                facts=_facts(scores),
            )
        )

    # The autoencoder's ceiling is a column of its own where it was measured.
    columns = {"real": lambda score: score.real_value(reference)}
    if results.autoencoder and scored:
        columns["ceiling"] = lambda score: score.ceiling(results.autoencoder, reference)
    rows = _comparison(CLIPS, scored, columns)
    note = "Real clips, and each model's clips of the same actions in the same places."
    if "ceiling" in columns:
        note += (
            " Ceiling: real clips that went through the autoencoder, in whose latents a model may "
            "work."
        )
    articles = [_clip_article(model) for model in models]
    return _block(
        "clips", _clip_verdict(scored), note, pictures, [*columns, *scored], rows, articles
    )


def _prediction(results: Results) -> Block:
    """Return the block of next-frame prediction."""
    (model,) = results.of("prediction")
    predictor = films_on(model.samples, HELD_OUT_ROW)
    pictures = [
        predictor("real", 0, mark=REFERENCE),
        predictor("pix2pix", ROLLOUT, facts=_facts([(SKILL, SKILL.value(model.numbers))])),
        predictor(
            "flow carried on", FLOW, mark="no network",
            facts=_facts([(SKILL, SKILL.baseline_value(model.numbers))]),
        ),
        predictor("last frame held", COPY, mark="no network", facts=_facts(
            [(SKILL, 0.0 if model.numbers else None)])),
    ]  # fmt: skip
    scored = {model.name: model.numbers} if model.numbers else {}
    rows = _rows_of_one(model)[:COMPARED]
    note = (
        "Held-out footage, which no model saw: each frame is predicted from predictions, and shown "
        "at a quarter of its speed."
    )
    return _block(
        "prediction", _prediction_verdict(scored), note, pictures,
        ["pix2pix", "real", "without a network"] if scored else [], rows,
        [_prediction_article(model)],
    )  # fmt: skip


def films_on(samples: Path | None, split: int) -> Callable[..., Picture]:
    """Return a function from title and column to the film of a predictor on a split."""

    def make(title: str, column: int, *, facts: Sequence[str] = (), mark: str = "") -> Picture:
        frames = partial(prediction_film, samples, split, column)
        return film(title, frames, facts=facts, mark=mark)

    return make


def _digits(results: Results) -> Block:
    """Return the block of the GANs of numerals, the best first."""
    models = _ranked(results.of("digits"), DIGITS)
    scored = {model.name: model.numbers for model in models if model.numbers}
    reference = next(iter(scored.values()), {})
    of_real = _facts([(s, s.real_value(reference)) for s in (NUMERALS, PASSED)])
    pictures = [real_digits(results.digits, facts=of_real, mark=REFERENCE)]
    for place, model in enumerate(models):
        pictures.append(
            film(
                model.name,
                partial(digit_walk, model.samples),
                quality=LINES,
                mark=BEST if place == 0 and len(scored) > 1 else "",
                facts=_facts([(s, s.value(model.numbers)) for s in (NUMERALS, PASSED)]),
            )
        )
    rows = _comparison(DIGITS, scored, {"real": lambda score: score.real_value(reference)})
    note = "Twenty-five real pictures, and twenty-five walks through the noise of each generator."
    articles = [_digit_article(model) for model in models]
    return _block(
        "digits", _digit_verdict(scored), note, pictures, ["real", *scored], rows, articles
    )


def _block(
    key: str, verdict: str, note: str, pictures: Sequence[Picture], columns: Sequence[str],
    rows: Sequence[Row], articles: Sequence[Article],
) -> Block:  # fmt: skip
    return Block(
        key=key,
        title=wording.TITLES[key],
        about=wording.ABOUT[key],
        verdict=verdict,
        note=note,
        pictures=pictures,
        columns=columns if rows else [],
        rows=rows,
        articles=articles,
    )


def _ranked(models: Sequence[ModelResults], scores: Sequence[Headline]) -> list[ModelResults]:
    """Return models from the best to the worst; those without scores are last."""
    by_name = {model.name: model for model in models}
    scored = {name: model.numbers for name, model in by_name.items() if model.numbers}
    order = [*ranking(scored, scores), *(name for name in by_name if name not in scored)]
    return [by_name[name] for name in order]


def _comparison(
    scores: Sequence[Headline],
    scored: Mapping[str, Mapping[str, float]],
    references: Mapping[str, Callable[[Headline], float | None]],
) -> list[Row]:
    """Return a row for each score: references first, then models, the best marked."""
    rows = []
    for score in scores if scored else ():
        cells = [Cell(score.number(value(score))) for value in references.values()]
        values = {name: score.value(numbers) for name, numbers in scored.items()}
        losses = [score.loss(value) for value in values.values() if value is not None]
        for name, value in values.items():
            best = value is not None and len(losses) > 1 and score.loss(value) == min(losses)
            progress = None if value is None else score.progress(value, scored[name])
            cells.append(Cell(score.number(value), progress, best))
        rows.append(Row(score, cells))
    return rows


def _rows_of_one(model: ModelResults) -> list[Row]:
    """Return a row for each score of a model: made, real, and without training if any has that."""
    if not model.numbers:
        return []
    with_baseline = any(score.baseline != "" for score in model.headlines)
    rows = []
    for score in model.headlines:
        value = score.value(model.numbers)
        interval = score.interval(model.numbers)
        between = " to ".join(score.number(end) for end in interval) if interval else ""
        progress = None if value is None else score.progress(value, model.numbers)
        cells = [
            Cell(score.number(value), progress, note=between),
            Cell(score.number(score.real_value(model.numbers))),
        ]
        if with_baseline:
            baseline = score.baseline_value(model.numbers)
            beside = "" if baseline is None else score.baseline_name
            cells.append(Cell(score.number(baseline), note=beside))
        rows.append(Row(score, cells))
    return rows


def _clip_article(model: ModelResults) -> Article:
    """Return the article of a GAN of clips."""
    pictures = [
        film("real", partial(clip_wall, model.samples, REAL)),
        film("made", partial(clip_wall, model.samples, MADE_TOO)),
    ]
    charts = _loss_charts(model)
    if curves := _history(model, {"motion": "motion", "diversity": "diversity"}):
        charts.append(
            Chart(
                line_chart(
                    curves, title=f"Motion and diversity of {model.name} over its training",
                    x="step", y="times real", reference=(1.0, "real"),
                ),
                "Motion and diversity of samples while it was trained, divided by those of real "
                "clips.",
            )
        )  # fmt: skip
    second = ""
    if model.numbers:
        second = (
            f" {_sentence_share(ACCEPTED, model.numbers)} of its clips pass as an action, "
            f"{ACCEPTED.number(ACCEPTED.real_value(model.numbers))} of real ones; they move "
            f"{MOTION.number(MOTION.value(model.numbers))} times as much."
        )
    return _article(model, second, pictures, charts)


def _prediction_article(model: ModelResults) -> Article:
    """Return the article of pix2pix."""
    predictor = films_on(model.samples, SEEN_ROW)
    pictures = [
        predictor("real", 0),
        predictor("one step", 1, facts=["each frame from real ones"]),
        predictor("rollout", ROLLOUT, facts=["each frame from predictions"]),
    ]
    charts = _loss_charts(model)
    if curves := _history(model, {"l1": "L1"}):
        charts.append(
            Chart(
                line_chart(curves, title="L1 loss of pix2pix over its training", x="step",
                           y="L1 loss, weighted"),
                "Mean absolute error of predicted frames, times its weight in the loss.",
            )
        )  # fmt: skip
    charts += [_horizon_chart(split, curve) for split, curve in model.curves.items() if len(curve)]
    second = ""
    if (value := SKILL.value(model.numbers)) is not None:
        word = "less" if value >= 0 else "more"
        second = (
            f" Four frames ahead on held-out footage its squared error is {100 * abs(value):.0f} % "
            f"{word} than that of holding the last frame."
        )
    return _article(model, second, pictures, charts)


def _horizon_chart(split: str, curve: pd.DataFrame) -> Chart:
    """Return the chart of skill over frames ahead."""
    table = thinned(curve)
    labels = {
        "skill": "pix2pix",
        "fitted_flow_skill": "flow carried on",
        "blurred_copy_skill": "blurred copy",
        "mean_mix_skill": "mean mixed in",
    }
    has_interval = {"skill_low", "skill_high"} <= set(table)
    ends = [table[end].tolist() for end in ("skill_low", "skill_high")] if has_interval else []
    curves = [
        Curve(
            label,
            table["horizon"].tolist(),
            table[name].tolist(),
            *(ends if name == "skill" else ()),
        )
        for name, label in labels.items()
        if name in table and "horizon" in table and table[name].notna().any()
    ]
    words = SPLITS.get(split, split)
    chart = line_chart(
        curves, title=f"Skill of rollouts by frames ahead, {words} footage", x="frames ahead",
        y="skill", reference=(0.0, "last frame held"),
    )  # fmt: skip
    return Chart(
        chart,
        f"Skill on {words} footage: the share of the error of holding the last frame that is gone. "
        "1 is perfect; the band is a 95 % interval.",
    )


def _digit_article(model: ModelResults) -> Article:
    """Return the article of a GAN of numerals."""
    pictures = [sheet("made", model.samples)]
    second = ""
    if model.numbers:
        second = (
            f" It makes {_made_of(model.numbers)} numerals, and "
            f"{PASSED.number(PASSED.value(model.numbers))} of its pictures pass as one, "
            f"{PASSED.number(PASSED.real_value(model.numbers))} of real ones."
        )
    return _article(model, second, pictures, _loss_charts(model))


def _article(
    model: ModelResults, second: str, pictures: Sequence[Picture], charts: Sequence[Chart]
) -> Article:
    rows = _rows_of_one(model)
    return Article(
        name=model.name,
        sentences=wording.MODELS.get(model.name, wording.A_CLIP_GAN) + second,
        pictures=pictures,
        charts=charts,
        columns=["made", "real", "no training"][: len(rows[0].cells)] if rows else [],
        rows=rows,
        facts=list(_counts(model)),
        warnings=model.warnings,
        command=model.command,
    )


def _counts(model: ModelResults) -> Iterator[str]:
    """Yield the numbers of samples, of real data and of steps, and the seeds."""
    numbers = model.numbers
    train = model.settings.get("train") or {}
    evaluate = model.settings.get("evaluate") or {}
    if "samples" in numbers:
        text = f"{numbers['samples']:,.0f} samples scored"
        if "seen" in numbers:
            text += f" against {numbers['seen']:,.0f} real ones"
        yield text
    if starts := [f"{numbers[k]:.0f} {SPLITS[k.removeprefix('starts.')]}" for k in
                  ("starts.seen", "starts.held_out", "starts.unseen") if k in numbers]:  # fmt: skip
        yield f"predicted from {' and '.join(starts)} starts"
    if "seed" in evaluate and numbers:
        yield f"seed {evaluate['seed']} of the scores"
    if {"steps", "seed"} <= set(train) and numbers:
        yield f"{train['steps']:,} steps of training, seed {train['seed']}"


def _loss_charts(model: ModelResults) -> list[Chart]:
    """Return the chart of losses, if there is a history."""
    curves = _history(model, {"generator": "generator", "discriminator": "discriminator"})
    if not curves:
        return []
    svg = line_chart(
        curves, title=f"Losses of {model.name} over its training", x="step", y="adversarial loss"
    )
    note = "Adversarial losses of both networks. Neither is to reach 0: they hold each other."
    if model.history is not None and len(model.history) > len(curves[0].x):
        note += f" Each point is the mean of {len(model.history) / len(curves[0].x):.0f} reports."
    return [Chart(svg, note)]


def _history(model: ModelResults, columns: Mapping[str, str]) -> list[Curve]:
    return [] if model.history is None else curves_of(model.history, columns)


def _facts(scores: Sequence[tuple[Headline, float | None]]) -> list[str]:
    """Return a short line for each score that is there."""
    return [
        f"{score.label.partition(',')[0]} {score.format(value)}"
        for score, value in scores
        if value is not None
    ]


def _sentence_share(score: Headline, numbers: Mapping[str, float]) -> str:
    value = score.value(numbers)
    return "An unknown share" if value is None else score.number(value)


def _clip_verdict(scored: Mapping[str, Mapping[str, float]]) -> str:
    """Say which clip model is best, and how far it is from real footage."""
    if not scored:
        return "No GAN of clips is scored yet."
    best = next(iter(scored))
    numbers = scored[best]
    text = f"{best} makes the clips that are nearest to real ones"
    if len(scored) > 1:
        text += f": best of {len(scored)} in {wins(scored, CLIPS, best)} of {len(CLIPS)} scores"
    text += "."
    if (value := ACCEPTED.value(numbers)) is not None:
        text += f" {ACCEPTED.number(value)} of them pass as an action"
        if (real := ACCEPTED.real_value(numbers)) is not None:
            text += f", {ACCEPTED.number(real)} of real clips do"
        text += "."
    if (value := MOTION.value(numbers)) is not None:
        text += f" They move {MOTION.number(value)} times as much as real ones"
        if (far := DISTANCE.value(numbers)) is not None:
            text += (
                f", and that motion is {DISTANCE.number(far)} times as far from the real as two "
                "halves of the real clips are from each other"
            )
        text += "."
    return text


def _prediction_verdict(scored: Mapping[str, Mapping[str, float]]) -> str:
    """Say whether the prediction is worth its network."""
    if not scored:
        return "pix2pix is not scored yet."
    numbers = scored["pix2pix"]
    value, rival = SKILL.value(numbers), SKILL.baseline_value(numbers)
    if value is None:
        return "pix2pix has no score of held-out footage four frames ahead."
    text = (
        f"pix2pix predicts four frames ahead with {100 * abs(value):.0f} % "
        f"{'less' if value >= 0 else 'more'} error than holding the last frame, on footage it "
        "never saw; 100 % less would be perfect."
    )
    if rival is not None:
        text += (
            f" Carrying the motion on without a network has {100 * abs(rival):.0f} % "
            f"{'less' if rival >= 0 else 'more'}."
        )
    return text


def _made_of(numbers: Mapping[str, float]) -> str:
    """Say how many numerals of how many a model makes."""
    count, real = NUMERALS.value(numbers), NUMERALS.real_value(numbers)
    return NUMERALS.number(count) + ("" if real is None else f" of {NUMERALS.number(real)}")


def _digit_verdict(scored: Mapping[str, Mapping[str, float]]) -> str:
    """Say which model makes which numerals."""
    if not scored:
        return "No GAN of numerals is scored yet."
    best = next(iter(scored))
    numbers = scored[best]
    text = f"{best} makes {_made_of(numbers)} numerals"
    if (value := PASSED.value(numbers)) is not None:
        text += f"; {PASSED.number(value)} of its pictures pass as one"
        if (real := PASSED.real_value(numbers)) is not None:
            text += f", {PASSED.number(real)} of real ones"
    return f"{text}."
