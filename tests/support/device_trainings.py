"""Short trainings of tiny networks on several devices, as the nodes of stages do them."""

import functools
import os
import signal
from pathlib import Path

import torch
from safetensors.torch import load_file

from support import moving_clips as moving
from support import stages
from vidpipe.models import dcgan, gan3d
from vidpipe.pipelines.clips.train import make_train_node as make_clip_node
from vidpipe.pipelines.digits.train import make_train_node as make_digit_node
from vidpipe.pipelines.prediction.train import train_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import checkpoint, loop
from vidpipe.training.launch import on_devices

TINY_CLIPS = {"width": 16, "discriminator_width": 4, "size": None, "dropout": 0.25}
TINY_FRAMES = {"width": 4, "discriminator_width": 4, "history": 2, "motion": "none"}
LOST_AT = 5  # step before which a process is lost
RESTARTS = "TORCHELASTIC_RESTART_COUNT"


def gan3d_of(norm):
    """Node, data and blocks of a GAN of clips that has all that draws random numbers."""
    blocks = stages.params("gan3d", penalty_every=2)
    model = blocks.model.model_copy(update=TINY_CLIPS | {"norm": norm})
    return make_clip_node(gan3d), moving.packed(size=32), model, blocks.train


def dcgan_of(norm):
    """Node, data and blocks of a GAN of digits."""
    blocks = stages.params("dcgan", penalty_every=2)
    update = {"norm": norm, "dropout": 0.25, "generator_hidden": 16, "discriminator_hidden": 16}
    return make_digit_node(dcgan), stages.digits(), blocks.model.model_copy(update=update), blocks.train


def pix2pix():
    """Node, data and blocks of the paper's network, with all that is drawn for a window."""
    blocks = stages.params("pix2pix", noise=0.1, views=0.5, pushforward=1, history_dropout=0.5)
    return train_pix2pix, stages.pairs(), blocks.model.model_copy(update=TINY_FRAMES), blocks.train


GAMES = {
    "clips": functools.partial(gan3d_of, "none"),
    "clips with batch norm": functools.partial(gan3d_of, "batch"),
    "digits with batch norm": functools.partial(dcgan_of, "batch"),
    "next frame": pix2pix,
}


def train(game: str, devices: int, folder: Path, tracker=None, node=None, **changes) -> Path:
    """Train; the folder of the weights."""
    own_node, data, model, train = GAMES[game]()
    runtime = stages.RUNTIME.model_copy(update={"devices": devices})
    train = train.model_copy(update=changes)
    folder.mkdir(parents=True, exist_ok=True)
    tracker = tracker or NullTracker()
    return (node or own_node)(data, model, train, runtime, tracker, folder / "kept", folder)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All weights of a training, by the name of their file and their own."""
    return {
        f"{file.stem}.{name}": value
        for file in sorted(folder.glob("*.safetensors"))
        for name, value in load_file(file).items()
    }


@on_devices
def lose_one(data, model, train, runtime, tracker, checkpoints, scratch):
    """Train dcgan, saving at every report; the second process is lost once."""
    checkpoint.SHARE, checkpoint.LEAST = float("inf"), 0.0
    if os.environ[RESTARTS] == "0" and os.environ["RANK"] == "1":
        update = loop.update

        def dying(*args, step, **kwargs):
            if step == LOST_AT:
                os.kill(os.getpid(), signal.SIGKILL)
            return update(*args, step=step, **kwargs)

        loop.update = dying
    node = make_digit_node(dcgan)
    return node(data, model, train, runtime, tracker, checkpoints, scratch)
