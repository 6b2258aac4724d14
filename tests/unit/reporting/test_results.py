import json
import shutil

import pandas as pd
import pytest
from support.results import write_tree

from vidpipe.reporting.results import MODELS, gather, read_tree
from vidpipe.training.trainer import FEW_STEPS


def gathered(tmp_path, *, numbers=None, history=None, name="gan3d"):
    plots = tmp_path / "plots"
    plots.mkdir(exist_ok=True)
    if history is not None:
        pd.DataFrame(history).to_csv(plots / "history.csv", index=False)
    samples = tmp_path / "samples"
    samples.mkdir(exist_ok=True)
    return gather(name, numbers, plots, samples, {})


def test_a_whole_tree_has_no_problem(tmp_path):
    results = read_tree(write_tree(tmp_path / "p"), {})
    assert set(results.models) == set(MODELS)
    assert [model.problems for model in results.models.values()] == [()] * len(MODELS)
    assert set(results.models["pix2pix"].curves) == {"seen", "held_out"}
    assert results.autoencoder["test.psnr"]
    assert len(results.digits["pictures"]) == 30


def test_an_empty_tree_says_by_which_command_each_model_is_made(tmp_path):
    results = read_tree(tmp_path, {})
    for name, model in results.models.items():
        assert model.problems == (
            f"not trained and scored yet: `dvc repro {name}_evaluate` does it",
        )
    assert results.autoencoder == {}
    assert "dvc repro digits" in results.digits


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_torn_metrics_are_named(tmp_path, text):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/gan3d.json").write_text(text)
    (problem,) = read_tree(tmp_path, {}).models["gan3d"].problems
    assert problem.startswith("metrics/gan3d.json is no JSON of numbers by name")


def test_a_score_that_is_not_there_is_named(tmp_path):
    numbers = json.loads((write_tree(tmp_path / "p") / "metrics/gan3d.json").read_text())
    del numbers["motion_ratio"]
    (problem,) = gathered(tmp_path, numbers=numbers, history={"step": [1]}).problems
    assert problem == "not among the scores: Motion"


def test_scores_without_samples_are_said_to_be_perhaps_committed_ones(tmp_path):
    project = write_tree(tmp_path / "p")
    shutil.rmtree(project / "data/07_model_output/gan3d")
    (problem,) = read_tree(project, {}).models["gan3d"].problems
    assert problem == (
        "its samples are not here, so the scores may be those that were committed: `dvc repro "
        "gan3d_evaluate` makes both"
    )


def test_of_a_short_training_it_is_said_that_its_scores_mean_nothing(tmp_path):
    (warning,) = gathered(tmp_path, history={"step": [4, 8]}).warnings[1:]
    assert warning == "trained for 8 steps: its scores mean nothing"


def test_a_torn_history_is_named(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots/history.csv").write_bytes(b"")
    results = gathered(tmp_path, numbers={"samples": 512})
    assert results.history is None
    assert any("history.csv cannot be read" in problem for problem in results.problems)


def test_warnings_of_the_training_are_told_again(tmp_path):
    steps = [FEW_STEPS * n for n in range(1, 11)]
    motion = [0.01, *[1.0] * 8, 0.01]
    results = gathered(tmp_path, history={"step": steps, "motion": motion, "diversity": [1.0] * 10})
    (frozen,) = [line for line in results.warnings if line.startswith("frozen")]
    assert f"in 1 of 7 reports, last at step {steps[-1]:,}" in frozen, "the start is unsettled"
    assert "samples hardly move" in frozen


def test_a_history_that_is_not_finite_is_told(tmp_path):
    results = gathered(tmp_path, history={"step": [1, 2], "generator": [1.0, float("inf")]})
    assert "1 of 2 reports of the training are not finite" in results.warnings


def test_few_samples_and_no_better_than_copying_are_told(tmp_path):
    results = gathered(tmp_path, numbers={"samples": 12}, history={"step": [1]})
    assert any("scored on 12 samples, fewer than 256" in line for line in results.warnings)
    curve = {"horizon": [1, 2, 4], "skill": [0.3, 0.2, 0.1], "skill_low": [0.1, 0.01, -0.1]}
    pd.DataFrame(curve).to_csv(tmp_path / "plots/rollout_seen.csv", index=False)
    results = gathered(tmp_path, name="pix2pix")
    assert any("on seen footage no better than copying" in line for line in results.warnings)
    assert any("first at 4 ahead" in line for line in results.warnings)
