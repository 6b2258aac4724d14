"""Short trainings of tiny networks on several devices, as the nodes of stages do them.

python tests/support/device_trainings.py GAME DEVICES FOLDER
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vidpipe.training.runtime import pin_instructions

pin_instructions("portable")

import torch
from safetensors.torch import load_file

from support import moving_clips as moving
from support import stages
from vidpipe.config.models import (
    ConvlstmGanModel,
    DcganModel,
    Gan3dModel,
    MocoganModel,
    Pix2pixModel,
)
from vidpipe.hooks import STORE_OF_EACH_START
from vidpipe.models import convlstm_gan, dcgan, gan3d, mocogan
from vidpipe.pipelines.clips.train import make_train_node as make_clip_node
from vidpipe.pipelines.devices import on_devices
from vidpipe.pipelines.digits.train import make_train_node as make_digit_node
from vidpipe.pipelines.prediction.train import train_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import checkpoint, loop
from vidpipe.utils.errors import UserError

os.environ.update(STORE_OF_EACH_START)  # as for a node that Kedro runs

# All that draws random numbers is on: dropout, augmentation, views, noise, steps ahead; several
# futures are in the tests of `training/distributed.py`.
CLIPS = {"width": 16, "discriminator_width": 4, "size": None, "dropout": 0.25, "norm": "none"}
CLIPS |= {"space": "pixels", "frames": 8, "encoder": 0, "groups": False}
ENCODED = CLIPS | {"encoder": 4, "memory": 8}
PERSONS = ENCODED | {"groups": True}
# Of two devices each has an odd number of clips, of which half are to be made again; one of them,
# of convlstm_gan, has no background.
ODD = {"penalty_every": 2, "batch": 6, "walk_steps": 3}
DIGITS = {"norm": "batch", "dropout": 0.25, "generator_hidden": 16, "discriminator_hidden": 16}
FRAMES = {"width": 4, "discriminator_width": 4, "history": 2, "motion": "none"}
SEEN = {"noise": 0.1, "views": 0.5, "pushforward": 1, "history_dropout": 0.5}
GAMES = {
    "gan3d": (make_clip_node(gan3d), lambda: moving.packed(size=32), CLIPS, {"penalty_every": 2}),
    "mocogan": (make_clip_node(mocogan), lambda: moving.packed(size=32), PERSONS, ODD),
    "convlstm_gan": (make_clip_node(convlstm_gan), lambda: moving.packed(size=32), ENCODED, ODD),
    "dcgan": (make_digit_node(dcgan), stages.digits, DIGITS, {"penalty_every": 2}),
    "pix2pix": (train_pix2pix, stages.pairs, FRAMES, SEEN),
}
LOST_AT = 5  # step before which a process is lost
RESTARTS = "TORCHELASTIC_RESTART_COUNT"


def train(game, devices, folder: Path, *, node=None, tracker=None, model=None, **changes) -> Path:
    """Train by the node of a game, or by another; the folder of the weights."""
    own_node, data, tiny, own = GAMES[game]
    blocks = stages.params(game, **own | changes)
    model = blocks.model.model_copy(update=tiny | (model or {}))
    runtime = stages.RUNTIME.model_copy(update={"devices": devices})
    folder.mkdir(parents=True, exist_ok=True)
    tracker, kept = tracker or NullTracker(), folder / "kept"
    return (node or own_node)(data(), model, blocks.train, runtime, tracker, kept, folder)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All weights of a training, by the name of their file and their own."""
    return {
        f"{file.stem}.{name}": value
        for file in sorted(folder.glob("*.safetensors"))
        for name, value in load_file(file).items()
    }


@on_devices
def in_double(data, model, train, runtime, tracker, checkpoints, scratch):
    """Train in double precision, in which the order of sums is of no account."""
    games = {
        Gan3dModel: "gan3d", MocoganModel: "mocogan", ConvlstmGanModel: "convlstm_gan",
        DcganModel: "dcgan", Pix2pixModel: "pix2pix",
    }  # fmt: skip
    game = games[type(model)]
    torch.set_default_dtype(torch.float64)
    single, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double
    try:
        return GAMES[game][0](data, model, train, runtime, tracker, checkpoints, scratch)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.Tensor.float = single


@on_devices
def saving(data, model, train, runtime, tracker, checkpoints, scratch):
    """Train dcgan with a checkpoint at every report."""
    checkpoint.SHARE, checkpoint.LEAST = float("inf"), 0.0
    return GAMES["dcgan"][0](data, model, train, runtime, tracker, checkpoints, scratch)


@on_devices
def losing_one(data, model, train, runtime, tracker, checkpoints, scratch):
    """Train dcgan; the second process is killed once, between two reports."""
    if (os.environ[RESTARTS], os.environ["RANK"]) == ("0", "1"):
        update = loop.update

        def dying(*args, step, **kwargs):
            if step == LOST_AT:
                os.kill(os.getpid(), signal.SIGKILL)
            return update(*args, step=step, **kwargs)

        loop.update = dying
    return saving(data, model, train, runtime, tracker, checkpoints, scratch)


@on_devices
def refusing(data, model, train, runtime, tracker, checkpoints, scratch):
    """Find a mistake of the user's, in every process."""
    raise UserError(f"process {os.environ['RANK']} or another: refused")


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
