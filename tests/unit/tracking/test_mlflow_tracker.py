import hashlib
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support import watched_trainings as watched
from support.project import ROOT, copy
from support.project import run as run_command
from urllib3.connection import HTTPConnection

from vidpipe.config.loader import check, read
from vidpipe.tracking.descriptions import flat_params
from vidpipe.tracking.mlflow_tracker import (
    RUN_ID,
    WEIGHTS_TAG,
    MlflowTracker,
    _MlflowRun,
    run_source,
    tracking_uri,
    without_secrets,
)
from vidpipe.training import checkpoint, trainer
from vidpipe.utils.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
PICTURE = np.zeros((4, 4, 3), np.uint8)
PARAMS = check(read(ROOT / "params.yaml"))


@pytest.fixture(scope="module")
def tracker(tmp_path_factory):
    """A tracker with one new database for all tests, for it takes seconds to create."""
    root = tmp_path_factory.mktemp("runs")
    return MlflowTracker(root=root, project=root, params=PARAMS)


def run_id(checkpoints):
    return (checkpoints / RUN_ID).read_text()


def train(tracker, checkpoints, *steps, stop=None):
    """Log a training of these steps, ended by an error if there is one; return its run's id."""
    try:
        with tracker.training("dcgan", checkpoints) as run:
            for step in steps:
                r1 = {"r1": step} if step % 2 else {}
                run.metrics({"generator": step / 10, "discriminator": 0.5} | r1, step)
            run.picture("progress", PICTURE, steps[-1])
            if stop:
                raise stop
    except (KeyboardInterrupt, ValueError):
        pass
    assert not tracker.failed
    return run_id(checkpoints)


def status(tracker, run):
    return tracker.client.get_run(run).info.status


def steps_of(tracker, run, key):
    return [point.step for point in tracker.client.get_metric_history(run, key)]


def test_a_resumed_training_logs_every_point_once_to_the_same_run(tracker, tmp_path):
    run = train(tracker, tmp_path, 1, 2, 3, stop=KeyboardInterrupt())
    assert status(tracker, run) == "KILLED"
    assert train(tracker, tmp_path, 1, 2, 3, 4, 5) == run
    assert status(tracker, run) == "FINISHED"
    assert steps_of(tracker, run, "loss/generator") == [1, 2, 3, 4, 5]
    assert steps_of(tracker, run, "loss/r1") == [1, 3, 5]


def test_the_history_so_far_is_there_until_a_training_has_ended_well(tracker, tmp_path):
    file = tracker.project / "plots/live/dcgan.csv"
    train(tracker, tmp_path, 1, 2, stop=KeyboardInterrupt())
    assert file.read_text().startswith("step,generator,discriminator,r1\n1,0.1,0.5,1")
    train(tracker, tmp_path, 1, 2, 3)
    assert not file.exists()


def test_the_history_so_far_needs_no_server(tmp_path):
    failed = MlflowTracker(root=tmp_path, project=tmp_path, params=PARAMS, failed=True)
    with failed.training("dcgan", tmp_path) as run:
        run.metrics({"generator": 0.5, "discriminator": 0.7}, 20)
        rows = (tmp_path / "plots/live/dcgan.csv").read_text()
        assert rows == "step,generator,discriminator\n20,0.5,0.7\n"


def test_a_resumed_training_logs_every_picture_once(tracker, tmp_path):
    run = train(tracker, tmp_path, 1, 12, stop=ValueError())
    assert status(tracker, run) == "FAILED"
    train(tracker, tmp_path, 1, 12)
    train(tracker, tmp_path, 1, 2)
    files = [file.path for file in tracker.client.list_artifacts(run, "images")]
    assert sorted(int(path.split("+")[2]) for path in files if path.endswith(".png")) == [2, 12]


def test_a_run_killed_before_it_had_its_parameters_gets_them(tracker, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(_MlflowRun, "_log_params", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            tracker.training("dcgan", tmp_path)
    run = run_id(tmp_path)
    assert tracker.client.get_run(run).data.params == {}
    assert train(tracker, tmp_path, 1) == run
    assert tracker.client.get_run(run).data.params == tracker.flat_params("dcgan")


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), SystemExit(143)])
def test_a_stopped_training_is_no_failed_one(tracker, tmp_path, signal):
    with pytest.raises(type(signal)), tracker.training("dcgan", tmp_path):
        raise signal
    assert status(tracker, run_id(tmp_path)) == "KILLED"


