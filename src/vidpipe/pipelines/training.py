"""What every training stage does: play the game, keep its history, show it, save the weights."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from vidpipe.data.pictures import png
from vidpipe.models import weights
from vidpipe.params import Runtime
from vidpipe.params_gans import GanTrain
from vidpipe.training import runtime as runtimes
from vidpipe.training.adversarial import Players, Task
from vidpipe.training.loop import fit
from vidpipe.training.progress import shown
from vidpipe.training.tracker import Tracker


def start(runtime: Runtime, train: GanTrain) -> runtimes.Machine:
    """Set up torch, and its own random numbers, from which first weights are drawn."""
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    return machine


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

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/`.
    """
    pace = {"steps": train.steps, "report_every": train.report_every, "seed": train.seed}
    reports = fit(players, task, **pace, autocast=machine.autocast)
    folder = scratch / name
    (folder / "sheets").mkdir(parents=True)
    history = []
    with tracker.training(name) as run:
        for report in shown(reports, total=train.steps, name=name):
            history.append({"step": report.step, **report.losses})
            run.metrics(report.losses, report.step)
            if report.step % train.sample_every == 0 or report.step == train.steps:
                picture = sheet(players.sampled)
                (folder / "sheets" / f"{report.step:06d}.png").write_bytes(png(picture))
                run.picture("progress", picture, report.step)
        pd.DataFrame(history).round(6).to_csv(folder / "history.csv", index=False)
        weights.save(players.sampled, folder / "generator.safetensors", built)
        weights.save(players.discriminator, folder / "discriminator.safetensors", built)
        run.weights(folder / "generator.safetensors")
    return folder
