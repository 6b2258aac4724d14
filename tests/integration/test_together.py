"""Several runs at once do one another, and the database of MLflow, no harm."""

import subprocess

import pytest
from support.project import copy, environment, metrics, mlflow_runs, run, work_off

pytestmark = pytest.mark.filterwarnings("ignore")
LAST = "mlp_gan_evaluate"


@pytest.fixture
def project(tmp_path):
    return copy(tmp_path)


def at_once(project, *commands):
    """What several commands say that run side by side; all must end well."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = [
        subprocess.Popen(command, cwd=project, env=environment(), **pipes) for command in commands
    ]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(commands), "\n".join(said)
    return said


def rows(project):
    return mlflow_runs(project, "digits")[1]


@pytest.mark.slow
def test_two_runs_of_kedro_on_a_fresh_clone(project):
    said = at_once(project, *[["kedro", "run", "--pipelines=mlp_gan"]] * 2)
    assert not any("MLflow does not answer" in text for text in said)
    assert {row.info.status for row in rows(project)} == {"FINISHED"}
    assert metrics(project, "mlp_gan")
    assert not list((project / ".vidpipe").glob("work-*"))
    assert not list((project / ".vidpipe/checkpoints").glob("*_train-*"))


@pytest.mark.long
def test_two_experiments_in_copies_of_their_own(project):
    begun = ["dvc", "exp", "run", "--temp", LAST, "-S"]
    at_once(project, *[[*begun, f"mlp_gan.train.steps={steps}"] for steps in (5, 6)])
    done = {row.data.params["mlp_gan.train.steps"]: row for row in rows(project)}
    assert set(done) == {"5", "6"}
    assert all("score/numerals" in row.data.metrics for row in done.values())


@pytest.mark.long
def test_a_queue_with_two_workers(project):
    for steps in (5, 6):
        run(project, "dvc", "exp", "run", "--queue", "-S", f"mlp_gan.train.steps={steps}", LAST)
    state = work_off(project, jobs=2)
    assert state.count("Success") == 2, state
    assert {row.data.params["mlp_gan.train.steps"] for row in rows(project)} == {"5", "6"}
