import hashlib
import math

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from support import moving_clips as moving

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import ClipAutoencoderModel, ClipAutoencoderTrain, Runtime
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import Autoencoder, AutoencoderLoss
from vidpipe.models.pixels import to_uint8
from vidpipe.pipelines.clips import autoencoder
from vidpipe.pipelines.clips.autoencoder import adjacent_frames, train_clip_autoencoder
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")
TRAIN = {
    "seed": 0, "steps": 3, "batch": 4, "learning_rate": 0.002, "motion": 0.5, "gradients": 0.5,
    "regularity": 0.1, "noise": 0.05, "cooldown": 0.4, "mirror": True, "report_every": 2,
}  # fmt: skip


def trained(clips, scratch, *, side=8, **changes):
    scratch.mkdir(exist_ok=True)
    built = {"classes": len(moving.ACTIONS), "channels": clips["frames"].shape[-1]}
    torch.manual_seed(0)
    weights.save(ActionClassifier(**built), scratch / "classifier.safetensors", built)
    return train_clip_autoencoder(
        clips,
        scratch,
        ClipAutoencoderModel(side=side, latents=4, width=8),
        ClipAutoencoderTrain(**TRAIN | changes),
        FromNoiseEvaluate(samples=6, seed=0),
        RUNTIME,
        NullTracker(),
        scratch,
    )


def test_the_adjacent_frame_is_the_next_of_the_clip_and_of_its_last_the_one_before():
    clips = {"frames": np.zeros((8, 1, 1, 1)), "clips": np.array([[0, 1, 2], [1, 2, 3], [5, 6, 7]])}
    # Frame 4 is in no clip.
    assert adjacent_frames(clips).tolist() == [1, 2, 3, 2, 4, 6, 7, 6]


def test_a_frame_of_a_clip_of_one_is_its_own_neighbour():
    clips = {"frames": np.zeros((2, 1, 1, 1)), "clips": np.array([[0], [1]])}
    assert adjacent_frames(clips).tolist() == [0, 1]


def test_frames_and_adjacent_ones_are_mirrored_together(tmp_path, monkeypatch):
    seen = set()

    class Spy(AutoencoderLoss):
        def __call__(self, network, pairs, rng):
            assert len(pairs) == TRAIN["batch"] / 2
            seen.update((one.tobytes(), two.tobytes()) for one, two in to_uint8(pairs).numpy())
            return super().__call__(network, pairs, rng)

    monkeypatch.setattr(autoencoder, "AutoencoderLoss", Spy)
    clips = moving.packed()
    trained(clips, tmp_path, steps=6)
    frames = clips["frames"].transpose(0, 3, 1, 2)
    neighbours = frames[adjacent_frames(clips)]
    of_data = {(one.tobytes(), two.tobytes()) for one, two in zip(frames, neighbours, strict=True)}
    mirrored = {
        (one.tobytes(), two.tobytes())
        for one, two in zip(frames[..., ::-1], neighbours[..., ::-1], strict=True)
    }
    assert seen <= of_data | mirrored
    assert seen & (mirrored - of_data)
    assert seen & (of_data - mirrored)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("done")


@pytest.fixture(scope="module")
def done(scratch):
    return trained(moving.packed(), scratch)


def test_it_comes_with_its_history_its_scores_and_the_ceiling(done):
    folder, metrics, _ = done
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 3]
    network = weights.build(Autoencoder, folder / "autoencoder.safetensors")
    assert (network.size, network.side) == (16, 8)
    assert network.deviation.min() == pytest.approx(metrics["deviation.smallest"])
    of_frames = {f"{split}.{score}" for split in ("train", "test") for score in ("psnr", "ssim")}
    of_clips = {f"ceiling.{score}" for score in ("confident_share", "frechet_diff", "as_named")}
    assert of_frames | of_clips <= set(metrics)
    numbers = {name: number for name, number in metrics.items() if name != "protocol"}
    assert all(math.isfinite(number) for number in numbers.values())


def test_the_protocol_says_what_was_scored_and_by_whom(done, scratch):
    judge = hashlib.md5((scratch / "classifier.safetensors").read_bytes()).hexdigest()
    assert done[1]["protocol"] == {
        "split": "train, test",
        "real": 12,
        "samples": 6,
        "seed": 0,
        "frames": 16,
        "fps": 12.5,
        "size": 16,
        "feature_seed": 0,
        "classifier_md5": judge,
    }


def test_frames_of_both_splits_stand_above_what_came_back(done):
    with Image.open(done[2] / "reconstructions.png") as page:
        assert page.height > 4 * 96
        assert page.width > 8 * 96


def test_the_same_seed_gives_the_same_bytes(done, tmp_path):
    folder, metrics, samples = trained(moving.packed(), tmp_path)
    assert metrics == done[1]
    for ours, theirs in ((folder, done[0]), (samples, done[2])):
        for path in ours.iterdir():
            assert path.read_bytes() == (theirs / path.name).read_bytes(), path.name


def test_grey_clips_of_one_video_are_learnt(tmp_path):
    clips = moving.packed(channels=1, videos=1, groups=2)
    folder, metrics, _ = trained(clips, tmp_path)
    assert weights.build(Autoencoder, folder / "autoencoder.safetensors").channels == 1
    del metrics["protocol"]
    assert all(math.isfinite(number) for number in metrics.values())
    assert "test.psnr" not in metrics


def test_without_clips_for_training_it_says_so(tmp_path):
    clips = moving.packed()
    clips["split"][:] = "test"
    with pytest.raises(UserError, match=r"no clip is for train; change sources\.clips\.test"):
        trained(clips, tmp_path)


def test_clips_that_are_unsound_are_refused(tmp_path):
    clips = moving.packed()
    clips["frames"] = np.full(clips["frames"].shape, np.nan)
    with pytest.raises(UserError, match=r"clips\.npz, frames: expected uint8 .*, got float64"):
        trained(clips, tmp_path)


def test_latents_as_large_as_the_frames_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"model\.side: expected .* got 16 for frames"):
        trained(moving.packed(), tmp_path, side=16)


def test_a_training_that_diverges_names_what_to_lower(tmp_path):
    with pytest.raises(UserError, match=r"lower clip_autoencoder\.train\.learning_rate"):
        trained(moving.packed(), tmp_path, learning_rate=1e30, steps=8)
