import json
import math

import mlflow
import pytest
from PIL import Image
from support.project import copy, metrics, run

from vidpipe.config.loader import read

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, of MLflow

MODELS = ("gan3d", "vgan", "convlstm_gan")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which all GANs of clips were run by Kedro."""
    project = copy(tmp_path_factory.mktemp("clips"))
    for name in MODELS:
        run(project, "kedro", "run", f"--pipelines={name}")
    return project


@pytest.mark.parametrize("model", MODELS)
def test_every_output_of_the_design_is_there(project, model):
    own = {"vgan": ["parts.gif", "parts.png"], "convlstm_gan": ["one_image.gif"]}
    names = ["samples.mp4", "samples.gif", "samples.png", "samples.npz", "walk.gif", "walk.mp4"]
    folder = project / f"data/07_model_output/{model}"
    assert {path.name for path in folder.iterdir()} == {
        *names, "real_and_made.gif", *own.get(model, [])
    }  # fmt: skip
    for name in ("history.csv", "scores.csv"):
        assert (project / f"plots/{model}/{name}").stat().st_size > 0


@pytest.mark.parametrize("model", MODELS)
def test_every_score_stands_beside_its_floor_and_its_baselines(project, model):
    numbers = metrics(project, model)
    for name in ("frechet_frames", "frechet_diff", "frechet_actions"):
        rows = ("", "_floor", "_held_out", "_copy_first", "_noise")
        assert {f"{name}{row}" for row in rows} <= set(numbers)
    assert {"motion_ratio", "freezing_rate_real", "actions_covered", "flicker"} <= set(numbers)
    assert ("first_frame_psnr" in numbers) == (model == "convlstm_gan")
    assert all(math.isfinite(value) for value in numbers.values())
    assert numbers["samples"] == 24


def test_the_judge_is_scored_on_actors_it_has_never_seen(project):
    numbers = json.loads((project / "metrics/action_classifier.json").read_text())
    assert 0 <= numbers["held_out.accuracy"] <= 1
    assert numbers["refused.frozen"] <= 1


def test_all_models_stand_in_one_experiment(project):
    client = mlflow.MlflowClient(f"sqlite:///{project}/mlflow/mlflow.db")
    found = client.get_experiment_by_name("clips")
    rows = client.search_runs([found.experiment_id])
    assert {row.info.run_name for row in rows} == set(MODELS)
    for row in rows:
        assert {"generator", "frechet_diff", "actions_covered"} <= set(row.data.metrics)


@pytest.mark.parametrize("kind", ["png", "gif", "mp4"])
def test_generating_is_one_command(project, tmp_path, kind):
    made = {}
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        out = tmp_path / f"{name}.{kind}"
        options = ["--count", "4", "--seed", str(seed), "--out", str(out)]
        run(project, "vidpipe", "generate", "gan3d", *options)
        made[name] = out.read_bytes()
    assert made["one"] == made["again"] != made["other"]


def test_a_label_says_what_all_are_to_show(project, tmp_path):
    made = set()
    for label in ("jack", "walk"):
        out = tmp_path / f"{label}.png"
        run(project, "vidpipe", "generate", "gan3d", "--label", label, "--out", str(out))
        made.add(out.read_bytes())
    assert len(made) == 2


@pytest.mark.parametrize(
    ("mode", "size"), [("RGBA", (50, 33)), ("L", (7, 90)), ("P", (32, 32)), ("I;16", (64, 40))]
)
def test_pictures_of_any_mode_and_size_are_made_to_move(project, tmp_path, mode, size):
    Image.new(mode, size).save(tmp_path / "me.png")
    out = tmp_path / "me.gif"
    options = ["--image", str(tmp_path / "me.png"), "--count", "2", "--out", str(out)]
    run(project, "vidpipe", "generate", "convlstm_gan", *options)
    frames = read(project / "params.yaml")["convlstm_gan"]["model"]["frames"]
    with Image.open(out) as film:
        assert film.n_frames == frames


def test_generating_says_what_is_wrong(project, tmp_path):
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG no more")
    for arguments, message in (
        (["convlstm_gan"], "give it one with --image"),
        (["convlstm_gan", "--image", "none.png"], "found no such file"),
        (["convlstm_gan", "--image", str(torn)], "expected a picture"),
        (["gan3d", "--image", str(torn)], "gan3d starts from noise alone"),
        (["gan3d", "--label", "swim"], "gan3d knows bend, jack, jump"),
        (["dcgan", "--label", "jack"], "dcgan starts from noise alone"),
        (["vgan", "--count", "500"], "a film shows 400 at most"),
    ):
        said = run(project, "vidpipe", "generate", *arguments, code=1)
        assert message in said
        assert "Traceback" not in said
