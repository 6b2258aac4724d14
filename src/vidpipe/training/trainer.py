"""The trainer of every GAN: train, keep the history, draw progress, checkpoint, save weights."""

import logging
import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from vidpipe.config.models import FromNoiseTrain, GanTrain
from vidpipe.config.schema import Runtime
from vidpipe.tracking.protocol import Run, Tracker
from vidpipe.training import distributed, weights
from vidpipe.training import runtime as runtimes
from vidpipe.training.adversarial import Hyperparameters, Networks, Objective, TrainState
from vidpipe.training.checkpoint import NONE, Checkpoint, Checkpoints
from vidpipe.training.health import gradient_norm, warning_signs
from vidpipe.training.loop import Report, fit
from vidpipe.training.weight_files import GENERATOR_WEIGHTS
from vidpipe.utils.progress import progress
from vidpipe.visualization.sheets import from_png, png

log = logging.getLogger(__name__)
FEW_STEPS = 100  # in a training of fewer, as at the scale smoke, warning signs mean nothing
UNSETTLED = 0.3  # share of the steps, at the start, in which good runs show warning signs too

Sheet = Callable[[nn.Module], np.ndarray]
Diagnostics = Callable[[TrainState], Mapping[str, float]]


def prepare(runtime: Runtime, train: GanTrain) -> runtimes.Machine:
    """Set up torch, and seed its global generator, from which first weights are drawn."""
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    return machine


def place(networks: Networks, machine: runtimes.Machine) -> Networks:
    """Move all networks to the device, before optimizers hold on to their weights."""
    for network in networks.by_name().values():
        machine.place(network)
    return networks


def hyperparameters_of(train: FromNoiseTrain) -> Hyperparameters:
    """Hyper-parameters of a GAN that starts from noise."""
    return Hyperparameters(
        loss=train.loss,
        r1=train.r1,
        r2=train.r2,
        penalty_every=train.penalty_every,
        learning_rate=train.learning_rate,
        beta1=train.beta1,
        beta2=train.beta2,
        adversarial_weight=1.0,
        ema=train.ema,
        cooldown=train.cooldown,
    )


def train_gan(
    name: str,
    state: TrainState,
    objective: Objective,
    sheet: Sheet,
    *,
    train: GanTrain,
    machine: runtimes.Machine,
    tracker: Tracker,
    checkpoints: Path,
    scratch: Path,
    diagnostics: Diagnostics = lambda state: {},
    beside: Sequence[Path] = (),
) -> Path:
    """Train networks on an objective, and fill a folder.

    Training that was stopped is resumed from the last checkpoint, to the same weights.

    Args:
        name: Of the model.
        state: Networks and optimizers.
        objective: Batches, and losses beside the adversarial one.
        sheet: Draws samples of a generator, from the same sources all along.
        train: Seed, steps, and when to report.
        machine: Device and precision.
        tracker: Logs the run.
        checkpoints: Folder of this training's checkpoints.
        scratch: Folder in which the result is made.
        diagnostics: Measures the state at each report, beside its losses.
        beside: Files that belong to the weights, and are copied beside them.

    Returns:
        A folder: weights of all networks, `history.csv`, and `sheets/`. Only the first process of
        several makes it.
    """
    # Resume: networks, optimizers, history and sheets as they were at the last good checkpoint.
    distributed.share_layers(state.networks.by_name().values())
    first = distributed.is_first()
    store = Checkpoints(checkpoints)
    resumed = _resume(store, state, name, train.steps) if first else NONE
    history = list(resumed.history)
    sheets = dict(resumed.sheets)
    reports = fit(
        state,
        objective,
        steps=train.steps,
        report_every=train.report_every,
        seed=train.seed,
        autocast=machine.autocast,
        done=distributed.follow_first(state.state_dict(), resumed.step),
    )
    if not first:
        # The first process measures, logs and writes; the others do their share of each step.
        deque(reports, maxlen=0)
        return scratch / name
    with tracker.training(name, checkpoints) as run:
        # The run may be a new one, or may have missed the last reports before the stop.
        logger = _RunLogger(name, run, train.steps)
        for report in resumed.history:
            logger.log_report(report)
        for step, picture in resumed.sheets.items():
            run.picture("progress", from_png(picture), step)

        for report in progress(
            reports, total=train.steps, name=name, unit="step", done=resumed.step
        ):
            # Measure more than losses, tell the tracker, and warn of what goes wrong.
            measured = {**report.values, **_gradient_norms(state), **diagnostics(state)}
            history.append(Report(report.step, measured))
            logger.log_report(history[-1])

            # Draw the same sources now and then, and after the last step.
            if report.step % train.sample_every == 0 or report.step == train.steps:
                picture_now = sheet(state.sampling_generator)
                run.picture("progress", picture_now, report.step)
                sheets[report.step] = png(picture_now)
            store.save(Checkpoint(state.state_dict(), history, sheets))

        # The result is files; the run is tagged with the hash of the weights that came of it.
        folder = _write(scratch / name, history, sheets, state)
        for file in beside:
            shutil.copyfile(file, folder / file.name)
        run.weights(folder / GENERATOR_WEIGHTS)
    return folder


class _RunLogger:
    """Logs reports to a run, and each warning sign once, at the report that first shows it."""

    def __init__(self, name: str, run: Run, steps: int) -> None:
        self.name = name
        self.run = run
        self.steps = steps
        self.warned = set[str]()

    def log_report(self, report: Report) -> None:
        """Log the numbers of a report, and warn of what they show."""
        self.run.metrics(report.values, report.step)
        if self.steps < FEW_STEPS or report.step <= UNSETTLED * self.steps:
            return
        for sign, message in warning_signs(report.values).items():
            if sign not in self.warned:
                log.warning("%s, step %d: %s: %s", self.name, report.step, sign, message)
                self.run.warning(sign, report.step)
                self.warned.add(sign)


def _resume(store: Checkpoints, state: TrainState, name: str, steps: int) -> Checkpoint:
    """Load the last checkpoint that fits into the state; else return one of no step."""
    for checkpoint in store.good():
        try:
            state.load_state_dict(checkpoint.state)
        except ValueError as error:
            log.warning("%s: a checkpoint is passed over: %s", name, error)
            continue
        log.info(
            "%s was stopped: going on from step %d of %d; to start anew: rm -r %s",
            *(name, checkpoint.step, steps, store.folder.resolve()),
        )
        return checkpoint
    return NONE


def _gradient_norms(state: TrainState) -> dict[str, float]:
    """Length of the last gradient of each network."""
    return {
        f"{name}_gradient": gradient_norm(network)
        for name, network in state.networks.by_name().items()
    }


def _write(
    folder: Path,
    history: Sequence[Report],
    sheets: Mapping[int, bytes],
    state: TrainState,
) -> Path:
    """Write history, sheets and weights into a new folder."""
    # A process that was lost in here may have left half of it.
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sheets").mkdir(parents=True)
    for step, picture in sheets.items():
        (folder / "sheets" / f"{step:06d}.png").write_bytes(picture)
    # Six decimals: a loss means nothing beyond.
    rows = [{"step": report.step, **report.values} for report in history]
    pd.DataFrame(rows).round(6).to_csv(folder / "history.csv", index=False)
    architecture = state.networks.architecture
    weights.save(state.sampling_generator, folder / GENERATOR_WEIGHTS, architecture)
    for name, discriminator in state.networks.discriminators.items():
        weights.save(discriminator, folder / f"{name}.safetensors", architecture)
    return folder
