import numpy as np
import pytest
import torch
from support import moving_clips as moving

from vidpipe.data.clip_arrays import stretches
from vidpipe.evaluation.autoencoder_scores import ceiling_metrics, reconstruction_metrics
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import Autoencoder


class Perfect(Autoencoder):
    """Gives back what it is given."""

    def __init__(self):
        super().__init__(size=16, side=8, channels=3, latents=4, width=8)

    def reconstruct(self, frames):
        return frames


class Blind(Perfect):
    """Gives back grey."""

    def reconstruct(self, frames):
        return np.full_like(frames, 128)


def test_what_comes_back_unharmed_has_the_best_scores_of_all():
    frames = moving.packed()["frames"]
    scores = reconstruction_metrics(Perfect(), frames, np.arange(len(frames)), "train")
    assert scores["train.ssim"] == pytest.approx(1)
    assert scores["train.psnr"] == pytest.approx(58.9, abs=0.1)
    assert scores["train.psnr_mean_frame"] < 30
    assert scores["train.frames"] == len(frames)


def test_grey_is_worse_than_the_mean_frame():
    frames = moving.packed()["frames"]
    scores = reconstruction_metrics(Blind(), frames, np.arange(10), "test")
    assert scores["test.psnr"] < scores["test.psnr_mean_frame"]


def test_the_ceiling_is_that_of_the_clips_that_came_back():
    torch.manual_seed(0)
    classifier = ActionClassifier(classes=len(moving.ACTIONS), channels=3).eval()
    real = stretches(moving.packed(), "train", frames=8)
    best, worst = (
        ceiling_metrics(network, classifier, real, samples=200, seed=0)
        for network in (Perfect(), Blind())
    )
    assert best["ceiling.motion_ratio"] == pytest.approx(1, abs=0.2)
    assert worst["ceiling.motion_ratio"] == 0
    assert worst["ceiling.frechet_frames"] > 10 * best["ceiling.frechet_frames"]
    assert {"ceiling.confident_share", "ceiling.as_named"} <= set(best)
