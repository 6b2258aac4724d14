from copy import deepcopy
from functools import reduce

import pytest
from dvc.stage.cache import _get_cache_hash
from ruamel.yaml import YAML
from support.project import ROOT

from vidpipe.config.loader import read
from vidpipe.reproduction.dvc_yaml import FILE, HEADER, WIDTH, render
from vidpipe.tracking.live_history import PLACEHOLDER


def value_at(values, key):
    return reduce(lambda block, part: block[part], key.split("."), values)


def leaves(value, path=()):
    """Paths of the parameters in a block."""
    if not isinstance(value, dict):
        return [path]
    return [leaf for key in value for leaf in leaves(value[key], (*path, key))]


def run_key(values, keys):
    """What DVC looks a stage's run up by."""
    params = {key: value_at(values, key) for key in keys}
    return _get_cache_hash({"cmd": "x", "params": {"params.yaml": params}}, key=True)


@pytest.fixture(scope="module")
def text():
    return render(ROOT)


@pytest.fixture(scope="module")
def made(text):
    return YAML(typ="safe").load(text)


def test_the_committed_file_is_what_the_pipelines_and_the_catalog_make(text):
    assert (ROOT / FILE).read_text(encoding="utf-8") == text
    assert text.startswith(HEADER)


def test_its_lines_are_few_and_fit_a_screen(text):
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 450


def test_a_stage_is_a_run_of_kedro_with_its_parameters_data_and_code(made):
    stage = made["stages"]["mlp_gan_evaluate"]
    assert stage["cmd"] == "kedro run --pipelines=mlp_gan_evaluate"
    assert stage["params"] == ["mlp_gan.evaluate", "runtime"]
    assert stage["deps"][:3] == [
        "data/05_model_input/digits.npz",
        "data/06_models/digit_classifier",
        "data/06_models/mlp_gan",
    ]
    assert "src/vidpipe/pipelines/digits/evaluate.py" in stage["deps"]


def test_metrics_and_plots_are_in_git_and_samples_are_not(made):
    stage = made["stages"]["mlp_gan_evaluate"]
    assert stage["metrics"] == [{"metrics/headlines/mlp_gan.json": {"cache": False}}]
    assert {"metrics/mlp_gan.json": {"cache": False}} in stage["outs"], "DVC lists no score of it"
    assert {"plots/mlp_gan": {"cache": False}} in stage["outs"]
    assert "data/07_model_output/mlp_gan" in stage["outs"]


def test_a_change_of_any_parameter_is_another_run_to_dvcs_run_cache(made):
    values = read(ROOT / "params.yaml")
    for name, stage in made["stages"].items():
        keys = [key for key in stage.get("params", []) if isinstance(key, str)]
        paths = {(*key.split("."), *rest) for key in keys for rest in leaves(value_at(values, key))}
        seen = {run_key(values, keys)}
        for path in paths:
            changed = deepcopy(values)
            value_at(changed, ".".join(path[:-1]))[path[-1]] = "another"
            seen.add(run_key(changed, keys))
        assert len(seen) == 1 + len(paths), name


def test_earlier_runs_of_a_training_can_be_restored(made):
    for name, stage in made["stages"].items():
        if not name.endswith("_evaluate"):
            outs = [out for out in stage.get("outs", []) if isinstance(out, dict)]
            assert not any(out.get("cache") is False for each in outs for out in each.values())


def test_a_path_that_is_a_parameter_is_one_to_dvc_too_and_what_writes_npz_counts(made):
    stage = made["stages"]["digits"]
    assert "${digits.glyphs}" in stage["deps"]
    assert any("src/vidpipe/data/npz.py".startswith(dep) for dep in stage["deps"])


def test_plots_name_the_files_and_columns_of_their_curves(made):
    plots = {title: plot for entry in made["plots"] for title, plot in entry.items()}
    assert plots["pix2pix skill of rollouts against copy-last"] == {
        "x": "horizon",
        "y": {
            "plots/pix2pix/rollout_seen.csv": "skill",
            "plots/pix2pix/rollout_held_out.csv": "skill",
        },
        "x_label": "frames ahead",
        "y_label": "skill against copying the last frame",
    }
    assert "vgan losses" in plots
    assert plots["plots/live"]["y"] == ["generator", "discriminator"]
    assert (ROOT / PLACEHOLDER).read_text() == "step,generator,discriminator\n"
