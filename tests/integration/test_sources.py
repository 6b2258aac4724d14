"""A data set is one parameter away: from a mirror, through DVC, to clips."""

import csv
import json
import re
from pathlib import Path

import mlflow
import numpy as np
import pytest
from support import datasets as sets
from support.http_server import serve
from support.project import copy, run

from vidpipe.data.npz import read_npz

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
LONG = 40  # frames: a clip of 16 at stride 2 takes 32


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy(tmp_path_factory.mktemp("sources"))


def manifest(project):
    with (project / "data/01_raw/clips.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clips(project) -> dict[str, np.ndarray]:
    return read_npz(project / "data/05_model_input/clips.npz")


def test_weizmann_from_a_mirror_by_an_experiment(project, tmp_path):
    shelf = sets.weizmann(tmp_path / "DB", sets.ACTIONS, LONG)
    chosen = "sources.clips.dataset=weizmann"
    with serve(shelf) as mirror:
        mirror.faults.cuts = [1000, 50]
        where = f"sources.clips.weizmann.archive={mirror.url}"
        run(project, "dvc", "exp", "run", "-S", chosen, "-S", where, "sources", "clips")
    rows = manifest(project)
    assert len(rows) == 83
    assert {row["label"] for row in rows} == set(sets.ACTIONS)
    assert {row["status"] for row in rows} == {"ok"}
    numbers = json.loads((project / "metrics/sources.json").read_text(encoding="utf-8"))
    assert numbers["clips.train"] + numbers["clips.test"] == numbers["clips.ok"] == 83
    assert numbers["footage.frames"] == 120
    made = clips(project)
    assert made["labels"].tolist() == sorted(sets.ACTIONS)
    assert made["groups"].tolist() == sorted(sets.PEOPLE)
    assert made["frames"][made["clips"]].shape == (83, 16, 32, 32, 3)
    parts = {(group, split) for group, split in zip(made["group"], made["split"], strict=True)}
    assert len(parts) == len(sets.PEOPLE)  # nobody is on both sides


def test_the_contact_sheet_is_shown_in_mlflow(project):
    client = mlflow.MlflowClient(f"sqlite:///{project / 'mlflow/mlflow.db'}")
    experiment = client.get_experiment_by_name("sources")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == run.data.params["sources.clips.dataset"] == "weizmann"
    assert run.data.metrics["clips.videos"] == 83
    images = [Path(file.path) for file in client.list_artifacts(run.info.run_id, "images")]
    assert {re.split("[+%]", image.name)[0] for image in images} == {"clips"}


def test_some_of_ucf101_from_a_copy_by_an_experiment(project, tmp_path):
    shelf = sets.ucf101(tmp_path / "shelf", frames=LONG)
    block = "sources.clips.ucf101"
    values = ["sources.clips.dataset=ucf101", f"{block}.archive={shelf}", f"{block}.per_class=5"]
    values.append(f"{block}.classes=[YoYo,HandStandPushups]")
    run(project, "dvc", "exp", "run", *(o for v in values for o in ("-S", v)), "clips")
    rows = manifest(project)
    assert {row["label"] for row in rows} == {"YoYo", "HandstandPushups"}
    assert len(rows) == 10
    assert {row["split"] for row in rows} <= {"train", "test"}
    made = clips(project)
    assert made["labels"].tolist() == ["HandstandPushups", "YoYo"]
    assert made["clips"].shape == (10, 16)
    official = {row["path"]: row["split"] for row in rows}
    assert [official[made["videos"][n]] for n in made["video"]] == made["split"].tolist()


def test_what_cannot_be_had_is_told_in_a_line(project):
    values = "sources.clips.dataset=mpii_cooking"
    said = run(project, "kedro", "run", "--pipelines=clips_fetch", "--params", values, code=1)
    assert "Error: sources.clips.mpii_cooking.accept_terms: " in said
    assert "Traceback" not in said
