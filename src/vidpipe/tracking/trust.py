"""Limits of scores: few samples, and classifiers that score."""

from collections.abc import Mapping

from vidpipe.config.schema import CLIP_GAN_NAMES

FEWEST = 256  # samples; with fewer, the noise of Fréchet distances and of shares hides a difference
DIGITS_SCORED = ("confident_share", "frechet", "kl_uniform", "modes", "precision", "recall")
CLIPS_SCORED = (
    *("actions_covered", "as_named", "confident_share"),
    *("frechet_actions", "precision", "recall"),
)
# By model: the classifier, and the metrics that are its opinion, with those that begin so.
SCORED_BY = {
    **dict.fromkeys(("mlp_gan", "dcgan"), ("digit_classifier", DIGITS_SCORED)),
    **dict.fromkeys(CLIP_GAN_NAMES, ("action_classifier", CLIPS_SCORED)),
    "clip_autoencoder": (
        "action_classifier",
        tuple(f"ceiling.{metric}" for metric in CLIPS_SCORED),
    ),
}


def few_samples(metrics: Mapping[str, float]) -> str:
    """Return what is to be said of a model that is scored on few samples; empty if there is none.

    Args:
        metrics: Metrics by name, as in `metrics/<model>.json`.
    """
    count = metrics.get("samples", FEWEST)
    if count >= FEWEST:
        return ""
    return f"scored on {count:.0f} samples, fewer than {FEWEST}: too few to compare by"


def classifier_of(model: str) -> str:
    """Return the classifier that scores a model; empty if none does."""
    return SCORED_BY.get(model, ("",))[0]


def is_scored_by_classifier(model: str, metric: str) -> bool:
    """Return True for a metric of a model that depends on a classifier."""
    _, metrics = SCORED_BY.get(model, ("", ()))
    return metric.startswith(metrics) if metrics else False
