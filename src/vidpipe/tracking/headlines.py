"""Headline scores: the few of each model's many metrics that say how good it is.

All views of results take them from here: the report, `vidpipe compare`, MLflow, DVC.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.evaluation.protocol import CLASSIFIER as CLASSIFIER_MD5
from vidpipe.evaluation.protocol import PROTOCOL, Protocol, ScoresAndProtocol

Numbers = Mapping[str, float]  # metrics by name, as in metrics/<model>.json
Better = Literal["higher", "lower", "near 1"]
ACTIONS, NUMERALS = "action_classifier", "digit_classifier"  # datasets of the classifiers
FLOORS = "× floor"  # unit of distances as multiples of that between two halves of the real data
CEILING = "ceiling."  # prefix of the metrics of real clips that went through the autoencoder


@dataclass(frozen=True)
class Headline:
    """A score that says how good a model is, and what it stands beside.

    Attributes:
        name: Short, in snake case, unique within a model.
        metric: Name in `metrics/<model>.json`.
        label: Heading for a person.
        better: Direction.
        meaning: One sentence.
        unit: What follows the number; `%` for shares of 1, which are shown as percentages.
        per: Metric that the score is a multiple of: a floor, or a baseline.
        real: Metric of real data, scored alike, or the value that they have by definition.
        baseline: Metric of what needs no training, or its value; scaled as the score is.
        baseline_name: What that is.
        low: Metric of the lower end of its 95 % interval.
        high: Metric of the upper end.
        classifier: Whose judgement it is: scores by two different ones cannot be compared.
    """

    name: str
    metric: str
    label: str
    better: Better
    meaning: str
    unit: str = ""
    per: str = ""
    real: str | float = ""
    baseline: str | float = ""
    baseline_name: str = ""
    low: str = ""
    high: str = ""
    classifier: str = ""

    def value(self, numbers: Numbers) -> float | None:
        """Return the score of a model; None if its metrics lack it, or what it is divided by."""
        return self._scaled(numbers, self.metric)

    def real_value(self, numbers: Numbers) -> float | None:
        """Return the score of real data; None if there is none."""
        return self._scaled(numbers, self.real)

    def baseline_value(self, numbers: Numbers) -> float | None:
        """Return the score of the baseline; None if there is none."""
        return self._scaled(numbers, self.baseline)

    def interval(self, numbers: Numbers) -> tuple[float, float] | None:
        """Return the ends of the 95 % interval; None if there is none."""
        low, high = self._scaled(numbers, self.low), self._scaled(numbers, self.high)
        return None if low is None or high is None else (low, high)

    def ceiling(self, autoencoder: Numbers, numbers: Numbers) -> float | None:
        """Return the score of real clips that went through the autoencoder.

        Args:
            autoencoder: Metrics of the autoencoder.
            numbers: Metrics of a GAN, for what the score is divided by.
        """
        return self._scaled({**numbers, **autoencoder}, f"{CEILING}{self.metric}")

    def loss(self, value: float) -> float:
        """Return how bad a value is: the smaller, the better."""
        match self.better:
            case "higher":
                return -value
            case "lower":
                return value
            case "near 1":
                return abs(value - 1)

    def progress(self, value: float, numbers: Numbers) -> float | None:
        """Return how far a value is on the way from the baseline, 0, to real data, 1.

        Multiples of a floor go by their logarithm. None where one end is not known.
        """
        start, end = self.baseline_value(numbers), self.real_value(numbers)
        if start is None or end is None or start == end:
            return None
        if self.unit == FLOORS and min(start, end, value) > 0:
            start, end, value = math.log(start), math.log(end), math.log(value)
        return min(1.0, max(0.0, 1 - abs(value - end) / abs(start - end)))

    def number(self, value: float | None) -> str:
        """Return a value as it is shown below its unit; a dash if there is none."""
        if value is None:
            return "–"
        if self.unit == "%":
            return f"{100 * value:.0f} %"
        if float(value).is_integer():
            text = f"{value:.0f}"
        else:
            digits = 1 if abs(value) >= 10 else 2
            text = f"{value:.{digits}f}" if abs(value) >= 0.01 else f"{value:.1g}"
        return text.replace("-", "−")

    def format(self, value: float | None) -> str:
        """Return a value with its unit."""
        unit = "" if self.unit == "%" or value is None else self.unit
        return f"{self.number(value)} {unit}".strip()

    def _scaled(self, numbers: Numbers, source: str | float) -> float | None:
        """Return a metric, or a value, divided by `per`."""
        if source == "":
            return None
        if not isinstance(source, str):
            return float(source)
        value = numbers.get(source)
        divisor = numbers.get(self.per) if self.per else 1.0
        if value is None or not divisor or not math.isfinite(value):
            return None
        return value / divisor


def _floors(
    name: str, metric: str, label: str, meaning: str, baseline: str, classifier: str = ""
) -> Headline:
    """Return a Fréchet distance of clips as a multiple of its floor."""
    return Headline(
        name, metric, label, "lower", meaning, unit=FLOORS, per=f"{metric}_floor", real=1.0,
        baseline=f"{metric}{baseline}",
        baseline_name={"_copy_first": "a still", "_noise": "noise"}[baseline],
        classifier=classifier,
    )  # fmt: skip


CLIPS = (
    _floors(
        "motion_distance", "frechet_diff_gated", "Distance of motion",
        "Fréchet distance of frame differences that flicker and faint motion cannot lower; two "
        "halves of the real clips are 1 apart.", "_copy_first",
    ),
    _floors(
        "frame_distance", "frechet_frames", "Distance of frames",
        "Fréchet distance of single frames; two halves of the real clips are 1 apart.", "_noise",
    ),
    _floors(
        "action_distance", "frechet_actions", "Distance of actions",
        "Fréchet distance on the features of the action classifier; two halves of the real clips "
        "are 1 apart.", "_copy_first", ACTIONS,
    ),
    Headline(
        "motion", "motion_ratio", "Motion", "near 1",
        "Share of the pixels that move, divided by that of real clips.", unit="× real",
        real=1.0, baseline="motion_ratio_copy_first", baseline_name="a still",
    ),
    Headline(
        "frozen", "freezing_rate", "Frozen", "lower",
        "Share of the clips that stand still.", unit="%", real="freezing_rate_real",
        baseline="freezing_rate_copy_first", baseline_name="a still",
    ),
    Headline(
        "accepted", "confident_share", "Accepted", "higher",
        "Share of the clips that the classifier takes for one of the actions, with confidence.",
        unit="%", real="confident_share_real", baseline="confident_share_copy_first",
        baseline_name="a still", classifier=ACTIONS,
    ),
    Headline(
        "as_named", "as_named", "As asked", "higher",
        "Share of the clips that the classifier takes for the very action they were asked for.",
        unit="%", classifier=ACTIONS,
    ),
    Headline(
        "actions", "actions_covered", "Actions", "higher",
        "Number of actions that at least one clip in a hundred is accepted as.",
        real="actions_covered_real", baseline="actions_covered_copy_first",
        baseline_name="a still", classifier=ACTIONS,
    ),
)  # fmt: skip
AUTOENCODER = (
    Headline(
        "psnr", "test.psnr", "PSNR, held out", "higher",
        "Likeness of frames of held-out actors and what comes back of them.", unit="dB",
        baseline="test.psnr_mean_frame", baseline_name="the mean frame",
    ),
    Headline(
        "psnr_train", "train.psnr", "PSNR, seen", "higher",
        "Likeness of frames it was trained on and what comes back of them.", unit="dB",
        baseline="train.psnr_mean_frame", baseline_name="the mean frame",
    ),
    Headline(
        "ceiling_motion", "ceiling.motion_ratio", "Ceiling of motion", "near 1",
        "Motion of real clips that went through it, divided by that of real clips.",
        unit="× real", real=1.0,
    ),
    Headline(
        "ceiling_accepted", "ceiling.confident_share", "Ceiling of accepted", "higher",
        "Share of real clips that the classifier still accepts after they went through it.",
        unit="%", classifier=ACTIONS,
    ),
)  # fmt: skip
DIGITS = (
    Headline(
        "numerals", "modes", "Numerals", "higher",
        "Number of numerals that at least one picture in a hundred is accepted as.",
        real="modes_held_out", classifier=NUMERALS,
    ),
    Headline(
        "accepted", "confident_share", "Accepted", "higher",
        "Share of the pictures that the classifier takes for a numeral, with confidence.",
        unit="%", real="confident_share_held_out", classifier=NUMERALS,
    ),
    Headline(
        "distance", "frechet", "Distance", "lower",
        "Fréchet distance on the classifier's features; two halves of the real pictures are 1 "
        "apart, held-out pictures, which are rotated further, as far as real ones go.",
        unit=FLOORS, per="frechet_floor", real="frechet_held_out",
        classifier=NUMERALS,
    ),
    Headline(
        "unevenness", "kl_uniform", "Unevenness", "lower",
        "Divergence of the numerals from equal shares.", unit="nats", real="kl_uniform_held_out",
        classifier=NUMERALS,
    ),
    Headline(
        "precision", "precision", "Precision", "higher",
        "Share of the pictures that lie among the real ones.", unit="%",
        real="precision_held_out", classifier=NUMERALS,
    ),
    Headline(
        "recall", "recall", "Recall", "higher",
        "Share of the real pictures that lie among the generated ones.", unit="%",
        classifier=NUMERALS,
    ),
)  # fmt: skip


def _skill(split: str, horizon: int) -> Headline:
    """Return the skill of a rollout, with its interval, beside the best rival without a network."""
    prefix = f"rollout.{split}.h{horizon}."
    frames = "1 frame" if horizon == 1 else f"{horizon} frames"
    return Headline(
        f"skill_{split}_{horizon}", f"{prefix}skill",
        f"Skill, {frames} ahead" + ("" if split == "held_out" else ", seen"), "higher",
        f"Share of the error of copying the last frame that is gone {frames} ahead, on "
        + ("held-out footage." if split == "held_out" else "footage it was trained on."),
        real=1.0, baseline=f"{prefix}fitted_flow_skill", baseline_name="flow carried on",
        low=f"{prefix}skill_low", high=f"{prefix}skill_high",
    )  # fmt: skip


PREDICTION = (
    *(_skill("held_out", horizon) for horizon in (1, 4, 16)),
    _skill("seen", 1),
    Headline(
        "psnr", "one_step.held_out.psnr", "PSNR, one step", "higher",
        "Likeness of the next frame, predicted from real ones, on held-out footage.", unit="dB",
        baseline="one_step.held_out.copy_last_psnr", baseline_name="copying",
    ),
    Headline(
        "sharpness", "rollout.held_out.h16.sharpness", "Sharpness, 16 frames ahead", "near 1",
        "Gradient energy of the predicted frames, divided by that of the real ones.",
        unit="× real", real=1.0,
    ),
    Headline(
        "perceptual", "rollout.held_out.h4.st_lpips", "ST-LPIPS, 4 frames ahead", "lower",
        "Learned distance from the real frame, as a multiple of that of copying the last one.",
        unit="× copying", per="rollout.held_out.h4.copy_last_st_lpips", real=0.0, baseline=1.0,
        baseline_name="copying",
    ),
    Headline(
        "strred", "rollout.held_out.strred", "ST-RRED", "lower",
        "Distance of whole films from real ones, as a multiple of that of copying the last frame.",
        unit="× copying", per="rollout.held_out.copy_last_strred", real=0.0, baseline=1.0,
        baseline_name="copying",
    ),
)  # fmt: skip
CLASSIFIER = (
    Headline(
        "accuracy", "held_out.accuracy", "Accuracy", "higher",
        "Share of the held-out data that get their own label.", unit="%",
        baseline="held_out.chance", baseline_name="chance",
    ),
)  # fmt: skip

HEADLINES: dict[str, tuple[Headline, ...]] = {
    "mlp_gan": DIGITS,
    "dcgan": DIGITS,
    "digit_classifier": CLASSIFIER,
    "pix2pix": PREDICTION,
    "action_classifier": CLASSIFIER,
    "clip_autoencoder": AUTOENCODER,
    **dict.fromkeys(CLIP_GAN_NAMES, CLIPS),
}


def scores_of(model: str, numbers: Numbers) -> dict[str, float]:
    """Return the headline scores that a model's metrics have, by name."""
    values = {score.name: score.value(numbers) for score in HEADLINES.get(model, ())}
    return {name: value for name, value in values.items() if value is not None}


