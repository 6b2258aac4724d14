"""Stage `vgan_evaluate`."""

from pathlib import Path

import numpy as np
import torch

from vidpipe.data.pictures import gif, png
from vidpipe.models import weights
from vidpipe.models.pixels import to_uint8
from vidpipe.models.vgan import Generator
from vidpipe.params import Runtime
from vidpipe.params_gans import FromNoiseEvaluate
from vidpipe.pipelines.moving.evaluate import evaluate_clip_gan
from vidpipe.pipelines.moving.films import COLOURS, WALL, Page, Show, coloured, playing
from vidpipe.training.tracker import Tracker


def evaluate_vgan(
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
        "vgan",
        weights.build(Generator, model / "generator.safetensors"),
        clips=clips,
        model=model,
        classifier=classifier,
        evaluate=evaluate,
        runtime=runtime,
        tracker=tracker,
        scratch=scratch,
        also=parts,
    )


def parts(show: Show) -> dict[str, bytes]:
    """What some clips are put together from, apart."""
    pages = _pages(show)
    middle = pages[len(pages) // 2]
    return {"parts.gif": gif(pages, fps=show.fps, colours=COLOURS), "parts.png": png(middle)}


@torch.no_grad()
def _pages(show: Show) -> list[Page]:
    generator = show.make.generator
    assert isinstance(generator, Generator)
    noise = generator.prior.draw(WALL, show.rng).to(show.make.device)
    made = generator.parts(noise)
    mask = 2 * made.mask - 1
    shown = [made.clips, made.foreground, mask, made.background.expand_as(made.clips)]
    columns = [coloured(to_uint8(part).permute(0, 2, 3, 4, 1).cpu()) for part in shown]
    names = ["clip", "foreground", "mask", "background"]
    return playing(list(zip(*columns, strict=True)), columns=names)
