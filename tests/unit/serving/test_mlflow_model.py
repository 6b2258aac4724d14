import base64
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from support import untaught_models
from support.project import environment

from vidpipe.serving import mlflow_model
from vidpipe.serving.generation import Generation
from vidpipe.utils.errors import UserError


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return untaught_models.save(
        tmp_path_factory.mktemp("home"), "gan3d", "mocogan", "pix2pix", "vgan"
    )


def test_each_row_is_answered_with_the_bytes_of_the_command(home):
    rows = pd.DataFrame(
        [{"seed": 3, "count": 2, "kind": "png"}, {"seed": 1, "label": "jack", "count": None}]
    )
    told = mlflow_model.answers("gan3d", home / "gan3d", rows)
    jobs = [
        Generation(model="gan3d", suffix=".png", seed=3, count=2, weights=home / "gan3d"),
        Generation(model="gan3d", suffix=".mp4", seed=1, label="jack", weights=home / "gan3d"),
    ]
    assert [bytes(file) for file in told["file"]] == [job.make().file for job in jobs]
    assert told["media"].tolist() == ["image/png", "video/mp4"]
    assert told["command"][0].endswith("generate gan3d --count 2 --seed 3 --out gan3d-3.png")
    assert str(home) not in told["command"][0]


def test_a_row_may_ask_for_a_person(home):
    told = mlflow_model.answers("mocogan", home / "mocogan", pd.DataFrame([{"group": "bo"}]))
    job = Generation(model="mocogan", suffix=".mp4", group="bo", weights=home / "mocogan")
    assert bytes(told["file"][0]) == job.make().file


def test_a_job_that_cannot_be_met_is_told(home):
    with pytest.raises(UserError, match="gan3d knows jack, walk"):
        mlflow_model.answers("gan3d", home / "gan3d", pd.DataFrame([{"label": "swim"}]))


@pytest.mark.parametrize("model", ["gan3d", "pix2pix", "vgan"])
def test_the_example_of_a_model_can_be_met(home, model):
    told = mlflow_model.answers(model, home / model, mlflow_model.example(model))
    assert len(told["file"][0]) > 100


def test_requirements_are_exact_and_enough():
    told = mlflow_model.requirements()
    names = {line.partition("==")[0].lower() for line in told}
    assert all("==" in line and "+" not in line for line in told)
    assert {"torch", "numpy", "pillow", "av", "safetensors", "pydantic", "mlflow"} <= names
    assert not names & {"kedro", "dvc", "starlette", "uvicorn"}


LOADED = """
import base64, json, sys
import mlflow.pyfunc, pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
told = model.predict(pd.DataFrame([{"seed": 3, "count": 2, "kind": "png"}]))
import vidpipe
print(json.dumps([vidpipe.__file__, base64.b64encode(told["file"][0]).decode()]))
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_loads_what_was_exported_by_itself_and_makes_the_bytes_of_generate(
    home, tmp_path, vidpipe
):
    weights = str(home / "gan3d")
    vidpipe("export", "gan3d", "--weights", weights, "--out", str(tmp_path / "model"))
    job = ["--count", "2", "--seed", "3", "--out", str(tmp_path / "x.png")]
    vidpipe("generate", "gan3d", "--weights", weights, *job)
    files = [path.name for path in (tmp_path / "model").rglob("*")]
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth"))]

    # In a process of its own, which knows the package only by the code in the model.
    ours = environment()
    ours.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED, str(tmp_path / "model")],
        cwd=tmp_path,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place, file = json.loads(done.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(tmp_path / "model")
    assert base64.b64decode(file) == (tmp_path / "x.png").read_bytes()
