import json
import logging
import math

import pandas as pd
import pytest
import torch
from support import stages, untaught_models

from vidpipe.config.models import Pix2pixEvaluate
from vidpipe.evaluation.fidelity import mse
from vidpipe.evaluation.protocol import PROTOCOL
from vidpipe.models.pix2pix import make_generator
from vidpipe.pipelines.prediction import evaluate
from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights

EVALUATE = Pix2pixEvaluate(
    starts=3, horizons=16, resamples=5, seed=0, lpips_weights=None, lpips_sha256=None
)
FILMS = {"samples.mp4", "samples.gif", "samples.png"}


PAINTING = {"history": 1, "motion": "none", "dropout": 0.0, "residual": True}
MOVING = {"history": 5, "motion": "flow", "dropout": 0.0, "residual": True}


def errors(frames, reference):
    """Squared errors of several sets of frames, as a distance."""
    return torch.stack([mse(one, reference) for one in frames])


@pytest.fixture(autouse=True)
def _distance(monkeypatch):
    """Squared error in place of the perceptual distance, whose weights may be missing."""
    monkeypatch.setattr(evaluate.st_lpips, "load", lambda: errors)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Make the folder of a model that copies its frame, as one does that has not learnt."""

    def made(model):
        folder = tmp_path_factory.mktemp("trained")
        (folder / "history.csv").write_text("step,l1\n1,0.5\n")
        torch.manual_seed(0)
        facts = {"size": 64, "channels": 3, "width": 4, **model}
        generator = make_generator(**facts)
        if model.get("latent"):
            untaught_models.hearing(generator)
        weights.save(generator, folder / "generator.safetensors", facts)
        return folder

    return made


def evaluated(pairs, model, scratch, options=EVALUATE):
    return evaluate_pix2pix(pairs, model, options, stages.RUNTIME, NullTracker(), scratch)


def test_of_a_model_with_noise_several_futures_are_scored(trained, tmp_path):
    model = trained(MOVING | {"latent": 2})
    found = []
    for seed in (0, 1):
        options = EVALUATE.model_copy(update={"seed": seed})
        (tmp_path / str(seed)).mkdir()
        pairs = stages.pairs(seen=12, held_out=8)
        scores, *_ = evaluated(pairs, model, tmp_path / str(seed), options)
        best, mean = (
            scores[f"rollout.seen.h1.{kind}_skill"] for kind in ("best_of_5", "mean_future")
        )
        assert best > mean
        assert scores[PROTOCOL]["futures"] == 5
        found.append((best, scores["rollout.seen.h1.skill"]))
    (best, alone), (other, same) = found
    assert best != other, "another seed, other futures"
    assert alone == same, "and none where no future is chosen"


@pytest.mark.parametrize("model", [PAINTING, MOVING], ids=["painting", "moving"])
def test_both_splits_are_scored_against_copying_and_drawn(trained, model, tmp_path):
    pairs = stages.pairs(seen=12, held_out=8)
    scores, headlines, plots, samples = evaluated(pairs, trained(model), tmp_path)
    # Whoever looks at fewer frames than the baselines is scored at the same starts.
    for split, horizons in (("seen", 7), ("held_out", 3)):
        assert scores[f"starts.{split}"] == 3
        assert scores[f"rollout.{split}.h1.skill"] == pytest.approx(0, abs=1e-3)
        copied = scores[f"one_step.{split}.copy_last_psnr"]
        assert scores[f"one_step.{split}.psnr"] == pytest.approx(copied, abs=1e-3)
        assert scores[f"rollout.{split}.h2.st_lpips"] > 0
        assert scores[f"rollout.{split}.h1.sharpness"] == pytest.approx(1, abs=0.01)
        assert f"rollout.{split}.h1.fitted_flow_skill" in scores
        for method in ("rollout", "one_step"):
            curve = pd.read_csv(plots / f"{method}_{split}.csv")
            assert curve["horizon"].tolist() == list(range(1, horizons + 1))
        assert "constant_flow_skill" in pd.read_csv(plots / f"rollout_{split}.csv").columns
    json.dumps(scores)
    assert headlines["psnr_baseline"] == scores["one_step.held_out.copy_last_psnr"]
    assert "protocol" not in headlines, "no classifier has scored"
    protocol = scores.pop("protocol")
    assert protocol["split"] == "seen, held_out"
    assert protocol["history"] == model["history"]
    assert (protocol["starts"], protocol["horizons"], protocol["size"]) == (3, 16, 64)
    assert len(protocol["st_lpips_sha256"]) == 64
    assert all(math.isfinite(number) for number in scores.values())
    assert (plots / "history.csv").is_file()
    assert {path.name for path in samples.iterdir()} == FILMS


def test_lpips_is_measured_where_it_is_asked_for(trained, tmp_path, monkeypatch):
    pairs, model = stages.pairs(seen=6, held_out=0), trained(PAINTING)
    for folder in ("plain", "asked"):
        (tmp_path / folder).mkdir()
    plain, *_ = evaluated(pairs, model, tmp_path / "plain")
    asked_for = []

    def load(*arguments):
        asked_for.append(arguments)
        return errors

    monkeypatch.setattr(evaluate.lpips, "load", load)
    hashed = EVALUATE.model_copy(update={"lpips_weights": "alex.pth", "lpips_sha256": "0" * 64})
    scores, *_ = evaluated(pairs, model, tmp_path / "asked", hashed)
    assert asked_for == [("alex.pth", "0" * 64)]
    added = set(scores) - set(plain)
    assert {"rollout.seen.h1.lpips", "rollout.seen.h1.fitted_flow_lpips"} <= added
    assert all(name.endswith("lpips") for name in added)
    assert set(scores["protocol"]) - set(plain["protocol"]) == {"lpips_sha256"}


def test_a_model_that_copies_is_copying_to_the_last_bit(trained, tmp_path):
    scores, *_ = evaluated(stages.pairs(seen=6, held_out=0), trained(PAINTING), tmp_path)
    assert scores["rollout.seen.h1.skill"] == 0
    assert scores["one_step.seen.psnr"] == scores["one_step.seen.copy_last_psnr"]


def test_a_split_without_a_window_is_told_and_the_other_scored(trained, tmp_path, caplog):
    pairs = stages.pairs(held_out=1)
    with caplog.at_level(logging.WARNING):
        scores, *_, samples = evaluated(pairs, trained(PAINTING), tmp_path)
    (told,) = [line for line in caplog.messages if "nothing to score there" in line]
    assert "held_out" in told
    assert scores["starts.held_out"] == 0
    assert {path.name for path in samples.iterdir()} == FILMS


def test_a_split_without_frames_has_no_scores(trained, tmp_path):
    scores, _, plots, samples = evaluated(stages.pairs(held_out=0), trained(PAINTING), tmp_path)
    assert scores["starts.seen"] == 3
    assert [name for name in scores if "held_out" in name] == ["starts.held_out"]
    assert scores["starts.held_out"] == 0
    assert not (plots / "rollout_held_out.csv").exists()
    assert {path.name for path in samples.iterdir()} == FILMS
