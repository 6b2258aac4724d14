import math

import numpy as np
import pandas as pd
import pytest
from support import moving_clips as moving

from vidpipe.config.schema import ActionClassifier as Params
from vidpipe.config.schema import Runtime
from vidpipe.models.action_classifier import ActionClassifier, shrink_frames
from vidpipe.models.clip_negatives import NEGATIVES
from vidpipe.pipelines.clips.classifier import train_action_classifier
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")


def trained(clips, scratch, **changes):
    values = {"seed": 0, "steps": 3, "batch": 16, "learning_rate": 0.001, "report_every": 2}
    return train_action_classifier(clips, Params(**values | changes), RUNTIME, scratch)


def test_a_classifier_comes_with_its_history_and_its_confusion(tmp_path):
    clips = moving.packed()
    folder, numbers = trained(clips, tmp_path)
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 3]
    classifier = weights.build(ActionClassifier, folder / "classifier.safetensors")
    assert classifier.classes == len(moving.ACTIONS)
    confusion = pd.read_csv(folder / "confusion.csv", index_col="action")
    assert confusion.columns.tolist() == confusion.index.tolist() == list(moving.ACTIONS)
    assert confusion.to_numpy().sum() == numbers["held_out.clips"] == 26
    assert {f"refused.{name}" for name in NEGATIVES} <= set(numbers)
    assert {"held_out.accuracy.actor 3", "held_out.accuracy_of_whole_clips"} <= set(numbers)
    assert numbers.pop("protocol") == {
        "split": "test",
        "held_out": 26,
        "negatives": 100,
        "seed": 0,
        "frames": 8,
        "fps": 12.5,
        "size": 16,
    }
    assert all(math.isfinite(number) for number in numbers.values())


def test_without_clips_for_testing_there_is_a_classifier_but_no_score(tmp_path):
    clips = moving.packed()
    clips["split"][:] = "train"
    _, numbers = trained(clips, tmp_path)
    assert numbers.pop("protocol")["held_out"] == 0
    assert numbers == {"held_out.clips": 0}


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


def test_one_action_alone_is_told_from_none(tmp_path):
    clips = moving.packed()
    clips["labels"], clips["label"] = clips["labels"][:1], np.zeros_like(clips["label"])
    folder, numbers = trained(clips, tmp_path)
    classifier = weights.build(ActionClassifier, folder / "classifier.safetensors")
    assert classifier.classes == 1
    del numbers["protocol"]
    assert all(math.isfinite(number) for number in numbers.values())


def test_a_training_that_diverges_names_what_to_lower(tmp_path):
    with pytest.raises(UserError, match=r"lower action_classifier\.learning_rate"):
        trained(moving.packed(), tmp_path, learning_rate=1e30, steps=8)


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_are_shrunk_all_of_them(channels):
    frames = np.random.default_rng(0).integers(0, 256, (2100, 64, 64, channels), np.uint8)
    shrunk = shrink_frames(frames)
    assert shrunk.shape == (2100, channels, 32, 32)
    corner = frames[-1, :2, :2, 0].mean()
    assert abs(int(shrunk[-1, 0, 0, 0]) - corner) <= 1
