"""DVC and Kedro agree; experiments stand side by side; what stops leaves nothing torn."""

import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress

import pytest
from support.project import ROOT, copy, environment, metrics, mlflow_runs, run

from vidpipe.pipeline_registry import SUMS
from vidpipe.reproduction.record import recorded
from vidpipe.tracking.live_history import LiveHistory

LAST = "mlp_gan_evaluate"  # the model that takes least, with all that it takes
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def project(reproduced, tmp_path_factory):
    """A project of this file alone, its results committed."""
    project = tmp_path_factory.mktemp("dvc") / reproduced.name
    shutil.copytree(reproduced, project)
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "Results")
    return project


def digests(project, out):
    """The md5 of a file, or of each file in a folder."""
    place = project / out
    paths = [path for path in place.rglob("*") if path.is_file()] if place.is_dir() else [place]
    return {path.relative_to(project): hashlib.md5(path.read_bytes()).hexdigest() for path in paths}


def rows(project):
    return mlflow_runs(project, "digits")[1]


def logged(project):
    """Losses in MLflow: training is under way."""
    database = f"file:{project}/mlflow/mlflow.db?mode=ro"
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(database, uri=True)) as runs,
    ):
        return runs.execute("select count(*) from metrics").fetchone()[0]
    return 0


def test_a_second_repro_runs_nothing_and_leaves_git_clean(project):
    said = run(project, "dvc", "repro", LAST)
    assert "Data and pipelines are up to date." in said
    assert "Running stage" not in said
    assert run(project, "git", "status", "--porcelain") == ""


def test_a_forced_repro_leaves_the_lock_as_it_was(project):
    run(project, "dvc", "repro", "--force", "--no-run-cache", "mlp_gan_train")
    assert run(project, "git", "status", "--porcelain") == ""


def test_an_experiment_stands_beside_the_first_run(project):
    before = {row.info.run_id for row in rows(project)}
    run(project, "dvc", "exp", "run", "-S", "mlp_gan.train.steps=5", LAST)
    run(project, "git", "checkout", "--quiet", ".")
    run(project, "dvc", "checkout", "--with-deps", LAST)
    run(project, "dvc", "exp", "run", "--temp", "-S", "mlp_gan.train.steps=6", LAST)
    new = [row for row in rows(project) if row.info.run_id not in before]
    assert sorted(row.data.params["mlp_gan.train.steps"] for row in new) == ["5", "6"]
    assert all("score/numerals" in row.data.metrics for row in new)
    assert all("steps" in row.info.run_name for row in new)
    assert all(row.data.tags["dvc.experiment"] for row in new)


def test_touching_the_evaluation_trains_nothing(project):
    measures = project / "src/vidpipe/evaluation/digit_scores.py"
    measures.write_text(measures.read_text() + "\n")
    said = run(project, "dvc", "status")
    assert LAST in said
    assert "mlp_gan_train" not in said
    run(project, "git", "checkout", "--quiet", ".")


def test_ctrl_c_ends_with_130_and_nothing_torn(tmp_path):
    project = copy(tmp_path)
    run(project, "kedro", "run", "--pipelines=digits")
    # Tests that run in the background have SIGINT ignored, and children inherit that.
    long = [
        "env",
        "--default-signal=INT",
        "kedro",
        "run",
        "--pipelines=mlp_gan_train",
        "--params",
        "mlp_gan.train.steps=100000",
    ]
    process = subprocess.Popen(
        long,
        cwd=project,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 600
    try:
        while not logged(project):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[1]
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not (project / "data/06_models").exists()
    assert not list((project / ".vidpipe").glob("work-*"))
    assert [row.info.status for row in rows(project)] == ["KILLED"]
    assert (project / "plots/live/mlp_gan.csv").is_file()
    assert run(project, "git", "status", "--porcelain") == ""


def test_a_training_that_runs_is_among_the_plots_of_dvc(tmp_path):
    project = copy(tmp_path)
    shutil.copytree(ROOT / "plots", project / "plots", dirs_exist_ok=True)
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "Plots")
    live = LiveHistory(project / "plots/live/gan3d.csv")
    live.add({"generator": 2.0, "discriminator": 0.5}, 20)
    shown = json.loads(run(project, "dvc", "plots", "diff", "HEAD", "workspace", "--json"))
    (plot,) = shown["data"]["plots/live/gan3d.csv"]
    points = plot["content"]["data"]["values"]
    assert sorted(float(point["dvc_inferred_y_value"]) for point in points) == [0.5, 2.0]
    assert not shown.get("errors")
    assert run(project, "git", "status", "--porcelain") == ""


def test_kedro_makes_the_bytes_of_dvc(reproduced, tmp_path):
    project = copy(tmp_path)
    run(project, "kedro", "run", "--pipelines=pix2pix")
    stages = recorded(reproduced)
    outs = [out for stage in SUMS["pix2pix"] for out in stages[stage].outs]
    assert {"data/06_models/pix2pix", "data/07_model_output/pix2pix", "plots/pix2pix"} <= set(outs)
    assert {out: digests(project, out) for out in outs} == {
        out: digests(reproduced, out) for out in outs
    }
    assert metrics(project) == metrics(reproduced)
