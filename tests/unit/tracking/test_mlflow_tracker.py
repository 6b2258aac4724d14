import time
from functools import partial

import numpy as np
import pytest
from support import watched_trainings as watched
from support.project import ROOT

from vidpipe.config.loader import check, read
from vidpipe.tracking import forgiving
from vidpipe.tracking.mlflow_tracker import MlflowTracker, _MlflowRun
from vidpipe.training import checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")  # other people's, from MLflow
PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A repository with a database of its own: one for all tests, for it takes seconds."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def kept(tmp_path):
    """The folder of one training."""
    return tmp_path


def tracker(root):
    params = check(read(ROOT / "params.yaml"))
    return MlflowTracker(root=root, project=root, params=params)


def trained(root, kept, *steps, stop=None):
    """Tell a run of these steps, then end it by an error, if there is one to raise."""
    tracking = tracker(root)
    try:
        with tracking.training("dcgan", kept) as run:
            for step in steps:
                run.metrics(
                    {"generator": step / 10, "r1": step} if step % 2 else {"generator": 0.5}, step
                )
            run.picture("progress", PICTURE, steps[-1])
            if stop:
                raise stop
    except (KeyboardInterrupt, ValueError):
        pass
    assert not tracking.server.silent
    return tracking._client(), (kept / "mlflow_run").read_text()


def steps_of(client, run, key):
    return [point.step for point in client.get_metric_history(run, key)]


def test_the_run_of_a_training_that_was_stopped_goes_on_without_gap_or_double(root, kept):
    client, run = trained(root, kept, 1, 2, 3, stop=KeyboardInterrupt())
    assert client.get_run(run).info.status == "KILLED"
    assert trained(root, kept, 1, 2, 3, 4, 5)[1] == run
    assert client.get_run(run).info.status == "FINISHED"
    assert steps_of(client, run, "generator") == [1, 2, 3, 4, 5]
    assert steps_of(client, run, "r1") == [1, 3, 5]


def test_a_run_killed_before_it_had_its_parameters_is_found_again_and_gets_them(
    root, kept, monkeypatch
):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    tracking = tracker(root)
    with monkeypatch.context() as patched:
        patched.setattr(_MlflowRun, "params", kill)
        with pytest.raises(Killed), tracking.training("dcgan", kept):
            pass
    client = tracking._client()
    run = (kept / "mlflow_run").read_text()
    assert client.get_run(run).data.params == {}
    assert trained(root, kept, 1)[1] == run
    assert client.get_run(run).data.params == tracking.flat_params("dcgan")


def impatient(monkeypatch):
    """What fails is tried again at once."""
    monkeypatch.setattr(forgiving, "FIRST", 0.0)
    monkeypatch.setattr(forgiving, "PAUSE", 0.01)
    monkeypatch.setattr(forgiving, "SHARE", float("inf"))


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), SystemExit(143)])
def test_a_run_that_is_told_to_stop_is_no_failure(root, kept, signal):
    tracking = tracker(root)
    with pytest.raises(type(signal)), tracking.training("dcgan", kept):
        raise signal
    run = tracking._client().get_run((kept / "mlflow_run").read_text())
    assert run.info.status == "KILLED"


def test_what_fails_of_a_new_run_makes_no_second_one(root, kept, monkeypatch):
    tracking, told = tracker(root), []
    client = tracking._client()
    home = client.get_experiment_by_name("digits").experiment_id
    before = len(client.search_runs([home]))
    impatient(monkeypatch)
    monkeypatch.setattr(_MlflowRun, "params", lambda *_: told.append(1) or 1 / 0)
    (kept / "weights").write_text("new")
    with tracking.evaluation("dcgan", kept / "weights") as run:
        for step in (1, 2, 3):
            time.sleep(2 * forgiving.PAUSE)
            run.metrics({"generator": 0.5}, step)
    assert len(told) > 1
    assert len(client.search_runs([home])) == before + 1


def test_a_point_whose_answer_was_lost_is_kept_once_and_when_it_was_measured(
    root, kept, monkeypatch
):
    points, lost = _MlflowRun.points, []

    def lose(self, *words):
        points(self, *words)
        if not lost:
            lost.append(words[-1])
            raise ConnectionError

    impatient(monkeypatch)
    monkeypatch.setattr(_MlflowRun, "points", lose)
    tracking = tracker(root)
    with tracking.training("dcgan", kept) as told:
        for step in (1, 2):
            told.metrics({"generator": 0.5}, step)
            time.sleep(2 * forgiving.PAUSE)
    history = tracking._client().get_metric_history((kept / "mlflow_run").read_text(), "generator")
    assert sorted(point.step for point in history) == [1, 2]
    assert lost == [point.timestamp for point in history if point.step == 1]


def test_pictures_are_not_doubled_either(root, kept):
    client, run = trained(root, kept, 1, 12, stop=ValueError())
    assert client.get_run(run).info.status == "FAILED"
    trained(root, kept, 1, 12)
    trained(root, kept, 1, 2)
    files = [file.path for file in client.list_artifacts(run, "images")]
    drawn = sorted(int(path.split("+")[2]) for path in files if path.endswith(".png"))
    assert drawn == [2, 12]


def test_a_run_that_somebody_deleted_is_made_anew_and_whole(root, kept):
    client, run = trained(root, kept, 1, 2, stop=ValueError())
    client.delete_run(run)
    _, other = trained(root, kept, 1, 2, 3)
    assert other != run
    assert steps_of(client, other, "generator") == [1, 2, 3]


def test_a_sign_marks_the_run_from_its_first_step_on_after_a_crash_too(root, kept, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))
    monkeypatch.setattr(checkpoint, "LEAST", 0.0)

    def show(step, stop=None):
        if step == stop:
            raise KeyboardInterrupt
        return {"motion": 0.0}

    tracking = tracker(root)
    with pytest.raises(KeyboardInterrupt):
        watched.train(tracking, kept / "one", kept, partial(show, stop=7))
    run = tracking._client().get_run((kept / "mlflow_run").read_text())
    assert run.data.tags["vidpipe.warning.frozen"] == "from step 4"
    watched.train(tracking, kept / "two", kept, show)
    again = tracking._client().get_run(run.info.run_id)
    assert again.info.status == "FINISHED"
    assert again.data.tags["vidpipe.warning.frozen"] == "from step 4"


@pytest.mark.parametrize("note", ["", "0" * 32])
def test_a_note_of_no_run_is_passed_over(root, kept, note):
    (kept / "mlflow_run").write_text(note)
    client, run = trained(root, kept, 1)
    assert steps_of(client, run, "generator") == [1]


def test_trainings_that_keep_nothing_have_runs_of_their_own(root, kept):
    tracking = tracker(root)
    ids = []
    for name in ("one", "two"):
        (kept / name).mkdir()
        with tracking.training("dcgan", kept / name) as run:
            run.metrics({"generator": 0.5}, 1)
        ids.append(run._run.id)
    assert ids[0] != ids[1]
