"""Stage `convlstm_gan_evaluate`."""

from pathlib import Path

import numpy as np

from vidpipe.models import weights
from vidpipe.models.convlstm_gan import Generator, Source
from vidpipe.params import Runtime
from vidpipe.params_gans import FromNoiseEvaluate
from vidpipe.pipelines.moving.evaluate import evaluate_clip_gan
from vidpipe.pipelines.moving.films import one_picture
from vidpipe.training.tracker import Tracker


def evaluate_convlstm_gan(
    clips: dict[str, np.ndarray],
    model: Path,
    classifier: Path,
    evaluate: FromNoiseEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[dict[str, float], Path, Path]:
    """Score and draw what it makes: see `evaluate_clip_gan`."""
    return evaluate_clip_gan(
        "convlstm_gan",
        weights.build(Generator, model / "generator.safetensors"),
        clips=clips,
        model=model,
        classifier=classifier,
        evaluate=evaluate,
        runtime=runtime,
        tracker=tracker,
        scratch=scratch,
        join=Source,
        also=one_picture,
    )