def headline_metrics(model: str, numbers: Numbers, protocol: Protocol) -> ScoresAndProtocol:
    """Return the few of a model's metrics that DVC lists, as in `metrics/headlines/<model>.json`.

    Each score is beside its baseline. Of the protocol, the classifier alone is there: the rest of
    it are parameters and data.
    """
    values = {f"{score.name}_baseline": score.baseline_value(numbers) for score in HEADLINES[model]}
    baselines = {name: value for name, value in values.items() if value is not None}
    by = {key: value for key, value in protocol.items() if key == CLASSIFIER_MD5}
    return {**scores_of(model, numbers), **baselines, **({PROTOCOL: by} if by else {})}


def named(scores: Sequence[Headline], name: str) -> Headline:
    """Return the score of a name."""
    (score,) = (score for score in scores if score.name == name)
    return score


def ranking(models: Mapping[str, Numbers], scores: Sequence[Headline]) -> list[str]:
    """Return models from the best to the worst, by their mean rank over the scores.

    A model that lacks a score is last in it; of equal ones, the better in the first score is first.
    """
    losses = {
        name: [math.inf if (v := s.value(numbers)) is None else s.loss(v) for s in scores]
        for name, numbers in models.items()
    }
    ranks = {
        name: sum(
            sum(other[column] < own[column] for other in losses.values())
            for column in range(len(scores))
        )
        for name, own in losses.items()
    }
    return sorted(models, key=lambda name: (ranks[name], losses[name], name))


def wins(models: Mapping[str, Numbers], scores: Sequence[Headline], name: str) -> int:
    """Return the number of scores in which no model is better than the named one."""
    count = 0
    for score in scores:
        values = {
            model: value for model in models if (value := score.value(models[model])) is not None
        }
        if name in values:
            count += score.loss(values[name]) == min(map(score.loss, values.values()))
    return count
