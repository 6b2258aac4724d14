import math
import shutil

import numpy as np
import pytest
from PIL import Image
from support.project import copy, metrics, mlflow_runs, run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, from MLflow

SCORES = ["modes", "kl_uniform", "confident_share", "frechet", "precision", "recall"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which both GANs of digits were run by Kedro, on two glyphs of a user's own."""
    project = copy(tmp_path_factory.mktemp("digits"))
    own = project / "mine"
    own.mkdir()
    for number, name in enumerate(("dog", "cat", "cow")):
        picture = Image.new("RGB", (60 + number, 50), "white")
        picture.paste((0, 0, 0), (10 + 8 * number, 10, 30 + 8 * number, 40))
        picture.paste((200, 0, 0), (5, 20 + number, 50, 24 + number))
        picture.save(own / f"{name}.png")
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace("glyphs: data/01_raw/glyphs", "glyphs: mine"), encoding="utf-8")
    run(project, "kedro", "run", "--pipelines=mlp_gan,dcgan")
    return project


def test_every_output_of_the_design_is_there(project):
    paths = ["data/05_model_input/digits.npz", "data/05_model_input/digits.png"]
    paths += ["data/06_models/digit_classifier/classifier.safetensors"]
    paths += ["data/06_models/digit_classifier/history.csv"]
    for model in ("mlp_gan", "dcgan"):
        weights = ["generator.safetensors", "discriminator.safetensors", "history.csv"]
        paths += [f"data/06_models/{model}/{name}" for name in (*weights, "sheets/000008.png")]
        paths += [f"data/07_model_output/{model}/samples.{kind}" for kind in ("png", "gif")]
        paths += [f"data/07_model_output/{model}/generated.npz", f"plots/{model}/history.csv"]
    for path in paths:
        assert (project / path).stat().st_size > 0, path


def test_ones_own_pictures_are_the_numerals(project):
    with np.load(project / "data/05_model_input/digits.npz", allow_pickle=False) as digits:
        assert digits["names"].tolist() == ["cat", "cow", "dog"]
        assert digits["pictures"].shape == (500, 28, 28)
        assert set(digits["label"].tolist()) == {0, 1, 2}
        assert set(digits["split"].tolist()) == {"seen", "held_out"}


@pytest.mark.parametrize("model", ["mlp_gan", "dcgan"])
def test_every_score_stands_beside_that_of_held_out_pictures(project, model):
    numbers = metrics(project, model)
    wanted = {*SCORES, *(f"{name}_held_out" for name in SCORES), "frechet_floor", "samples"}
    assert wanted <= set(numbers)
    assert all(math.isfinite(value) for value in numbers.values())
    assert numbers["samples"] == 60


def test_both_models_stand_in_one_experiment(project):
    client, rows = mlflow_runs(project, "digits")
    assert {row.data.tags["vidpipe.model"] for row in rows} == {"mlp_gan", "dcgan"}
    for row in rows:
        assert {"loss/generator", "score/distance", "score/numerals"} <= set(row.data.metrics)
        assert row.data.tags["vidpipe.deliverable"] == "D1"
        shown = [file.path for file in client.list_artifacts(row.info.run_id, "images")]
        assert any("progress" in path for path in shown)


def test_generating_is_one_command_with_weights_from_anywhere(
    project, tmp_path, vidpipe, monkeypatch
):
    folder = str(project / "data/06_models/dcgan")
    run(tmp_path, "vidpipe", "generate", "dcgan", "--out", "seven.png", "--weights", folder)
    run(project, "vidpipe", "generate", "mlp_gan", "--count", "4", "--out", str(tmp_path / "w.gif"))
    with Image.open(tmp_path / "w.gif") as film:
        assert film.n_frames > 30
    monkeypatch.chdir(tmp_path)
    said = vidpipe("generate", "dcgan", code=1).output
    assert "expected trained weights, found no such file" in said
    assert "Traceback" not in said


def test_a_folder_without_glyphs_is_named(project):
    said = run(
        project, "kedro", "run", "--pipelines=digits", "--params", "digits.glyphs=nowhere", code=1
    )
    assert "nowhere" in said
    assert "Traceback" not in said


def test_training_goes_on_when_mlflow_cannot_be_reached(project, tmp_path):
    another = copy(tmp_path)
    shutil.copyfile(project / "params.yaml", another / "params.yaml")
    for needed in ("data/05_model_input", "data/06_models/digit_classifier"):
        (another / needed).parent.mkdir(exist_ok=True)
        (another / needed).symlink_to(project / needed)
    stages = "--pipelines=mlp_gan_train,mlp_gan_evaluate"
    said = run(another, "kedro", "run", stages, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert said.count("MLflow does not answer as it should") == 1
    assert metrics(another, "mlp_gan") == metrics(project, "mlp_gan")
