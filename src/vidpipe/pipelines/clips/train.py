"""How a GAN of clips is trained, whatever its networks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from vidpipe.config.models import ClipGanModel, ClipGanTrain
from vidpipe.config.schema import Params, Runtime
from vidpipe.data.clips import check
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.clip_diagnostics import fares
from vidpipe.models.clip_gan import RealClips
from vidpipe.models.modes import evaluating
from vidpipe.models.noise import Prior
from vidpipe.models.pixels import to_uint8
from vidpipe.tracking.protocol import Tracker
from vidpipe.training.adversarial import Players, Task
from vidpipe.training.runtime import Machine
from vidpipe.training.trainer import rules_of, start, train_gan
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import grid

ROWS = 6  # clips on the sheet that shows how training goes


def real_clips(
    clips: dict[str, np.ndarray], split: str, length: int, *, mirror: bool, device: torch.device
) -> RealClips:
    """The clips of a split.

    Args:
        clips: Arrays of `clips.npz`.
        split: `train` or `test`.
        length: Frames the model wants.
        mirror: Whether a mirrored clip is as good as a real one.
        device: Where they are wanted.

    Raises:
        UserError: If there are none, or they are too short.
    """
    rows = clips["split"] == split
    chosen = clips["clips"][rows]
    if not len(chosen):
        raise UserError(
            f"clips.npz: no clip is for {split}, of {len(clips['clips'])}; give labels with the "
            "splits train and test, or change sources.clips.test"
        )
    if chosen.shape[1] < length:
        raise UserError(
            f"clips.npz: clips have {chosen.shape[1]} frames, the model wants {length}; raise "
            "clips.frames, or lower the model's frames"
        )
    label = clips["label"][rows]
    return RealClips(clips["frames"], chosen, label, length=length, mirror=mirror, device=device)


def prior_of(model: ClipGanModel, labels: Sequence[str]) -> Prior:
    """Where a model's noise is drawn from.

    Args:
        model: How it is built.
        labels: What the clips show.

    Raises:
        UserError: If there are more labels than noise has numbers.
    """
    if model.codes != "labels":
        return Prior(model.latent, model.codes)
    if len(labels) > model.latent:
        raise UserError(
            f"clips.npz: {len(labels)} labels, each of which takes one of noise's {model.latent} "
            "numbers; raise the model's latent, or give codes a number"
        )
    return Prior(model.latent, len(labels), tuple(labels))


def players_of(
    network: ModuleType,
    shape: Mapping[str, int],
    model: ClipGanModel,
    prior: Prior,
    train: ClipGanTrain,
    machine: Machine,
) -> tuple[Players, dict[str, Any]]:
    """The two networks of a model, and what it takes to build the generator again.

    Parameters of the model that not all models have are its generator's.

    Args:
        network: Module of the model.
        shape: `size` and `channels` of the frames.
        model: How the networks are built.
        prior: Where noise is drawn from.
        train: How they learn.
        machine: Where they are placed.
    """
    shape = {**shape, "frames": model.frames}
    names = {"width"} | _own(model, ClipGanModel)
    built = {**asdict(prior), **model.model_dump(include=names), **shape}
    generator = network.Generator(**built)
    discriminator = network.Discriminator(
        **shape,
        width=model.discriminator_width,
        **model.model_dump(include={"norm", "dropout", "frame_judge"}),
        labels=len(prior.labels),
        augment=train.augment,
    )
    players = Players(machine.place(generator), machine.place(discriminator), rules_of(train))
    return players, built


def game_of(network: ModuleType, real: RealClips, prior: Prior, train: ClipGanTrain) -> Task:
    """What the networks of a model are fed; parameters that not all models have are its game's."""
    own = train.model_dump(include=_own(train, ClipGanTrain))
    game: Task = network.Game(real, batch=train.batch, prior=prior, **own)
    return game


def train_clip_gan(
    network: ModuleType,
    name: str,
    *,
    clips: dict[str, np.ndarray],
    model: ClipGanModel,
    train: ClipGanTrain,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
    checkpoints: Path,
) -> Path:
    """Train on the clips that are for training; raises UserError if they will not do.

    `network` is the module of the model, `clips` are the arrays of `clips.npz`; all else is as in
    `train_gan`.

    Returns:
        A folder, as `train_gan` fills it; the sheets are of the same sources all along.
    """
    check(clips)
    machine = start(runtime, train)
    shape = dict(zip(("size", "channels"), clips["frames"].shape[2:], strict=True))
    prior = prior_of(model, clips["labels"].tolist())
    players, built = players_of(network, shape, model, prior, train, machine)
    real, unseen = _seen_and_held_out(clips, model, train, machine.device)
    fed = partial(game_of, network, prior=prior, train=train)
    task, held_out = fed(real), fed(unseen) if unseen else None
    shown, _ = task.draw(players.generator, torch.Generator().manual_seed(train.seed))
    return train_gan(
        name,
        players,
        task,
        lambda sampled: progress_sheet(sampled, shown),
        built=built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
        checkpoints=checkpoints,
        watch=lambda players: {
            **fares(players, task, held_out, seed=train.seed),
            **getattr(network, "fares", lambda *_: {})(players.sampled, shown),
        },
    )


def _seen_and_held_out(
    clips: dict[str, np.ndarray], model: ClipGanModel, train: ClipGanTrain, device: torch.device
) -> tuple[RealClips, RealClips | None]:
    """Clips of both splits; none may be held out."""
    how = partial(real_clips, clips, length=model.frames, mirror=train.mirror, device=device)
    return how(TRAIN), how(TEST) if TEST in clips["split"] else None


def trainer(name: str) -> Callable[..., Path]:
    """The node that trains a model, told by its name: its parameters are checked as its own."""
    network = import_module(f"vidpipe.models.{name}")
    block = Params.model_fields[name].annotation.model_fields  # type: ignore[union-attr]

    def node(
        clips: dict[str, np.ndarray],
        model: ClipGanModel,
        train: ClipGanTrain,
        runtime: Runtime,
        tracker: Tracker,
        scratch: Path,
        checkpoints: Path,
    ) -> Path:
        return train_clip_gan(
            network,
            name,
            clips=clips,
            model=model,
            train=train,
            runtime=runtime,
            tracker=tracker,
            scratch=scratch,
            checkpoints=checkpoints,
        )

    own = {key: block[key].annotation for key in ("model", "train")}
    node.__annotations__ |= own
    return node


def _own(block: BaseModel, common: type[BaseModel]) -> set[str]:
    """Names of the parameters that a model has beside those of all GANs of clips."""
    return set(type(block).model_fields) - set(common.model_fields)


@torch.no_grad()
def progress_sheet(generator: nn.Module, shown: Any) -> np.ndarray:
    """A clip in each row, frame by frame."""
    with evaluating(generator):
        made = to_uint8(generator(shown))[:ROWS].permute(0, 2, 3, 4, 1).expand(-1, -1, -1, -1, 3)
    return grid([list(clip) for clip in made.cpu().numpy()], tile=64)
