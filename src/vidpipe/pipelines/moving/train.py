"""How a GAN of clips is trained, whatever its networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vidpipe.data.pictures import grid
from vidpipe.errors import UserError
from vidpipe.models.clips import RealClips
from vidpipe.models.pixels import to_uint8
from vidpipe.params_gans import ClipGanModel, ClipGanTrain
from vidpipe.pipelines.training import train_gan
from vidpipe.training.adversarial import Players, Rules, Task
from vidpipe.training.runtime import Machine
from vidpipe.training.tracker import Tracker

ROWS = 6  # clips on the sheet that shows how training goes


def real_clips(
    clips: dict[str, np.ndarray], split: str, *, length: int, mirror: bool, device: torch.device
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
    chosen = clips["clips"][clips["split"] == split]
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
    return RealClips(clips["frames"], chosen, length=length, mirror=mirror, device=device)


def shape_of(clips: dict[str, np.ndarray], model: ClipGanModel) -> dict[str, Any]:
    """What the data say of the networks: side and channels of frames; and frames of a clip."""
    _, size, _, channels = clips["frames"].shape
    return {"size": size, "frames": model.frames, "channels": channels}


def judge_of(model: ClipGanModel, train: ClipGanTrain) -> dict[str, Any]:
    """What the parameters say of the discriminator."""
    return {
        "width": model.discriminator_width,
        "norm": model.norm,
        "dropout": model.dropout,
        "frame_judge": model.frame_judge,
        "augment": train.augment,
    }


def train_clip_gan(
    name: str,
    generator: nn.Module,
    discriminator: nn.Module,
    task: Task,
    built: Mapping[str, Any],
    *,
    train: ClipGanTrain,
    machine: Machine,
    tracker: Tracker,
    scratch: Path,
) -> Path:
    """Train two networks on the task.

    Returns:
        A folder: weights of both networks, `history.csv`, and `sheets/` of what the generator
        made of the same sources as training went on.
    """
    rules = Rules(
        loss=train.loss,
        r1=train.r1,
        r2=train.r2,
        slope_every=train.slope_every,
        learning_rate=train.learning_rate,
        beta1=train.beta1,
        beta2=train.beta2,
        adversarial_weight=1.0,
        ema=train.ema,
        cooldown=train.cooldown,
    )
    players = Players(machine.place(generator), machine.place(discriminator), rules)
    shown, _ = task.draw(generator, torch.Generator().manual_seed(train.seed))
    return train_gan(
        name,
        players,
        task,
        lambda network: progress_sheet(network, shown),
        built=built,
        train=train,
        machine=machine,
        tracker=tracker,
        scratch=scratch,
    )


@torch.no_grad()
def progress_sheet(generator: nn.Module, shown: Any) -> np.ndarray:
    """A clip in each row, frame by frame."""
    was_training = generator.training
    made = to_uint8(generator.eval()(shown))[:ROWS].permute(0, 2, 3, 4, 1).cpu().numpy()
    generator.train(was_training)
    return grid([list(clip) for clip in made], tile=64)
