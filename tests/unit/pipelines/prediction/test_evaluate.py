import json
import logging
import math

import pandas as pd
import pytest
import torch
from support import stages

from vidpipe.config.models import Pix2pixEvaluate
from vidpipe.models.pix2pix import Generator
from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights

EVALUATE = Pix2pixEvaluate(starts=3, horizons=16, resamples=5, seed=0)
FILMS = {"samples.mp4", "samples.gif", "samples.png"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a model that copies its frame, as one does that has not learnt."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "history.csv").write_text("step,l1\n1,0.5\n")
    torch.manual_seed(0)
    facts = {"size": 64, "channels": 3, "width": 4, "dropout": 0.0, "residual": True}
    weights.save(Generator(**facts), folder / "generator.safetensors", facts)
    return folder


def evaluated(pairs, model, scratch):
    return evaluate_pix2pix(pairs, model, EVALUATE, stages.RUNTIME, NullTracker(), scratch)


def test_both_splits_are_scored_against_copying_and_drawn(model, tmp_path):
    scores, plots, samples = evaluated(stages.pairs(), model, tmp_path)
    for split, horizons in (("seen", 7), ("held_out", 3)):
        assert scores[f"starts.{split}"] == 3
        assert scores[f"rollout.{split}.h1.skill"] == pytest.approx(0, abs=1e-6)
        assert scores[f"one_step.{split}.psnr"] == scores[f"one_step.{split}.copy_last_psnr"]
        for method in ("rollout", "one_step"):
            curve = pd.read_csv(plots / f"{method}_{split}.csv")
            assert curve["horizon"].tolist() == list(range(1, horizons + 1))
    json.dumps(scores)
    assert all(math.isfinite(number) for number in scores.values())
    assert (plots / "history.csv").is_file()
    assert {path.name for path in samples.iterdir()} == FILMS


def test_a_split_without_frames_is_told_and_the_other_scored(model, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        scores, _, samples = evaluated(stages.pairs(held_out=0), model, tmp_path)
    assert "no frames are held_out: nothing to score there" in caplog.text
    assert scores["starts.held_out"] == 0
    assert {path.name for path in samples.iterdir()} == FILMS
