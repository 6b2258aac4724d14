"""Stage `pix2pix_train`."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from vidpipe.data.pictures import grid, png
from vidpipe.data.splits import SEEN
from vidpipe.models import weights
from vidpipe.models.pix2pix import Discriminator, Generator, NextFrame, predict, to_float, to_uint8
from vidpipe.params import Pix2pixModel, Pix2pixTrain, Runtime
from vidpipe.training import runtime as runtimes
from vidpipe.training.adversarial import Players, Rules
from vidpipe.training.loop import fit
from vidpipe.training.progress import shown
from vidpipe.training.tracker import Tracker

log = logging.getLogger(__name__)


def train_pix2pix(
    pairs: dict[str, np.ndarray],
    model: Pix2pixModel,
    train: Pix2pixTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> Path:
    """Train on the pairs that are `seen`.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/` of what the generator
        made of the same frames as training went on.
    """
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    task = _task(pairs, train, machine.device)
    built = {"size": task.frames.shape[-1], "channels": task.frames.shape[1], **model.model_dump()}
    players = _players(built, train, machine)
    reports = fit(
        players,
        task,
        steps=train.steps,
        report_every=train.report_every,
        seed=train.seed,
        autocast=machine.autocast,
    )

    folder = scratch / "pix2pix"
    (folder / "sheets").mkdir(parents=True)
    history = []
    with tracker.training("pix2pix") as run:
        for report in shown(reports, total=train.steps, name="pix2pix"):
            history.append({"step": report.step, **report.losses})
            run.metrics(report.losses, report.step)
            if report.step % train.sample_every == 0 or report.step == train.steps:
                sheet = progress_sheet(players.sampled, task)
                (folder / "sheets" / f"{report.step:06d}.png").write_bytes(png(sheet))
                run.picture("progress", sheet, report.step)
        pd.DataFrame(history).round(6).to_csv(folder / "history.csv", index=False)
        weights.save(players.sampled, folder / "generator.safetensors", built)
        weights.save(players.discriminator, folder / "discriminator.safetensors", built)
        run.weights(folder / "generator.safetensors")
    return folder


def _players(built: dict[str, Any], train: Pix2pixTrain, machine: runtimes.Machine) -> Players:
    return Players(
        machine.place(Generator(**built)),
        machine.place(Discriminator(channels=built["channels"], width=built["width"])),
        Rules(
            learning_rate=train.learning_rate,
            beta1=train.beta1,
            adversarial_weight=train.adversarial_weight,
            ema=train.ema,
        ),
    )


def _task(pairs: dict[str, np.ndarray], train: Pix2pixTrain, device: torch.device) -> NextFrame:
    frames = torch.from_numpy(pairs["frames"]).permute(0, 3, 1, 2).contiguous()
    return NextFrame(
        frames.to(device),
        torch.from_numpy(pairs["pairs"][pairs["pair_split"] == SEEN]).long(),
        batch=train.batch,
        l1_weight=train.l1_weight,
        noise=train.noise,
        views=train.views,
        pushforward=train.pushforward,
    )


def progress_sheet(generator: nn.Module, task: NextFrame) -> np.ndarray:
    """Four seen pairs in rows: source, prediction, target."""
    rows = torch.linspace(0, len(task.pairs) - 1, 4).round().long()
    source, target = task.frames[task.pairs[rows, 0]], task.frames[task.pairs[rows, 1]]
    was_training = generator.training
    made = to_uint8(predict(generator, to_float(source)))
    generator.train(was_training)
    columns = torch.stack([source, made, target], dim=1).permute(0, 1, 3, 4, 2).cpu().numpy()
    return grid([list(row) for row in columns], columns=["frame", "predicted next", "real next"])