def test_a_deleted_run_is_replaced_by_a_whole_one(tracker, tmp_path):
    run = train(tracker, tmp_path, 1, 2, stop=ValueError())
    tracker.client.delete_run(run)
    replacement = train(tracker, tmp_path, 1, 2, 3)
    assert replacement != run
    assert steps_of(tracker, replacement, "loss/generator") == [1, 2, 3]


@pytest.mark.parametrize("note", ["", "0" * 32])
def test_an_unknown_run_id_is_replaced(tracker, tmp_path, note):
    (tmp_path / RUN_ID).write_text(note)
    assert steps_of(tracker, train(tracker, tmp_path, 1), "loss/generator") == [1]


def test_an_evaluation_joins_the_newest_run_with_these_weights_and_parameters(tracker, tmp_path):
    (tmp_path / "weights").write_text("some")
    with tracker.training("dcgan", tmp_path) as run:
        run.weights(tmp_path / "weights")
    with tracker.evaluation("dcgan", tmp_path / "weights") as run:
        run.metrics({"accuracy": 0.5}, 1)
    assert run.id == run_id(tmp_path)
    (tmp_path / "weights").write_text("unknown")
    with tracker.evaluation("dcgan", tmp_path / "weights") as run:
        run.metrics({"accuracy": 0.5}, 1)
    assert run.id != run_id(tmp_path)
    assert tracker.client.get_run(run.id).data.params == tracker.flat_params("dcgan")


def test_a_warning_sign_keeps_its_first_step_when_training_resumes(tracker, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))
    monkeypatch.setattr(checkpoint, "LEAST", 0.0)
    monkeypatch.setattr(trainer, "FEW_STEPS", 0)

    def diagnostics(step, stop=None):
        if step == stop:
            raise KeyboardInterrupt
        return {"motion": 0.0}

    def frozen():
        run = tracker.client.get_run(run_id(tmp_path))
        return run.info.status, run.data.tags["vidpipe.warning.frozen"]

    with pytest.raises(KeyboardInterrupt):
        watched.train(tracker, tmp_path / "one", tmp_path, partial(diagnostics, stop=7))
    assert frozen() == ("KILLED", "from step 4")
    watched.train(tracker, tmp_path / "two", tmp_path, diagnostics)
    assert frozen() == ("FINISHED", "from step 4")


def test_after_a_call_has_failed_nothing_is_logged(tracker, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tracker, "failed", False)  # undone at the end

    def fail(*_, **__):
        raise ConnectionError("no\nroute")

    with tracker.training("dcgan", tmp_path) as run:
        run.metrics({"generator": 0.5}, 1)
        with monkeypatch.context() as patched:
            patched.setattr(tracker.client, "log_image", fail)
            run.picture("progress", PICTURE, 1)
        run.metrics({"generator": 0.5}, 2)
        run.picture("progress", PICTURE, 2)
    assert steps_of(tracker, run_id(tmp_path), "loss/generator") == [1]
    (message,) = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert message == "MLflow does not answer as it should, going on without it: no"


