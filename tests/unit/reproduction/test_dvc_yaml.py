import pytest
from ruamel.yaml import YAML
from support.project import ROOT

from vidpipe.reproduction.dvc_yaml import FILE, HEADER, WIDTH, render
from vidpipe.tracking.live_history import PLACEHOLDER


@pytest.fixture(scope="module")
def text():
    return render(ROOT)


@pytest.fixture(scope="module")
def made(text):
    return YAML(typ="safe").load(text)


def test_the_committed_file_is_what_the_pipelines_and_the_catalog_make(text):
    assert (ROOT / FILE).read_text(encoding="utf-8") == text
    assert text.startswith(HEADER)


def test_the_dependencies_in_each_folder_begin_a_line_that_fits_a_screen(text):
    lines = [line.strip() for line in text.splitlines()]
    assert "src/vidpipe/pipelines/digits/evaluate.py," in lines
    assert not any("src/vidpipe/data" in line and "src/vidpipe/models" in line for line in lines)
    assert max(map(len, text.splitlines())) <= WIDTH


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
