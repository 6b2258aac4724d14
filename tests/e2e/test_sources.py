"""A data set is one parameter away: from a mirror, through DVC, to a manifest."""

import csv
import json

import pytest
import sets
from mirror import serve
from project import copy, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy(tmp_path_factory.mktemp("sources"))


def manifest(project):
    with (project / "data/01_raw/clips.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_weizmann_from_a_mirror_by_an_experiment(project, tmp_path):
    shelf = sets.weizmann(tmp_path / "DB", sets.ACTIONS)
    chosen = "sources.clips.dataset=weizmann"
    with serve(shelf) as mirror:
        mirror.faults.cuts = [1000, 50]
        where = f"sources.clips.weizmann.archive={mirror.url}"
        run(project, "dvc", "exp", "run", "-S", chosen, "-S", where, "sources")
    rows = manifest(project)
    assert len(rows) == 83
    assert {row["label"] for row in rows} == set(sets.ACTIONS)
    assert {row["status"] for row in rows} == {"ok"}
    numbers = json.loads((project / "metrics/sources.json").read_text(encoding="utf-8"))
    assert numbers["clips.train"] + numbers["clips.test"] == numbers["clips.ok"] == 83
    assert numbers["footage.frames"] == 120


def test_some_of_ucf101_from_a_copy_by_an_experiment(project, tmp_path):
    shelf = sets.ucf101(tmp_path / "shelf")
    block = "sources.clips.ucf101"
    values = ["sources.clips.dataset=ucf101", f"{block}.archive={shelf}", f"{block}.per_class=5"]
    values.append(f"{block}.classes=[YoYo,HandStandPushups]")
    run(project, "dvc", "exp", "run", *(o for v in values for o in ("-S", v)), "clips_fetch")
    rows = manifest(project)
    assert {row["label"] for row in rows} == {"YoYo", "HandstandPushups"}
    assert len(rows) == 10
    assert {row["split"] for row in rows} <= {"train", "test"}


def test_what_cannot_be_had_is_told_in_a_line(project):
    values = "sources.clips.dataset=mpii_cooking"
    said = run(project, "kedro", "run", "--pipelines=clips_fetch", "--params", values, code=1)
    assert "Error: sources.clips.mpii_cooking.accept_terms: " in said
    assert "Traceback" not in said
