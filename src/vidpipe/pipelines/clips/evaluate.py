"""How a GAN of clips is scored and shown, whatever its networks."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.clips import Stretches, check, stretches
from vidpipe.data.npz import write_npz
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.clip_measures import Clips, Measured, Pictures, first_frame_psnr, measure
from vidpipe.evaluation.clip_scores import MADE, beside, check_halves, scores, table
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.clip_gan import ClipGan, ClipGenerator
from vidpipe.models.clip_sampling import ClipMaker
from vidpipe.models.shapes import Labels as Label
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import model_name
from vidpipe.visualization.films import Show, draw, sheet

MOST = 4  # times as many real clips as are made: larger sets are not looked at whole
KEPT = 64  # clips in samples.npz


def evaluate_clip_gan(
    name: str,
    generator: ClipGenerator,
    *,
    clips: dict[str, np.ndarray],
    model: Path,
    classifier: Path,
    evaluate: FromNoiseEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[dict[str, float], Path, Path]:
    """Score what a generator makes against what training saw, and draw it.

    Args:
        name: Of the model.
        generator: Trained.
        clips: Arrays of `clips.npz`.
        model: Folder of the model.
        classifier: Folder of the judge.
        evaluate: How many clips, and the seed.
        runtime: What to compute with.
        tracker: Who is told.
        scratch: Where folders are made.

    Returns:
        Metrics by name: see `scores`; folders of plots and of samples.

    Raises:
        UserError: If the clips are not sound, too few, too short or of another size than those that
            are made, or these are not finite.
    """
    check(clips)
    machine = runtimes.start(**runtime.model_dump())
    make = ClipMaker(name, machine.place(generator), machine.device)
    judge = machine.place(weights.build(ActionClassifier, classifier / "classifier.safetensors"))
    look = partial(measure, classifier=judge, device=machine.device)
    seen, held_out = (
        stretches(clips, split, frames=generator.frames, most=times * evaluate.samples)
        for split, times in ((TRAIN, MOST), (TEST, 1))
    )
    check_halves(seen, evaluate.samples)
    actions, fps = clips["labels"].tolist(), max(1, round(float(np.median(clips["fps"]))))
    numbers, show = _compared(make, look, seen, held_out, evaluate, actions=actions, fps=fps)
    plots, samples = _written(scratch, model, table(numbers), show)
    with tracker.evaluation(name, model / "generator.safetensors") as run:
        run.metrics(numbers, 0)
        run.files(samples)
        run.picture("samples", sheet(show), 0)
    return numbers, plots, samples


def make_evaluate_node(network: ClipGan) -> Callable[..., tuple[dict[str, float], Path, Path]]:
    """Return the node that evaluates a GAN of clips."""

    def evaluate_model(
        clips: dict[str, np.ndarray],
        model: Path,
        classifier: Path,
        evaluate: FromNoiseEvaluate,
        runtime: Runtime,
        tracker: Tracker,
        scratch: Path,
    ) -> tuple[dict[str, float], Path, Path]:
        return evaluate_clip_gan(
            model_name(network),
            weights.build(network.Generator, model / "generator.safetensors"),
            clips=clips,
            model=model,
            classifier=classifier,
            evaluate=evaluate,
            runtime=runtime,
            tracker=tracker,
            scratch=scratch,
        )

    return evaluate_model


def _made(
    make: ClipMaker, named: Label, given: Pictures, like: tuple[int, ...], rng: torch.Generator
) -> Clips:
    """A clip for each label and picture, shaped as the real ones are."""
    made = make(make.generator.prior.draw(len(named), rng, named), given)
    if made.shape[1:] != like:
        shapes = [" x ".join(map(str, shape)) for shape in (like, made.shape[1:])]
        raise UserError(
            f"{make.name}: expected clips of {shapes[0]} (frames, height, width, channels), as "
            f"those in clips.npz, it makes {shapes[1]}; train it on these"
        )
    return made


def _labels(clips: Stretches) -> Label:
    return torch.from_numpy(clips.label).long()


def _compared(
    make: ClipMaker,
    look: Callable[[Clips], Measured],
    seen: Stretches,
    held_out: Stretches,
    evaluate: FromNoiseEvaluate,
    *,
    actions: list[str],
    fps: int,
) -> tuple[dict[str, float], Show]:
    """Scores of what is made and of all that stands beside it, and what there is to be shown."""
    rng = torch.Generator().manual_seed(evaluate.seed)
    chosen = torch.randint(len(seen), (evaluate.samples,), generator=rng)
    named, given = _labels(seen)[chosen], torch.from_numpy(seen.pixels)[chosen, 0]
    made = _made(make, named, given, seen.pixels.shape[1:], rng)
    rows = {row: look(some) for row, some in beside(made, given, held_out, rng).items()}
    numbers = scores(rows, look(torch.from_numpy(seen.pixels)), seen.video, seed=evaluate.seed)
    unseen = torch.from_numpy(held_out.pixels[:, 0]) if len(held_out) else given
    if make.generator.from_picture:
        label = _labels(held_out) if len(held_out) else None
        again = make(make.generator.prior.draw(len(unseen), rng, label), unseen)
        numbers["first_frame_psnr"] = first_frame_psnr(made, given)
        numbers["first_frame_psnr_held_out"] = first_frame_psnr(again, unseen)
    asked, judged = named if make.generator.prior.labels else None, rows[MADE].judged
    if asked is not None and judged:
        numbers["as_named"] = judged.share_of(asked)
    return numbers, Show(make, rows[MADE], seen, asked, given, unseen, actions, fps, rng)


def _written(scratch: Path, model: Path, scored: pd.DataFrame, show: Show) -> tuple[Path, Path]:
    """Folders of plots and of samples."""
    plots, samples = scratch / "plots", scratch / "samples"
    for folder in (plots, samples):
        folder.mkdir()
    pd.read_csv(model / "history.csv").to_csv(plots / "history.csv", index=False)
    scored.to_csv(plots / "scores.csv", index=False)
    for name, content in draw(show).items():
        (samples / name).write_bytes(content)
    kept = show.made.clips[:KEPT].numpy()
    write_npz(samples / "samples.npz", {"clips": kept, "fps": np.array(show.fps)})
    return plots, samples
