"""The last part of the training of a GAN of clips with an encoder: its walk learns on alone.

While the encoder learns, the codes that the walk is to predict change faster than it learns them.
Once encoder and painter stand still it learns them well, and a step costs a tenth.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vidpipe.config.models import CodedTrain
from vidpipe.models.clip_codes import CodedGenerator
from vidpipe.models.clip_encoder import Gaussian
from vidpipe.models.clip_gan import ClipGenerator, ClipWindows
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import weights
from vidpipe.training.loop import Report
from vidpipe.training.runtime import Machine
from vidpipe.training.single import fit_network, record_history
from vidpipe.training.weight_files import GENERATOR_WEIGHTS
from vidpipe.visualization.sheets import png

CLIPS = 8192  # windows of real clips that are encoded, once, at most
BATCH = 64
COOLDOWN = 0.5  # share of the steps, at the end, in which the learning rate falls


def learn_walk(
    name: str,
    generator: type[ClipGenerator],
    folder: Path,
    windows: ClipWindows,
    sheet: Callable[[nn.Module], np.ndarray],
    *,
    train: CodedTrain,
    machine: Machine,
    tracker: Tracker,
    checkpoints: Path,
) -> None:
    """Go on with the walk of a generator that was just trained, in place of its weights.

    `walk_history.csv` and a last sheet are added.

    Args:
        name: Of the model.
        generator: Its class, a `CodedGenerator`.
        folder: Of its weights.
        windows: Real clips.
        sheet: Draws samples of a generator.
        train: Steps and learning rate.
        machine: Device.
        tracker: Logs the run.
        checkpoints: Folder of the training's checkpoints, beside which its run is noted.

    Raises:
        UserError: If the walk diverges.
    """
    file = folder / GENERATOR_WEIGHTS
    network = machine.place(weights.build(generator, file))
    assert isinstance(network, CodedGenerator)
    # The same run again: it gets the hash of the last weights.
    with tracker.training(name, checkpoints) as run:
        history = record_history(
            fit_walk(network, windows, train),
            steps=train.walk_steps,
            name=f"{name}'s walk",
            block=f"{name}.train",
            log=lambda values, step: run.metrics(values, train.steps + step),
        )
        history.to_csv(folder / "walk_history.csv", index=False)
        last = train.steps + train.walk_steps
        picture = sheet(network)
        run.picture("progress", picture, last)
        (folder / "sheets" / f"{last:06d}.png").write_bytes(png(picture))
        weights.save(network, file, weights.architecture(file))
        run.weights(file)


def fit_walk(
    generator: CodedGenerator, windows: ClipWindows, train: CodedTrain
) -> Iterator[Report]:
    """Train the walk of a generator in place, and yield reports of its loss in nats a clip.

    In full precision on any device: likelihoods of small differences are lost in a shorter one.

    Args:
        generator: Has an encoder, which stands still.
        windows: Real clips.
        train: Learning rate and seed, and how often to report.
    """
    # The averaged weights were written one by one: cuDNN wants those of the cell in one piece.
    generator.walk.cell.flatten_parameters()
    count = min(CLIPS, BATCH * train.walk_steps)
    rng = torch.Generator().manual_seed(train.seed)
    condition, motion = generator.encode_motion(windows, count, rng)

    def losses(rng: torch.Generator) -> dict[str, Tensor]:
        chosen = torch.randint(count, (BATCH,), generator=rng).to(condition.device)
        codes = Gaussian(*(values[chosen] for values in motion)).draw()
        predicted = generator.walk.predict(condition[chosen], codes)
        return {"walk_alone": -predicted.log_density(codes)}

    return fit_network(
        generator.walk,
        losses,
        steps=train.walk_steps,
        learning_rate=train.learning_rate * generator.rate_factors.get("walk", 1.0),
        cooldown=COOLDOWN,
        report_every=train.report_every,
        seed=train.seed,
    )