def test_a_run_that_missed_a_call_ends_with_its_weights_once_the_server_answers(
    tracker, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(tracker, "failed", False)  # undone at the end
    (tmp_path / "weights").write_text("late")

    def fail(*_, **__):
        raise ConnectionError("no route")

    with monkeypatch.context() as patched:
        patched.setattr(_MlflowRun, "_log_params", fail)
        training = tracker.training("dcgan", tmp_path)
    with training as run:
        run.metrics({"generator": 0.5}, 1)
        run.weights(tmp_path / "weights")
    ended = tracker.client.get_run(run_id(tmp_path))
    assert ended.info.status == "FINISHED"
    assert WEIGHTS_TAG in ended.data.tags
    assert not ended.data.metrics
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_a_training_in_two_parts_ends_with_the_last_weights_though_the_server_failed_between(
    tracker, tmp_path, monkeypatch
):
    monkeypatch.setattr(tracker, "failed", False)  # undone at the end
    weights = tmp_path / "weights"
    for text in ("first", "last"):
        weights.write_text(text)
        with tracker.training("dcgan", tmp_path) as run:
            run.metrics({"generator": 0.5}, 1 if text == "first" else 2)
            run.weights(weights)
        tracker.failed = True
    ended = tracker.client.get_run(run_id(tmp_path))
    assert (ended.info.status, ended.data.tags[WEIGHTS_TAG]) == (
        "FINISHED",
        hashlib.md5(b"last").hexdigest(),
    )
    assert steps_of(tracker, run_id(tmp_path), "loss/generator") == [1]


@pytest.mark.parametrize("method", ["tags", "flat_params"])
def test_a_fault_of_the_project_is_not_blamed_on_mlflow(tracker, tmp_path, monkeypatch, method):
    def fail(_):
        raise KeyError("ours")

    monkeypatch.setattr(tracker, method, fail)
    (tmp_path / "weights").write_text("any")
    with pytest.raises(KeyError, match="ours"):
        tracker.training("dcgan", tmp_path)
    with pytest.raises(KeyError, match="ours"):
        tracker.evaluation("dcgan", tmp_path / "weights")
    assert not tracker.failed


def files_of(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_a_copied_project_keeps_its_artifacts_in_itself(tracker, tmp_path):
    (tmp_path / "first").mkdir()
    old = train(tracker, tmp_path / "first", 1)
    before = files_of(tracker.root)
    shutil.copytree(tracker.root, tmp_path / "copy")
    copy = MlflowTracker(root=tmp_path / "copy", project=tmp_path / "copy", params=PARAMS)
    new = train(copy, tmp_path, 1)
    assert files_of(tracker.root) == before
    for run in (old, new):
        assert list((tmp_path / "copy/mlflow/artifacts/digits" / run).rglob("*.png"))
        assert copy.client.list_artifacts(run, "images")
    assert f"{tmp_path}/copy/mlflow/" in copy.client.get_run(old).info.artifact_uri


def test_a_copy_of_a_stopped_training_goes_on_in_itself(tracker, tmp_path):
    first, second = (tmp_path / name for name in ("first", "second"))
    shutil.copytree(tracker.root, first)
    (first / "checkpoints").mkdir()
    original = MlflowTracker(root=first, project=first, params=PARAMS)
    with original.training("dcgan", first / "checkpoints") as run:
        run.metrics({"generator": 0.1}, 1)  # it has no artifact yet
    shutil.copytree(first, second)
    train(original, first / "checkpoints", 2)
    before = files_of(first)
    copy = MlflowTracker(root=second, project=second, params=PARAMS)
    run = train(copy, second / "checkpoints", 2)
    assert files_of(first) == before
    assert list((second / "mlflow/artifacts/digits" / run).rglob("*.png"))


def test_artifacts_lie_beside_a_database_of_ones_own_even_in_a_temporary_copy(
    tracker, tmp_path, monkeypatch
):
    (tmp_path / "own").mkdir()
    (tmp_path / "temporary").mkdir()
    tracker.client  # noqa: B018 (makes the database)
    shutil.copy(tracker.root / "mlflow/mlflow.db", tmp_path / "own/runs.db")
    monkeypatch.chdir(tmp_path / "temporary")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///own/runs.db")
    own = MlflowTracker(root=tmp_path, project=tmp_path / "temporary", params=PARAMS)
    run = train(own, tmp_path, 1)
    assert list((tmp_path / "own/artifacts/digits" / run).rglob("*.png"))
    history = tmp_path / "temporary/plots/live"  # where `dvc plots` of the copy looks for it
    assert not [p for p in (tmp_path / "temporary").rglob("*") if p.is_file()]
    assert history.is_dir()


@pytest.mark.parametrize(
    ("named", "used"),
    [
        ("", "sqlite:////p q/mlflow/mlflow.db"),
        ("sqlite:///runs.db", "sqlite:////p q/runs.db"),
        ("sqlite+pysqlite:////x/runs.db?timeout=9", "sqlite+pysqlite:////x/runs.db?timeout=9"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("./mlruns", "/p q/mlruns"),
        ("/x/mlruns", "/x/mlruns"),
        ("https://runs.example/a", "https://runs.example/a"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("databricks", "databricks"),
    ],
)
def test_a_relative_address_starts_from_the_repository(monkeypatch, named, used):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    assert tracking_uri(Path("/p q")) == used


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to http://me:s3cret@host:9/a failed", "to http://host:9/a failed"),
        ("to https://s3cret@host/a failed", "to https://host/a failed"),
        ("(postgresql://me:s3/c@ret@host/db)", "(postgresql://host/db)"),
        ("'https://host/a?token=s3cret&b=1': no", "'https://host/a': no"),
        ("url: /api/runs?token=s3cret (timed out)", "url: /api/runs (timed out)"),
        ("is it there? yes", "is it there? yes"),
    ],
)
def test_messages_hold_no_secrets(text, shown):
    assert without_secrets(text) == shown


def test_a_server_that_is_away_costs_one_warning_without_its_password(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    tracker = MlflowTracker(root=tmp_path, project=tmp_path, params=PARAMS)
    tried, connect = [], HTTPConnection.connect
    monkeypatch.setattr(HTTPConnection, "connect", lambda it: tried.append(it.port) or connect(it))
    with tracker.training("dcgan", tmp_path) as run:
        run.metrics({"generator": 0.5}, 1)
    with tracker.evaluation("dcgan", tmp_path / "weights"):
        pass
    assert tried == [9, 9], "one call, tried twice"
    assert "127.0.0.1" in caplog.text
    assert "secret" not in caplog.text
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_a_run_tells_where_its_weights_came_from(tracker, tmp_path):
    (tmp_path / "weights").write_text("mine")
    with tracker.training("dcgan", tmp_path) as run:
        run.weights(tmp_path / "weights")
    source = run_source(tracker.root, run.id)
    assert (source.model, source.commit, source.is_dirty) == ("dcgan", "", False)
    assert source.weights_md5 == hashlib.md5(b"mine").hexdigest()


def test_an_id_of_no_model_is_refused(tracker, tmp_path):
    with pytest.raises(UserError, match="expected the id of a run in sqlite"):
        run_source(tracker.root, "0" * 32)
    with tracker.data("sources") as run:
        run.metrics({"clips.videos": 3}, 0)
    with pytest.raises(UserError, match="which is about data"):
        run_source(tracker.root, run.id)
    with pytest.raises(UserError, match="found no file; train first"):
        run_source(tmp_path, run.id)
    assert not (tmp_path / "mlflow").exists()


SCORES = {"modes": 9, "frechet": 6.0, "frechet_floor": 2.0, "frechet_held_out": 3.0, "samples": 60}


def evaluated(tracker, folder, warned=True):
    """A run whose training was warned of, and which was scored on few samples; its data."""
    (folder / "weights").write_text(str(folder))
    (folder / "digits.npz").write_bytes(b"digits")
    (folder / "classifier").mkdir(exist_ok=True)
    (folder / "classifier/classifier.safetensors").write_bytes(b"classifier")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tracker, "inputs", {"digits": folder / "digits.npz"})
        with tracker.training("dcgan", folder) as run:
            run.metrics({"generator": 0.5, "d_real": 0.9}, 1)
            if warned:
                run.warning("saturated", 1)
            run.weights(folder / "weights")
        patched.setattr(tracker, "inputs", {"digit_classifier_model": folder / "classifier"})
        with tracker.evaluation("dcgan", folder / "weights") as run:
            run.metrics(SCORES, 0)
    assert not tracker.failed
    return tracker.client.get_run(run.id)


def test_few_scores_become_curves_and_the_rest_tables(tracker, tmp_path):
    run = evaluated(tracker, tmp_path)
    wanted = {"score/numerals": 9, "score/distance": 3.0}
    assert run.data.metrics == wanted | {"loss/generator": 0.5, "health/d_real": 0.9}
    files = {file.path for file in tracker.client.list_artifacts(run.info.run_id)}
    assert {"scores.csv", "metrics.csv"} <= files
    file = tracker.client.download_artifacts(run.info.run_id, "metrics.csv", str(tmp_path))
    assert "frechet_held_out,3.0" in Path(file).read_text().splitlines()


def test_what_is_wrong_is_in_the_name_and_in_the_note(tracker, tmp_path):
    run = evaluated(tracker, tmp_path)
    assert run.info.run_name == "⚠ dcgan · glyphs"
    assert run.data.tags["vidpipe.warning.saturated"] == "from step 1"
    note = run.data.tags["mlflow.note.content"]
    assert "⚠ **saturated**, from step 1: the discriminator is always right" in note
    assert "scored on 60 samples, fewer than 256" in note
    assert "| Distance | 3 × floor | 1.50 × floor |" in note
    assert run.data.tags["vidpipe.classifier_md5"] == hashlib.md5(b"classifier").hexdigest()


def test_inputs_are_logged_as_data_sets_by_their_hash(tracker, tmp_path):
    run = evaluated(tracker, tmp_path)
    (data,) = [entry.dataset for entry in run.inputs.dataset_inputs]
    assert (data.name, data.digest) == ("digits", hashlib.md5(b"digits").hexdigest())


def test_a_note_that_a_person_wrote_stays(tracker, tmp_path):
    run = evaluated(tracker, tmp_path, warned=False)
    assert run.info.run_name == "dcgan · glyphs"
    tracker.client.set_tag(run.info.run_id, "mlflow.note.content", "the one for the paper")
    again = evaluated(tracker, tmp_path)
    assert again.info.run_id == run.info.run_id
    assert again.data.tags["mlflow.note.content"] == "the one for the paper"


def test_experiments_open_at_their_runs_and_say_how_to_read_them(tracker, tmp_path):
    evaluated(tracker, tmp_path)
    tags = tracker.client.get_experiment_by_name("digits").tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert "Columns `score/…`" in tags["mlflow.note.content"]


def test_an_evaluation_joins_a_row_of_an_earlier_version_that_has_more_parameters(
    tracker, tmp_path, monkeypatch
):
    (tmp_path / "weights").write_text("old")
    more = tracker.flat_params("dcgan") | {"sources.clips.file": "None"}
    with monkeypatch.context() as patched:
        patched.setattr(tracker, "flat_params", lambda _: more)
        with tracker.training("dcgan", tmp_path) as run:
            run.weights(tmp_path / "weights")
    with tracker.evaluation("dcgan", tmp_path / "weights") as joined:
        pass
    assert joined.id == run.id


def test_a_run_is_named_after_what_is_not_as_committed(tracker, tmp_path, monkeypatch):
    committed = tracker.flat_params("dcgan") | {"dcgan.train.steps": "7"}
    monkeypatch.setattr(tracker, "committed_params", committed)
    steps = PARAMS.dcgan.train.steps
    with tracker.training("dcgan", tmp_path) as run:
        pass
    found = tracker.client.get_run(run.id)
    assert found.info.run_name == f"dcgan · glyphs · steps {steps}"
    assert f"`dcgan.train.steps` {steps} (committed: 7)" in found.data.tags["mlflow.note.content"]


def test_what_stages_write_makes_no_row_dirty(tmp_path):
    project = copy(tmp_path)
    own = check(read(project / "params.yaml"))
    tracker = MlflowTracker(root=project, project=project, params=own)
    assert tracker.committed_params["sources.clips.dataset"] == "actions"
    for file in ("dvc.lock", "metrics/dcgan.json"):
        (project / file).parent.mkdir(exist_ok=True)
        (project / file).write_text("1")
        run_command(project, "git", "add", file)
    assert tracker.tags("dcgan")["git.dirty"] == "false"
    with (project / "params.yaml").open("a") as file:
        file.write("# changed\n")
    assert tracker.tags("dcgan")["git.dirty"] == "true"


@pytest.mark.parametrize(("asked", "measured"), [("", False), ("true", True)])
def test_the_machine_is_measured_on_request(tracker, tmp_path, monkeypatch, asked, measured):
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", asked)
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "1")
    with tracker.training("dcgan", tmp_path) as run:
        deadline = time.monotonic() + 60
        while measured and time.monotonic() < deadline:
            if any(k.startswith("system/") for k in tracker.client.get_run(run.id).data.metrics):
                break
            time.sleep(0.05)
    names = tracker.client.get_run(run.id).data.metrics
    assert any(name.startswith("system/") for name in names) == measured


def test_parameters_of_a_command_line_make_a_row_dirty(tracker, monkeypatch):
    monkeypatch.setattr(tracker, "committed_params", flat_params(PARAMS.model_dump()))
    assert tracker.tags("dcgan")["git.dirty"] == "false"
    changed = flat_params(PARAMS.model_dump()) | {"dcgan.train.steps": "7"}
    monkeypatch.setattr(tracker, "committed_params", changed)
    assert tracker.tags("dcgan")["git.dirty"] == "true"
    assert tracker.tags("mlp_gan")["git.dirty"] == "false"
