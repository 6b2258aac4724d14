"""What every training stage does: play the game, keep its history, show it, save the weights."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from vidpipe.config.models import FromNoiseTrain, GanTrain
from vidpipe.config.schema import Runtime
from vidpipe.tracking.protocol import Run, Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.adversarial import Players, Rules, Task
from vidpipe.training.checkpoint import NONE, Checkpoint, Checkpoints
from vidpipe.training.health import gradient_norm, signs
from vidpipe.training.loop import Report, fit
from vidpipe.utils.progress import progress
from vidpipe.visualization.sheets import from_png, png

log = logging.getLogger(__name__)
UNSETTLED = 0.3  # share of the steps, at the start, in which signs show in good runs too


def start(runtime: Runtime, train: GanTrain) -> runtimes.Machine:
    """Set up torch, and its own random numbers, from which first weights are drawn."""
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    return machine


def rules_of(train: FromNoiseTrain) -> Rules:
    """How a GAN plays that starts from noise."""
    names = {field.name for field in fields(Rules)} & set(FromNoiseTrain.model_fields)
    return Rules(**train.model_dump(include=names), adversarial_weight=1.0)


def train_gan(
    name: str,
    players: Players,
    task: Task,
    sheet: Callable[[nn.Module], np.ndarray],
    *,
    built: Mapping[str, Any],
    train: GanTrain,
    machine: runtimes.Machine,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
    watch: Callable[[Players], Mapping[str, float]] = lambda players: {},
) -> Path:
    """Train two networks on a task, and fill a folder.

    Args:
        name: Of the model.
        players: Who learns.
        task: What they are fed.
        sheet: Draws what a generator makes of the same inputs, as training goes on.
        built: What it takes to build the generator again; stands beside its weights.
        train: Seed, steps, and when to report.
        machine: What to compute with.
        tracker: Who is told.
        scratch: Where the folder is made.
        checkpoints: Folder of the checkpoints; training resumes from the newest, to the same end.
        watch: Measures how the players fare, beside their losses.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/`.
    """
    saves = Checkpoints(checkpoints)
    kept = _taken_up(saves, players, name, train.steps)
    history, sheets = list(kept.history), dict(kept.sheets)
    pace = {"steps": train.steps, "report_every": train.report_every, "seed": train.seed}
    reports = fit(players, task, **pace, done=kept.step, autocast=machine.autocast)
    with tracker.training(name, checkpoints) as run:
        tell = partial(_tell, name, run, train.steps, set[str]())
        _tell_again(kept, tell, run)
        for plain in progress(reports, total=train.steps, name=name, unit="step", done=kept.step):
            report = replace(plain, losses={**plain.losses, **_norms(players), **watch(players)})
            history.append(report)
            tell(report)
            if report.step % train.sample_every == 0 or report.step == train.steps:
                sheets[report.step] = _drawn(sheet(players.sampled), run, report.step)
            saves.save(Checkpoint(players.state_dict(), history, sheets))
        folder = _filled(scratch / name, history, sheets, players, built)
        run.weights(folder / "generator.safetensors")
    return folder


def _taken_up(checkpoints: Checkpoints, players: Players, name: str, steps: int) -> Checkpoint:
    """The last checkpoint that fits, its state given to the players; else one of no step."""
    for checkpoint in checkpoints.good():
        try:
            players.load_state_dict(checkpoint.state)
        except ValueError as error:
            log.warning("%s: a checkpoint is passed over: %s", name, error)
            continue
        log.info(
            "%s was stopped: going on from step %d of %d; to start anew: rm -r %s",
            *(name, checkpoint.step, steps, checkpoints.folder.resolve()),
        )
        return checkpoint
    return NONE


def _tell_again(kept: Checkpoint, tell: Callable[[Report], None], run: Run) -> None:
    """Pass on what was made before: the run may be another, or have missed some of it."""
    for report in kept.history:
        tell(report)
    for step, picture in kept.sheets.items():
        run.picture("progress", from_png(picture), step)


def _norms(players: Players) -> dict[str, float]:
    """Length of the last gradient of each network."""
    return {
        "generator_gradient": gradient_norm(players.generator),
        "discriminator_gradient": gradient_norm(players.discriminator),
    }


def _tell(name: str, run: Run, steps: int, told: set[str], report: Report) -> None:
    """Pass on a report, and say once of each sign that it shows."""
    run.metrics(report.losses, report.step)
    shows = signs(report.losses) if report.step > UNSETTLED * steps else {}
    for sign, says in shows.items():
        if sign not in told:
            log.warning("%s, step %d: %s: %s", name, report.step, sign, says)
            run.warning(sign, report.step)
            told.add(sign)


def _drawn(picture: np.ndarray, run: Run, step: int) -> bytes:
    run.picture("progress", picture, step)
    return png(picture)


def _filled(
    folder: Path,
    history: Sequence[Report],
    sheets: Mapping[int, bytes],
    players: Players,
    built: Mapping[str, Any],
) -> Path:
    (folder / "sheets").mkdir(parents=True)
    for step, picture in sheets.items():
        (folder / "sheets" / f"{step:06d}.png").write_bytes(picture)
    rows = [{"step": report.step, **report.losses} for report in history]
    pd.DataFrame(rows).round(6).to_csv(folder / "history.csv", index=False)
    weights.save(players.sampled, folder / "generator.safetensors", built)
    weights.save(players.discriminator, folder / "discriminator.safetensors", built)
    return folder
