"""Stages `mlp_gan_train` and `dcgan_train`."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from vidpipe.config.models import FromNoiseTrain, TrainingConfig
from vidpipe.config.schema import Runtime
from vidpipe.data.splits import SEEN
from vidpipe.models.noise import NoiseObjective, Prior
from vidpipe.models.pixels import to_uint8
from vidpipe.pipelines.devices import on_devices
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import TrainState
from vidpipe.training.modes import evaluating
from vidpipe.training.trainer import hyperparameters_of, place, prepare, train_gan
from vidpipe.utils.names import model_name
from vidpipe.visualization.sheets import grid

SIDE = 10  # pictures of a row and of a column of the progress sheet


def make_train_node(network: ModuleType) -> Callable[..., Path]:
    """Return the node function that trains a GAN of digits.

    Args:
        network: Module of the model. The node is a closure over it, by which it is among DVC's
            code dependencies of the stage.
    """

    def train_digit_gan(
        digits: dict[str, np.ndarray],
        model: network.ModelConfig,  # type: ignore[name-defined]  # a class, looked up as the function is made
        train: FromNoiseTrain,
        runtime: Runtime,
        tracker: Tracker,
        checkpoints: Path,
        scratch: Path,
    ) -> Path:
        """Train on the digits that are `seen`.

        Returns:
            A folder: weights of both networks, `history.csv`, and `sheets/` of samples from the
            same noise as training went on.
        """
        machine = prepare(runtime, train)
        networks = place(network.build(TrainingConfig(model, train)), machine)
        prior = Prior(model.latent, model.codes)
        real = torch.from_numpy(digits["pictures"][digits["split"] == SEEN])[:, None]
        objective = NoiseObjective(real.to(machine.device), batch=train.batch, prior=prior)
        noise = prior.draw(SIDE**2, torch.Generator().manual_seed(train.seed))
        return train_gan(
            model_name(network),
            TrainState(networks, hyperparameters_of(train)),
            objective,
            lambda generator: progress_sheet(generator, noise.to(machine.device)),
            train=train,
            machine=machine,
            tracker=tracker,
            checkpoints=checkpoints,
            scratch=scratch,
        )

    return on_devices(train_digit_gan, make_train_node, network)


@torch.no_grad()
def progress_sheet(generator: nn.Module, noise: torch.Tensor) -> np.ndarray:
    """Draw the generator's pictures of some noise, in rows of ten."""
    with evaluating(generator):
        samples = to_uint8(generator(noise)).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)
    pictures = samples.cpu().numpy()
    return grid([list(pictures[i : i + SIDE]) for i in range(0, len(pictures), SIDE)], tile=56)
