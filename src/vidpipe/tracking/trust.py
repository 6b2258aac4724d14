"""Limits of scores: few samples, and classifiers that score."""

from collections.abc import Mapping

from vidpipe.config.schema import CLIP_GAN_NAMES, DIGIT_GAN_NAMES

FEWEST = 256  # samples; with fewer, the noise of Fréchet distances and of shares hides a difference
# By model: the classifier that scores it.
CLASSIFIERS = {
    **dict.fromkeys(DIGIT_GAN_NAMES, "digit_classifier"),
    **dict.fromkeys((*CLIP_GAN_NAMES, "clip_autoencoder"), "action_classifier"),
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
    return CLASSIFIERS.get(model, "")
