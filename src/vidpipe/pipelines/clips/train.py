"""Stages `<model>_train` of the GANs of clips."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vidpipe.config.models import TrainingConfig
from vidpipe.config.schema import Runtime
from vidpipe.data.clip_arrays import at_size, check
from vidpipe.data.splits import TEST
from vidpipe.evaluation.clip_diagnostics import clip_diagnostics
from vidpipe.models.autoencoder import in_latents, trained_autoencoder
from vidpipe.models.clip_codes import CodedObjective
from vidpipe.models.clip_gan import ClipData, ClipGanModule, diagnostics_of
from vidpipe.models.pixels import to_uint8
from vidpipe.models.shapes import ClipBatch
from vidpipe.pipelines.clips.walk import learn_walk
from vidpipe.pipelines.devices import on_devices
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import TrainState
from vidpipe.training.distributed import is_first
from vidpipe.training.modes import evaluating
from vidpipe.training.trainer import hyperparameters_of, place, prepare, train_gan
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS
from vidpipe.utils.names import model_name
from vidpipe.visualization.sheets import grid

ROWS = 6  # clips on the progress sheet

Decode = Callable[[ClipBatch], ClipBatch]


def make_train_node(network: ClipGanModule) -> Callable[..., Path]:
    """Return the node function that trains a GAN of clips.

    Args:
        network: Module of the model. The node is a closure over it, by which it is among DVC's
            code dependencies of the stage.
    """

    def train_clip_gan(
        clips: dict[str, np.ndarray],
        model: network.ModelConfig,  # type: ignore[name-defined]  # a class, looked up as the function is made
        train: network.TrainConfig,  # type: ignore[name-defined]
        runtime: Runtime,
        tracker: Tracker,
        checkpoints: Path,
        scratch: Path,
        autoencoder: Path | None = None,
    ) -> Path:
        """Train on the clips that are for training, or on their latents.

        Where there is an encoder, the walk through its codes learns on alone at the end. Of that
        there are no checkpoints, for it takes minutes: a training that is stopped there goes on
        from the last checkpoint before it.

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
            A folder: weights of both networks, and of the autoencoder if there are latents,
            `history.csv`, `walk_history.csv` if there is a walk, and `sheets/` of clips from the
            same sources as training went on.

        Raises:
            UserError: If the clips are unsound, too short or too few, or the autoencoder does not
                suit them.
        """
        check(clips)
        machine = prepare(runtime, train)
        config = TrainingConfig(model, train)

        # In latents, each frame is encoded once.
        decode: Decode = lambda clips: clips  # noqa: E731
        beside = []
        if model.space == "latent":
            assert autoencoder
            network_of_frames = machine.place(trained_autoencoder(autoencoder, clips["frames"]))
            clips = in_latents(clips, network_of_frames, mirrored=train.mirror)
            decode = network_of_frames.decode_clips
            beside = [autoencoder / AUTOENCODER_WEIGHTS]
        else:
            clips = at_size(clips, model.size)

        # Networks and objective on the training clips; the objective on held-out ones is measured.
        data = ClipData.of(clips, machine.device)
        state = TrainState(place(network.build(config, data), machine), hyperparameters_of(train))
        objective = network.objective(config, data)
        held_out = None
        if TEST in clips["split"]:
            test_data = ClipData.of(clips, machine.device, split=TEST)
            held_out = network.objective(config, test_data)

        # The same sources are drawn at every sheet.
        rng = torch.Generator().manual_seed(train.seed)
        source, _ = objective.sample_batch(state.generator, rng)
        sheet = lambda generator: progress_sheet(generator, source, decode)  # noqa: E731
        own_diagnostics = diagnostics_of(network)
        name = model_name(network)
        folder = train_gan(
            name,
            state,
            objective,
            sheet,
            train=train,
            machine=machine,
            tracker=tracker,
            checkpoints=checkpoints,
            scratch=scratch,
            diagnostics=lambda state: {
                **clip_diagnostics(state, objective, held_out, seed=train.seed),
                **own_diagnostics(state.sampling_generator, source),
            },
            beside=beside,
        )
        if (
            isinstance(objective, CodedObjective)
            and objective.reconstruction
            and train.walk_steps
            and is_first()
        ):
            learn_walk(
                name,
                network.Generator,
                folder,
                objective.real,
                sheet,
                train=train,
                machine=machine,
                tracker=tracker,
                checkpoints=checkpoints,
            )
        return folder

    return on_devices(train_clip_gan, make_train_node, network)


@torch.no_grad()
def progress_sheet(
    generator: nn.Module, source: Any, decode: Decode = lambda clips: clips
) -> np.ndarray:
    """Draw a clip in each row, frame by frame."""
    with evaluating(generator):
        clips = to_uint8(decode(generator(source)[:ROWS])).permute(0, 2, 3, 4, 1)
    pixels = clips.expand(-1, -1, -1, -1, 3).cpu().numpy()
    return grid([list(clip) for clip in pixels], tile=64)
