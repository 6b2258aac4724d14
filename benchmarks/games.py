"""The project's own trainings, step after step, for benchmarks. torch is imported here.

Pin the instruction set before this module is imported (`runtime.pin_instructions`).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from vidpipe.config.models import TrainingConfig
from vidpipe.config.schema import Params
from vidpipe.data.clip_arrays import at_size
from vidpipe.data.splits import SEEN
from vidpipe.models import dcgan, mlp_gan, pix2pix, registry
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.noise import NoiseObjective, Prior
from vidpipe.training.adversarial import Objective, TrainState
from vidpipe.training.loop import fit
from vidpipe.training.runtime import Machine
from vidpipe.training.trainer import hyperparameters_of, place
from vidpipe.utils.names import model_name

CLIP_MODULES = {model_name(module): module for module in registry.CLIP_GANS}
DIGIT_MODULES = {"dcgan": dcgan, "mlp_gan": mlp_gan}
ENOUGH = 10**6  # steps of a loop that is stopped from outside


def networks(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], machine: Machine
) -> tuple[TrainState, Objective]:
    """State and training objective of a model, as its training stage makes them."""
    torch.manual_seed(0)
    block = getattr(params, name)
    config = TrainingConfig(block.model, block.train)
    if name == "pix2pix":
        pairs = pix2pix.PairData.of(arrays, machine.device)
        made = place(pix2pix.build(config, pairs), machine)
        state = TrainState(made, pix2pix.hyperparameters(block.train))
        return state, pix2pix.objective(config, pairs)
    if name in DIGIT_MODULES:
        made = place(DIGIT_MODULES[name].build(config), machine)
        real = torch.from_numpy(arrays["pictures"][arrays["split"] == SEEN])[:, None]
        prior = Prior(block.model.latent, block.model.codes)
        objective = NoiseObjective(real.to(machine.device), batch=block.train.batch, prior=prior)
        return TrainState(made, hyperparameters_of(block.train)), objective
    clips = clip_data(name, params, arrays, machine.device)
    made = place(CLIP_MODULES[name].build(config, clips), machine)
    state = TrainState(made, hyperparameters_of(block.train))
    return state, CLIP_MODULES[name].objective(config, clips)


def clip_data(
    name: str, params: Params, arrays: Mapping[str, np.ndarray], device: torch.device
) -> ClipData:
    """Clips of the size that a model is trained on; in latents, random numbers of their shape.

    A step takes as long whatever the latents show, and true ones would need a trained autoencoder.
    """
    model = getattr(params, name).model
    if model.space == "pixels":
        return ClipData.of(at_size(arrays, model.size), device)
    shape = params.clip_autoencoder.model
    numbers = np.random.default_rng(0)
    frames, mirrored = numbers.standard_normal(
        (2, len(arrays["frames"]), shape.side, shape.side, shape.latents), np.float32
    )
    return ClipData.of({**arrays, "frames": frames, "mirrored": mirrored}, device)


def steps(state: TrainState, objective: Objective, machine: Machine) -> Iterator[object]:
    """The project's own loop: yields after each step, when its losses have been read."""
    return fit(state, objective, steps=ENOUGH, report_every=1, seed=0, autocast=machine.autocast)


def weights(*networks: nn.Module) -> list[int]:
    """Number of weights of each network."""
    return [sum(one.numel() for one in network.parameters()) for network in networks]


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of matrix products and convolutions.

    torch's own FlopCounterMode follows modules by hooks that fail within `autograd.grad`.
    """

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        value = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func._overloadpacket):
            self.total += count(*args, **(kwargs or {}), out_val=value)
        return value
