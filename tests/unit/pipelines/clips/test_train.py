import numpy as np
import pandas as pd
import pytest
import torch
from support import moving_clips as moving

from vidpipe.config.models import Gan3dModel, Gan3dTrain
from vidpipe.config.schema import Runtime
from vidpipe.models import gan3d
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

RUNTIME = Runtime(device="cpu", precision="fp32", threads=1, determinism="portable")


MODEL = Gan3dModel(
    latent=10, codes="labels", frames=8, width=16, discriminator_width=4,
    norm="none", dropout=0.0, frame_discriminator=True,
)  # fmt: skip


def trained(clips, scratch, *, batch=4):
    """The history of two steps of gan3d."""
    train = Gan3dTrain(
        seed=0, steps=2, batch=batch, learning_rate=0.001, beta1=0.0, beta2=0.99, ema=0.9,
        loss="relativistic", r1=0.2, r2=0.2, penalty_every=1, cooldown=0.0, augment=0.3,
        mirror=True, report_every=1, sample_every=2,
    )  # fmt: skip
    saves = scratch / "checkpoints"
    train_gan3d = make_train_node(gan3d)
    folder = train_gan3d(clips, MODEL, train, RUNTIME, NullTracker(), saves, scratch)
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
