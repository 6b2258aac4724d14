import json
import math

import mlflow
import pytest
from PIL import Image
from support.project import metrics, run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, of MLflow

MODELS = ("gan3d", "vgan", "convlstm_gan", "mocogan")


@pytest.mark.parametrize("model", MODELS)
def test_every_output_of_the_design_is_there(reproduced, model):
    parts = ["parts.gif", "parts.png"]
    own = {"vgan": parts, "convlstm_gan": [*parts, "one_image.gif"], "mocogan": parts}
    names = ["samples.mp4", "samples.gif", "samples.png", "samples.npz", "walk.gif", "walk.mp4"]
    folder = reproduced / f"data/07_model_output/{model}"
    assert {path.name for path in folder.iterdir()} == {
        *names, "real_and_made.gif", *own.get(model, [])
    }  # fmt: skip
    for name in ("history.csv", "scores.csv"):
        assert (reproduced / f"plots/{model}/{name}").stat().st_size > 0


@pytest.mark.parametrize("model", MODELS)
def test_every_score_stands_beside_its_floor_and_its_baselines(reproduced, model):
    numbers = metrics(reproduced, model)
    for name in ("frechet_frames", "frechet_diff", "frechet_actions"):
        rows = ("", "_floor", "_held_out", "_copy_first", "_noise")
        assert {f"{name}{row}" for row in rows} <= set(numbers)
    assert {"motion_ratio", "freezing_rate_real", "actions_covered", "flicker"} <= set(numbers)
    assert ("first_frame_psnr" in numbers) == (model == "convlstm_gan")
    assert all(math.isfinite(value) for value in numbers.values())
    assert numbers["samples"] == 24


def test_the_judge_is_scored_on_actors_it_has_never_seen(reproduced):
    numbers = json.loads((reproduced / "metrics/action_classifier.json").read_text())
    assert 0 <= numbers["held_out.accuracy"] <= 1
    assert numbers["refused.frozen"] <= 1


def test_all_models_stand_in_one_experiment(reproduced):
    client = mlflow.MlflowClient(f"sqlite:///{reproduced}/mlflow/mlflow.db")
    found = client.get_experiment_by_name("clips")
    rows = client.search_runs([found.experiment_id])
    by_name = {row.data.tags["vidpipe.model"]: row.data.metrics for row in rows}
    assert set(by_name) == {*MODELS, "clip_autoencoder"}
    assert {"loss/total", "score/ceiling_motion", "score/psnr"} <= set(
        by_name.pop("clip_autoencoder")
    )
    for scores in by_name.values():
        assert {"loss/generator", "health/d_real", "score/motion_distance", "score/actions"} <= set(
            scores
        )


@pytest.mark.parametrize("model", MODELS)
def test_generating_is_one_command(reproduced, tmp_path, model, vidpipe, monkeypatch):
    Image.new("RGB", (50, 33)).save(tmp_path / "me.png")
    image = ["--image", str(tmp_path / "me.png")] if model == "convlstm_gan" else []
    out = tmp_path / "wall.gif"
    run(reproduced, "vidpipe", "generate", model, "--label", "jack", *image, "--out", str(out))
    with Image.open(out) as film:
        assert film.n_frames > 1
    monkeypatch.chdir(reproduced)
    said = vidpipe("generate", model, *image, "--label", "swim", code=1).output
    assert f"{model} knows bend, jack, jump" in said
    assert "Traceback" not in said
