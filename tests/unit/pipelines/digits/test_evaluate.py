import hashlib
import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from support import stages

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.models import mlp_gan
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.pipelines.digits.evaluate import make_evaluate_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.visualization import digit_films


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a model and a classifier that have not learnt."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "history.csv").write_text("step,generator\n1,0.5\n")
    torch.manual_seed(0)
    facts = {"latent": 4, "codes": 0}
    weights.save(mlp_gan.Generator(**facts), folder / "generator.safetensors", facts)
    weights.save(DigitClassifier(classes=3), folder / "classifier.safetensors", {"classes": 3})
    return folder


def evaluated(folder, scratch):
    scratch.mkdir()
    evaluate = FromNoiseEvaluate(samples=12, seed=0)
    others = (evaluate, stages.RUNTIME, NullTracker(), scratch)
    return make_evaluate_node(mlp_gan)(stages.digits(), folder, folder, *others)


def test_samples_are_scored_beside_held_out_pictures_and_drawn_the_same_each_time(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(digit_films, "WALK_STOPS", 2)
    scores, headlines, plots, samples = evaluated(folder, tmp_path / "one")
    assert (scores["samples"], scores["seen"], scores["held_out"]) == (12, 18, 6)
    assert {"modes", "frechet", "modes_held_out", "frechet_held_out"} <= set(scores)
    json.dumps(scores)
    again, few, _, others = evaluated(folder, tmp_path / "other")
    assert (again, few) == (scores, headlines)
    protocol = scores.pop("protocol")
    assert all(math.isfinite(number) for number in scores.values())
    judge = hashlib.md5((folder / "classifier.safetensors").read_bytes()).hexdigest()
    assert headlines["numerals"] == scores["modes"]
    assert headlines["protocol"] == {"classifier_md5": judge}
    sizes = {"real": 18, "held_out": 6, "samples": 12, "size": 28}
    assert protocol == {"split": "seen", "seed": 0, "classifier_md5": judge, **sizes}
    assert [path.name for path in plots.iterdir()] == ["history.csv"]
    names = {"samples.png", "samples.gif", "generated.npz"}
    assert {path.name for path in samples.iterdir()} == names
    with np.load(samples / "generated.npz", allow_pickle=False) as arrays:
        assert arrays["pictures"].shape == (12, 28, 28)
    with Image.open(io.BytesIO((samples / "samples.gif").read_bytes())) as film:
        assert film.n_frames == 2 * digit_films.WALK_BETWEEN
    assert all((others / name).read_bytes() == (samples / name).read_bytes() for name in names)
