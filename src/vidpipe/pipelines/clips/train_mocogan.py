"""Stage `mocogan_train`: the GAN learns, then the walk through its encoder's codes learns on alone.

While the encoder learns, the codes that the walk is to predict change faster than it learns them.
Once encoder and painter stand still it learns them well, and a step costs a tenth.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidpipe.config.models import MocoganModel, MocoganTrain
from vidpipe.config.schema import Runtime
from vidpipe.data.clip_arrays import at_size
from vidpipe.models import mocogan
from vidpipe.models.autoencoder import in_latents, trained_autoencoder
from vidpipe.models.clip_encoder import Gaussian
from vidpipe.models.clip_gan import ClipData, ClipWindows
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import weights
from vidpipe.training.loop import Report
from vidpipe.training.runtime import Machine
from vidpipe.training.single import fit_network, record_history
from vidpipe.training.trainer import prepare
from vidpipe.training.weight_files import GENERATOR_WEIGHTS

NAME = "mocogan"
CLIPS = 8192  # windows of real clips that are encoded, once
BATCH = 64
COOLDOWN = 0.5  # share of the steps, at the end, in which the learning rate falls

_train_gan = make_train_node(mocogan)


def train_mocogan(
    clips: dict[str, np.ndarray],
    model: MocoganModel,
    train: MocoganTrain,
    runtime: Runtime,
    tracker: Tracker,
    checkpoints: Path,
    scratch: Path,
    autoencoder: Path | None = None,
) -> Path:
    """Train mocogan as any GAN of clips and, where it has an encoder, its walk after that.

    Of the walk there are no checkpoints, for it takes minutes: a training that is stopped there
    goes on from where the GAN was done.

    Args:
        clips: Arrays of `clips.npz`.
        model: Architecture.
        train: Training.
        runtime: Device, precision and determinism.
        tracker: Logs the run.
        checkpoints: Folder of this training's checkpoints.
        scratch: Folder in which the result is made.
        autoencoder: Folder of the autoencoder, by which frames become latents in that space.

    Returns:
        The folder that every GAN of clips has.

    Raises:
        UserError: If the clips are unsound, too short or too few, the autoencoder does not suit
            them, or the walk diverges.
    """
    given = (clips, model, train, runtime, tracker, checkpoints, scratch, autoencoder)
    folder: Path = _train_gan(*given)
    if not (model.encoder and train.walk_steps):
        return folder

    # The same clips as before, and the generator whose weights are the averages.
    machine = prepare(runtime, train)
    if model.space == "latent":
        assert autoencoder
        network_of_frames = machine.place(trained_autoencoder(autoencoder, clips["frames"]))
        clips = in_latents(clips, network_of_frames, mirrored=train.mirror)
    else:
        clips = at_size(clips, model.size)
    file = folder / GENERATOR_WEIGHTS
    generator = machine.place(weights.build(mocogan.Generator, file))
    data = ClipData.of(clips, machine.device)
    windows = data.windows(length=model.frames, mirror=train.mirror)

    # Reopened: it is noted beside the checkpoints, and gets the hash of the last weights.
    with tracker.training(NAME, checkpoints) as run:
        record_history(
            fit_walk(generator, windows, train, machine),
            steps=train.walk_steps,
            name=f"{NAME}'s walk",
            block=f"{NAME}.train",
            log=lambda values, step: run.metrics(values, train.steps + step),
        )
        weights.save(generator, file, weights.architecture(file))
        run.weights(file)
    return folder


def fit_walk(
    generator: mocogan.Generator, windows: ClipWindows, train: MocoganTrain, machine: Machine
) -> Iterator[Report]:
    """Train the walk of a generator in place, and yield reports of its loss in nats a clip.

    Args:
        generator: Has an encoder, which stands still.
        windows: Real clips.
        train: Learning rate and seed, and how often to report.
        machine: Device and precision.
    """
    with machine.autocast():
        noise, motion = generator.encode_motion(
            windows, CLIPS, torch.Generator().manual_seed(train.seed)
        )
    category = noise[:, : generator.content.codes]

    def losses(rng: torch.Generator) -> dict[str, Tensor]:
        chosen = torch.randint(CLIPS, (BATCH,), generator=rng).to(category.device)
        codes = Gaussian(*(values[chosen] for values in motion)).draw()
        with machine.autocast():
            predicted = generator.walk.predict(category[chosen], codes)
            return {"walk_alone": -predicted.log_density(codes)}

    return fit_network(
        generator.walk,
        losses,
        steps=train.walk_steps,
        learning_rate=train.learning_rate,
        cooldown=COOLDOWN,
        report_every=train.report_every,
        seed=train.seed,
    )
