"""Stage `dcgan_evaluate`."""

from pathlib import Path

import numpy as np

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.models.dcgan import Generator
from vidpipe.pipelines.digits.evaluate import evaluate_digit_gan
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import weights


def evaluate_dcgan(
    digits: dict[str, np.ndarray],
    model: Path,
    classifier: Path,
    evaluate: FromNoiseEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[dict[str, float], Path, Path]:
    """Score and draw what it makes: see `evaluate_digit_gan`."""
    return evaluate_digit_gan(
        "dcgan",
        weights.build(Generator, model / "generator.safetensors"),
        digits=digits,
        model=model,
        classifier=classifier,
        evaluate=evaluate,
        runtime=runtime,
        tracker=tracker,
        scratch=scratch,
    )
