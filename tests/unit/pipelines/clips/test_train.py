from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from support import moving_clips as moving
from support.project import ROOT

from vidpipe.config.loader import check, read
from vidpipe.config.models import Gan3dModel, Gan3dTrain
from vidpipe.config.schema import Runtime
from vidpipe.models import gan3d
from vidpipe.models.autoencoder import Autoencoder, AutoencoderLoss
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.training.runtime import start
from vidpipe.training.single import fit_network
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import model_name

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")


MODEL = Gan3dModel(
    latent=10, codes="labels", frames=8, width=16, discriminator_width=4,
    space="pixels", size=None, norm="none", dropout=0.0, frame_discriminator=True, groups=False,
    motion=4, encoder=0, memory=8,
)  # fmt: skip


def trained(clips, scratch, *, batch=4, model=MODEL):
    """The history of two steps of gan3d."""
    train = Gan3dTrain(
        seed=0, steps=2, batch=batch, learning_rate=0.001, beta1=0.0, beta2=0.99, ema=0.9,
        loss="relativistic", r1=0.2, r2=0.2, penalty_every=1, cooldown=0.0, augment=0.3,
        mirror=True, report_every=1, sample_every=2, reconstruction=0.0, walk_steps=0,
    )  # fmt: skip
    saves = scratch / "checkpoints"
    train_gan3d = make_train_node(gan3d)
    folder = train_gan3d(clips, model, train, RUNTIME, NullTracker(), saves, scratch)
    return pd.read_csv(folder / "history.csv")


def test_grey_clips_are_learnt_from(tmp_path):
    history = trained(moving.packed(size=32, channels=1), tmp_path)
    assert np.isfinite(history).all(axis=None)
    built = weights.build(gan3d.Generator, tmp_path / "gan3d" / "generator.safetensors")
    assert built(torch.randn(2, 10)).shape == (2, 1, 8, 32, 32)


def test_one_label_alone_is_learnt(tmp_path):
    clips = moving.packed(size=32)
    clips["labels"], clips["label"] = clips["labels"][:1], np.zeros_like(clips["label"])
    assert np.isfinite(trained(clips, tmp_path)).all(axis=None)


def test_fewer_clips_than_a_batch_are_drawn_more_than_once(tmp_path):
    clips = moving.packed(size=32, videos=4, length=16)
    assert (clips["split"] == "train").sum() == 3
    assert np.isfinite(trained(clips, tmp_path, batch=6)).all(axis=None)


def test_clips_shorter_than_the_models_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"clips have 6 frames, the model wants 8; raise clips\.fr"):
        trained(moving.packed(size=32, frames=6), tmp_path)


def test_clips_that_are_unsound_are_refused(tmp_path):
    clips = moving.packed(size=32)
    clips["frames"] = clips["frames"] * np.nan
    with pytest.raises(UserError, match=r"clips\.npz, frames: expected uint8 .*, got float64"):
        trained(clips, tmp_path)


@cache
def autoencoder_of(size, channels):
    """One with latents of 8x8 that was made in a moment, and what builds it again."""
    built = {"size": size, "side": 8, "channels": channels, "latents": 4, "width": 8}
    torch.manual_seed(0)
    network = Autoencoder(**built)
    pixels = moving.packed(size=size, channels=channels)["frames"]
    frames = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
    pairs = torch.stack([frames[:-1:5], frames[1::5]], dim=1)
    loss = AutoencoderLoss(motion=0.5, gradients=0.5, regularity=0.1, noise=0.05)
    how = {"steps": 150, "learning_rate": 0.01, "report_every": 150, "seed": 0}
    list(fit_network(network, lambda rng: loss(network, pairs, rng), **how))
    network.normalise_by(pixels)
    return network, built


def in_latents(network, clips, scratch, **changes):
    """Two steps of a GAN on latents."""
    params = check(read(ROOT / "params.yaml"))
    folder = scratch / "autoencoder"
    folder.mkdir()
    size, channels = clips["frames"].shape[2:]
    autoencoder, built = autoencoder_of(size, channels)
    weights.save(autoencoder, folder / "autoencoder.safetensors", built)
    small = {"space": "latent", "width": 16, "discriminator_width": 8, "frames": 8} | changes
    short = {"steps": 2, "batch": 4, "penalty_every": 1, "report_every": 1, "sample_every": 2}
    short |= {"walk_steps": 1}
    shipped = getattr(params, model_name(network))
    return make_train_node(network)(
        clips,
        shipped.model.model_copy(update=small),
        shipped.train.model_copy(update=short),
        RUNTIME,
        NullTracker(),
        scratch / "checkpoints",
        scratch,
        folder,
    )


@pytest.mark.parametrize("network", CLIP_GANS, ids=model_name)
@pytest.mark.parametrize(("size", "frames", "channels"), [(16, 8, 3), (32, 16, 1)])
def test_latents_are_learnt_and_their_autoencoder_lies_beside_the_weights(
    tmp_path, network, size, frames, channels
):
    clips = moving.packed(size=size, channels=channels)
    folder = in_latents(network, clips, tmp_path, frames=frames)
    assert np.isfinite(pd.read_csv(folder / "history.csv")).all(axis=None)
    kept, given = (
        place / "autoencoder.safetensors" for place in (folder, tmp_path / "autoencoder")
    )
    assert kept.read_bytes() == given.read_bytes()
    machine = start(device="cpu", precision="fp32", threads=1, determinism="portable")
    sampler = ClipSampler.load(model_name(network), network.Generator, folder, machine)
    noise = sampler.generator.prior.draw(2, torch.Generator().manual_seed(0))
    pictures = torch.zeros(2, size, size, channels, dtype=torch.uint8)
    assert sampler(noise, pictures).shape == (2, frames, size, size, channels)


def test_larger_frames_are_shrunk_to_the_size_of_the_model(tmp_path):
    model = MODEL.model_copy(update={"size": 32})
    assert np.isfinite(trained(moving.packed(size=64), tmp_path, model=model)).all(axis=None)
    assert weights.architecture(tmp_path / "gan3d" / "generator.safetensors")["size"] == 32
