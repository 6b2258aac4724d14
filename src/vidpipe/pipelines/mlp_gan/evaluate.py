"""Stage `mlp_gan_evaluate`."""

from pathlib import Path

import numpy as np

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.models.mlp_gan import Generator
from vidpipe.pipelines.digits.evaluate import evaluate_digit_gan
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import weights


def evaluate_mlp_gan(
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
        "mlp_gan",
        weights.build(Generator, model / "generator.safetensors"),
        digits=digits,
        model=model,
        classifier=classifier,
        evaluate=evaluate,
        runtime=runtime,
        tracker=tracker,
        scratch=scratch,
    )
