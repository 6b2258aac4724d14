"""Runs in MLflow, one per trained model. mlflow is imported late: it takes three seconds.

MLflow is a view of files that exist anyway. The first call that fails gives one warning; from then
on the process logs nothing, and training goes on.
"""

import json
import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
from filelock import FileLock

from vidpipe.config.loader import FILE, check, read_text
from vidpipe.config.schema import Params
from vidpipe.tracking import descriptions
from vidpipe.tracking.experiments import EXPERIMENTS, NOTES, READING, SOURCES
from vidpipe.tracking.live_history import FOLDER as LIVE
from vidpipe.tracking.live_history import LiveHistory
from vidpipe.tracking.protocol import Run
from vidpipe.tracking.provenance import device, git, repro_started
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import md5

log = logging.getLogger(__name__)
FOLDER = "mlflow"  # at the repository's root, when no server is named
CLIENT_SETTINGS = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
RUN_ID = "mlflow_run"  # file beside the checkpoints of a training
WEIGHTS_TAG = "vidpipe.weights_md5"
DATA_TAG = "vidpipe.data_md5"
MODEL_TAG = "vidpipe.model"
CLASSIFIER_TAG = "vidpipe.classifier_md5"
WARNING_TAG = "vidpipe.warning"
COMMIT_TAG, DIRTY_TAG = "mlflow.source.git.commit", "git.dirty"
REPRO_TAG = "dvc.repro"  # of all runs of a `dvc repro`
NOTE_TAG = "mlflow.note.content"
# MLflow's pages open at the runs of such an experiment, not at traces and prompts.
KIND_TAG = {"mlflow.experimentKind": "custom_model_development"}
RESULTS = ("dvc.lock", "metrics", "plots")  # written by stages: no change of what they are made of
SYSTEM_METRICS = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"
Args = ParamSpec("Args")
# Of an address: what may be a password or a token.
USER = re.compile(r"(?<=://)\S*@")
QUERY = re.compile(r"\?[^\s'\")]*=[^\s'\")]*")
SQLITE = re.compile(r"(?P<kind>sqlite(?:\+\w+)?):///(?!:memory:)(?P<file>[^?]+)(?P<options>.*)")


def tracking_uri(root: Path) -> str:
    """Return MLFLOW_TRACKING_URI, or that of the project's SQLite file where it is not set.

    A relative path starts from the root, not from the copy that `dvc exp run --temp` works in.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{FOLDER}/mlflow.db"
    if sqlite := SQLITE.fullmatch(uri):
        return f"{sqlite['kind']}:///{root / sqlite['file']}{sqlite['options']}"
    is_path = ":" not in uri and not uri.startswith("databricks")
    return str(root / uri) if is_path else uri


def without_secrets(text: str) -> str:
    """Return a text without users, passwords and queries in its addresses."""
    return QUERY.sub("", USER.sub("", text))


def artifacts_folder(uri: str, root: Path) -> Path | None:
    """Return the folder of artifacts beside a database, or None where a server has its own."""
    if sqlite := SQLITE.fullmatch(uri):
        return Path(sqlite["file"]).parent / "artifacts"
    return (
        None
        if uri.startswith(("http", "file:", "databricks", "/"))
        else root / FOLDER / "artifacts"
    )


def relocate_artifacts(uri: str) -> None:
    """Let a SQLite database name the folder of artifacts beside it, also after it was moved.

    MLflow keeps absolute paths: those of the folder in which an experiment was created. A run whose
    artifacts were left there keeps its path.
    """
    sqlite = SQLITE.fullmatch(uri)
    if not sqlite or not Path(sqlite["file"]).is_file():
        return
    with closing(sqlite3.connect(sqlite["file"])) as database, database:
        ours = {runs.experiment for runs in EXPERIMENTS.values()} | {SOURCES}
        rows = database.execute("SELECT experiment_id, name, artifact_location FROM experiments")
        for number, name, old in rows.fetchall():
            new = (Path(sqlite["file"]).parent / "artifacts" / name).as_uri()
            if name not in ours or old == new or urlsplit(old).scheme not in ("", "file"):
                continue
            database.execute(
                "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
                (new, number),
            )
            runs = database.execute(
                "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?", (number,)
            )
            for run, at in runs.fetchall():
                moved = f"{new}{at.removeprefix(old)}"
                if at.startswith(old) and (_path(moved).exists() or not _path(at).exists()):
                    database.execute(
                        "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (moved, run)
                    )


def connect(root: Path) -> Any:
    """Return a client of the server, or of the SQLite file, which is created if needed.

    Args:
        root: The repository whose runs these are.
    """
    for name, value in CLIENT_SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: PLC0415 (three seconds)

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # retries

    # Two processes must not create the tables of a new SQLite file at once.
    with creation_lock(root):
        (root / FOLDER).mkdir(exist_ok=True)
        uri = tracking_uri(root)
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
        relocate_artifacts(uri)
    return client


def open_runs(root: Path) -> Any | None:
    """Return a client of the runs that are there; None, and no file is made, where there are none.

    Args:
        root: The repository whose runs these are.
    """
    sqlite = SQLITE.fullmatch(tracking_uri(root))
    return None if sqlite and not Path(sqlite["file"]).is_file() else connect(root)


def creation_lock(root: Path) -> FileLock:
    """Return the lock under which databases and experiments are created."""
    lock = root / ".vidpipe" / "mlflow.lock"
    lock.parent.mkdir(exist_ok=True)
    return FileLock(lock)


@dataclass(frozen=True)
class RunSource:
    """The origin of a run's weights.

    Attributes:
        model: Name of the model.
        commit: Of the code and the parameters.
        experiment: Name of DVC's experiment; empty if it was none.
        is_dirty: Code or parameters were not as in the commit.
        weights_md5: Of the weights; empty if the training did not end.
    """

    model: str
    commit: str
    experiment: str
    is_dirty: bool
    weights_md5: str


def run_source(root: Path, run_id: str) -> RunSource:
    """Return the origin of a run.

    Args:
        root: The repository whose runs are looked through.
        run_id: Of the run.

    Raises:
        UserError: If there is no such run, it is not of a model, or the server does not answer.
    """
    uri = tracking_uri(root)
    client = open_runs(root)
    if client is None:
        raise UserError(f"--run: expected runs in {uri}, found no file; train first")
    import mlflow  # noqa: PLC0415 (three seconds)

    try:
        tags = client.get_run(run_id).data.tags
    except mlflow.MlflowException as error:
        raise UserError(
            f"--run: expected the id of a run in {without_secrets(uri)}, got {run_id!r}; the page "
            "of a run shows its id (`vidpipe ui`)"
        ) from error
    if MODEL_TAG not in tags:
        raise UserError(f"--run: expected the run of a model, got {run_id}, which is about data")
    return RunSource(
        model=tags[MODEL_TAG],
        commit=tags.get(COMMIT_TAG, ""),
        experiment=tags.get("dvc.experiment", ""),
        is_dirty=tags.get(DIRTY_TAG) == "true",
        weights_md5=tags.get(WEIGHTS_TAG, ""),
    )


def _path(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))


@dataclass
class MlflowTracker:
    """Opens runs in MLflow.

    Attributes:
        root: The repository whose runs these are.
        project: The work tree, a copy of the repository under `dvc exp run --temp`.
        params: All parameters in force.
        inputs: Files by name of the dataset that the current node reads; the hook sets them.
        failed: A call has failed, and no further one is made.
    """

    root: Path
    project: Path
    params: Params
    inputs: dict[str, Path] = field(default_factory=dict)
    failed: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the client, so that another process connects by itself."""
        return {name: value for name, value in vars(self).items() if name != "client"}

    def training(self, model: str, checkpoints: Path) -> AbstractContextManager[Run]:
        """Reopen the run noted beside the checkpoints of a stopped training, else create one."""
        run = _MlflowRun(self, LiveHistory(self.project / LIVE / f"{model}.csv"))
        noted = checkpoints / RUN_ID
        if self.failed:
            # Nothing is logged, but the run still gets its end and the hash of its weights.
            run.id = _noted_id(noted)
        else:
            run.resume_or_create(self._describe(model), noted)
            run.measure_system()
        return run

    def evaluation(self, model: str, weights: Path) -> AbstractContextManager[Run]:
        """Reopen the run that trained these weights, else create one for them."""
        run = _MlflowRun(self)
        if not self.failed:
            run.find_or_create(self._describe(model), weights, md5(weights))
        return run

    def data(self, stage: str) -> AbstractContextManager[Run]:
        """Create a run about the data of a stage, in an experiment named after the stage."""
        run = _MlflowRun(self)
        if not self.failed:
            params = descriptions.flat_params({stage: getattr(self.params, stage).model_dump()})
            params = descriptions.only_sources_in_force(params)
            name = self.params.sources.clips.dataset
            run.create(_Description(stage, name, self.data_tags(), params, self.input_files()))
        return run

    def _describe(self, model: str) -> "_Description":
        params = self.flat_params(model)
        data = descriptions.data_name(params, model)
        changes = descriptions.differing(params, self.committed_params)
        experiment = os.environ.get("DVC_EXP_NAME", "")
        return _Description(
            EXPERIMENTS[model].experiment,
            descriptions.run_name(model, data, changes, experiment),
            self.tags(model),
            params,
            self.input_files(),
            model,
            data,
            changes,
        )

    def tags(self, model: str) -> dict[str, str]:
        """Return the provenance of a run: code, stage, machine, and data."""
        import torch  # noqa: PLC0415 (imported already by whatever opens a run)

        others = [f":(exclude){path}" for path in RESULTS]
        status = ("status", "--porcelain", "--untracked-files=no")
        changes = git(self.project, *status, "--", ".", *others)
        if self.committed_params and not changes:
            # `kedro run --params` changes no file.
            committed = descriptions.in_force(self.committed_params, model)
            changes = "parameters" if committed != self.flat_params(model) else ""
        tags = {
            "vidpipe.deliverable": EXPERIMENTS[model].deliverable,
            MODEL_TAG: model,
            "vidpipe.device": device(self.params.runtime.device),
            "vidpipe.capability": torch.backends.cpu.get_cpu_capability(),
            "vidpipe.torch": torch.__version__,
            "vidpipe.threads": str(self.params.runtime.threads),
            "mlflow.source.name": "vidpipe",
            COMMIT_TAG: git(self.project, "rev-parse", "HEAD"),
            DIRTY_TAG: str(bool(changes)).lower(),
            "dvc.stage": os.environ.get("DVC_STAGE", ""),
            "dvc.experiment": os.environ.get("DVC_EXP_NAME", ""),
            REPRO_TAG: repro_started(),
        }
        return {name: value for name, value in tags.items() if value} | self.data_tags()

    def data_tags(self) -> dict[str, str]:
        """Return the MD5 of each input that is a file."""
        return {f"{DATA_TAG}.{name}": digest for name, (_, digest) in self.input_files().items()}

    def input_files(self) -> dict[str, tuple[str, str]]:
        """Return the path and the MD5 of each input that is a file, by name of the dataset."""
        files = {name: file for name, file in self.inputs.items() if file.is_file()}
        return {name: (file.as_posix(), md5(file)) for name, file in files.items()}

    def classifier_md5(self) -> str:
        """Return the MD5 of the classifier among the inputs; empty if there is none."""
        files = [folder / CLASSIFIER_WEIGHTS for folder in self.inputs.values()]
        return next((md5(file) for file in files if file.is_file()), "")

    def flat_params(self, model: str) -> dict[str, str]:
        """Return the parameters in force that influence a model, by dotted key."""
        return descriptions.in_force(descriptions.flat_params(self.params.model_dump()), model)

    @cached_property
    def committed_params(self) -> dict[str, str]:
        """Parameters of the last commit by dotted key; none without one, or if they are not sound.

        In a temporary copy, the commit is that which an experiment started from.
        """
        text = git(self.project, "show", f"HEAD:./{FILE}")
        try:
            params = check(read_text(text, FILE)) if text else None
            return descriptions.flat_params(params.model_dump()) if params else {}
        except UserError:
            return {}

    def run_id_file(self, weights_md5: str) -> Path:
        """Return the file in which training leaves the id of the run that made these weights."""
        return self.root / ".vidpipe" / "runs" / weights_md5

    @cached_property
    def client(self) -> Any:
        """The client of the server, or of the SQLite file, which is created if needed."""
        return connect(self.root)


@dataclass(frozen=True)
class _Description:
    """Facts of a new run, computed outside of the guard that blames MLflow.

    Attributes:
        experiment: Name of the experiment.
        name: For a person.
        tags: Provenance.
        params: Those in force, by dotted key.
        inputs: Path and MD5 of files, by name of the dataset.
        model: Name of the model; empty for a run about data.
        data: Name of the data that the model learns from.
        changes: Parameters that are not as committed: the value, and that of the commit.
    """

    experiment: str
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    inputs: Mapping[str, tuple[str, str]]
    model: str = ""
    data: str = ""
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


Method = Callable[Concatenate["_MlflowRun", Args], None]


def _guarded(condition: Callable[["_MlflowRun"], bool]) -> Callable[[Method[Args]], Method[Args]]:
    """Return a decorator of methods: skipped without the condition, their first error a warning."""

    def decorate(method: Method[Args]) -> Method[Args]:
        @wraps(method)
        def call(run: "_MlflowRun", /, *args: Args.args, **kwargs: Args.kwargs) -> None:
            if not condition(run):
                return
            try:
                method(run, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 (whatever it is, training goes on)
                reason = without_secrets((str(error).splitlines() or [repr(error)])[0])
                if not run.tracker.failed:
                    log.warning(
                        "MLflow does not answer as it should, going on without it: %s", reason
                    )
                run.tracker.failed = True

        return call

    return decorate


_unless_failed = _guarded(lambda run: not run.tracker.failed)
# The server may answer again after a failure: of any run that it has.
_if_created = _guarded(lambda run: bool(run.id))


class _MlflowRun:
    """One run of MLflow, opened by one of its first three methods."""

    def __init__(self, tracker: MlflowTracker, live: LiveHistory | None = None) -> None:
        self.tracker: MlflowTracker = tracker
        self.live: LiveHistory | None = live  # of a training
        self.id: str = ""
        self.new: _Description | None = None  # what is known of the run as it was opened
        self.scores = False  # numbers that are logged say how good the model is
        self.system: Any = None  # the monitor of this machine, if it was asked for
        self.is_logged: Callable[[str, int], bool] = lambda key, step: False

    def __enter__(self) -> Run:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self.live and error is None:
            self.live.remove()
        self._end(error)

    @_if_created
    def _end(self, error: type[BaseException] | None) -> None:
        status = "FINISHED" if error is None else "FAILED"
        if error and issubclass(error, (KeyboardInterrupt, SystemExit)):
            status = "KILLED"
        if self.system:
            self.system.finish()
        self.tracker.client.set_terminated(self.id, status)

    @_unless_failed
    def resume_or_create(self, new: _Description, run_id_file: Path) -> None:
        self.new = new
        client = self.tracker.client
        run_id = _noted_id(run_id_file)
        experiment = self._experiment(new.experiment)
        if run_id and self._search(experiment, f"attributes.run_id = '{run_id}'"):
            client.update_run(run_id, status="RUNNING")
            self.id = run_id
            self.is_logged = _logged_steps(client, run_id)
        else:
            self._create(experiment, new)
            run_id_file.write_text(self.id, encoding="utf-8")
        # A resumed run lacks them if it was killed right after it was created.
        self._log_params(new.params)
        self._write_note({})

    @_unless_failed
    def find_or_create(self, new: _Description, weights: Path, digest: str) -> None:
        self.new = new
        self.scores = True
        # Join by content, not by time: DVC skips and restores stages without running them. Rows of
        # earlier versions have more parameters, those of data sets that were not read.
        experiment = self._experiment(new.experiment)
        runs = self._search(experiment, f"tags.`{WEIGHTS_TAG}` = '{digest}'")
        own_params = new.params.items()
        matches = [run.info.run_id for run in runs if own_params <= run.data.params.items()]
        if matches:  # newest first
            run_id = _noted_id(self.tracker.run_id_file(digest))
            self.id = run_id if run_id in matches else matches[0]
            return
        self._create(experiment, new)
        self._log_params(new.params)
        self.weights(weights)

    @_unless_failed
    def create(self, new: _Description) -> None:
        self._create(self._experiment(new.experiment), new)
        self._log_params(new.params)

    @_unless_failed
    def measure_system(self) -> None:
        """Log load and memory of this machine as `system/…`, if it was asked for."""
        if os.environ.get(SYSTEM_METRICS, "").lower() not in ("true", "1"):
            return
        from mlflow.system_metrics.system_metrics_monitor import (  # noqa: PLC0415
            SystemMetricsMonitor,
        )

        self.system = SystemMetricsMonitor(
            self.id, resume_logging=True, tracking_uri=tracking_uri(self.tracker.root)
        )
        self.system.start()

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        if self.live:
            self.live.add(values, step)
        self._log(values, step)

    @_unless_failed
    def _log(self, values: Mapping[str, float], step: int) -> None:
        if not self.new:  # about data
            self._log_metrics(values, step)
            return
        model = self.new.model
        scores = descriptions.headline_scores(model, values)
        if not self.scores and not scores:
            by_group = {descriptions.metric_name(name): value for name, value in values.items()}
            self._log_metrics(by_group, step)
            return
        # What a score stands beside is in tables: it would make a chart each, of one bar.
        self._log_metrics(scores, step)
        if digest := self.tracker.classifier_md5():
            self.tracker.client.set_tag(self.id, CLASSIFIER_TAG, digest)
        for file, text in descriptions.tables(model, values).items():
            self.tracker.client.log_text(self.id, text, file)
        self._write_note(values)

    def _log_metrics(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric  # noqa: PLC0415

        now = int(1000 * time.time())
        points = [
            Metric(key, float(value), now, step)
            for key, value in values.items()
            if not self.is_logged(key, step)
        ]
        if points:
            self.tracker.client.log_batch(self.id, metrics=points)

    def _write_note(self, metrics: Mapping[str, float]) -> None:
        """Write the note of the run, unless a person has written one in its place."""
        from vidpipe.training.health import WARNING_SIGNS  # noqa: PLC0415 (imports torch)

        assert self.new
        client = self.tracker.client
        tags = client.get_run(self.id).data.tags
        if not tags.get(NOTE_TAG, f"**{self.new.model}**").startswith(f"**{self.new.model}**"):
            return
        steps_by_sign = {sign: tags.get(f"{WARNING_TAG}.{sign}") for sign in WARNING_SIGNS}
        text = descriptions.note(
            self.new.model,
            self.new.data,
            self.id,
            changes=self.new.changes,
            warnings={
                s: f"{at}: {WARNING_SIGNS[s].message}" for s, at in steps_by_sign.items() if at
            },
            metrics=metrics,
            classifier=tags.get(CLASSIFIER_TAG, ""),
        )
        client.set_tag(self.id, NOTE_TAG, text)

    @_unless_failed
    def picture(self, key: str, picture: np.ndarray, step: int) -> None:
        if not self.is_logged(key, step):
            self.tracker.client.log_image(self.id, picture, key=key, step=step)

    @_unless_failed
    def files(self, folder: Path) -> None:
        self.tracker.client.log_artifacts(self.id, str(folder))

    @_unless_failed
    def warning(self, sign: str, step: int) -> None:
        client = self.tracker.client
        client.set_tag(self.id, f"{WARNING_TAG}.{sign}", f"from step {step}")
        name = client.get_run(self.id).info.run_name
        if not name.startswith(descriptions.WARNED):
            client.update_run(self.id, name=f"{descriptions.WARNED}{name}")
        self._write_note({})

    @_if_created
    def weights(self, file: Path) -> None:
        digest = md5(file)
        self.tracker.client.set_tag(self.id, WEIGHTS_TAG, digest)
        run_id_file = self.tracker.run_id_file(digest)
        run_id_file.parent.mkdir(parents=True, exist_ok=True)
        run_id_file.write_text(self.id, encoding="utf-8")

    def _search(self, experiment: str, condition: str) -> list[Any]:
        """Find runs to go on with: of a copied database, some have artifacts in the original."""
        home = self.tracker.client.get_experiment(experiment).artifact_location
        runs = self.tracker.client.search_runs([experiment], condition)
        return [run for run in runs if run.info.artifact_uri.startswith(home)]

    def _create(self, experiment: str, new: _Description) -> None:
        from mlflow.entities import Dataset, DatasetInput  # noqa: PLC0415

        run = self.tracker.client.create_run(experiment, run_name=new.name, tags=new.tags)
        self.id = run.info.run_id
        datasets = [
            DatasetInput(Dataset(name, digest, "local", json.dumps({"uri": path})), tags=[])
            for name, (path, digest) in new.inputs.items()
        ]
        self.tracker.client.log_inputs(self.id, datasets=datasets)

    def _log_params(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import Param  # noqa: PLC0415

        params = [Param(name, value) for name, value in values.items()]
        self.tracker.client.log_batch(self.id, params=params)

    def _experiment(self, name: str) -> str:
        """Return the id of an experiment, created if needed."""
        client = self.tracker.client
        with creation_lock(self.tracker.root):
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                root = self.tracker.root
                folder = artifacts_folder(tracking_uri(root), root)
                artifacts = (folder / name).as_uri() if folder else None
                number = str(client.create_experiment(name, artifact_location=artifacts))
            else:
                number = str(experiment.experiment_id)
            # Earlier versions made experiments without these.
            tags = {} if experiment is None else experiment.tags
            for key, value in (KIND_TAG | {NOTE_TAG: NOTES[name] + READING}).items():
                if key not in tags:
                    client.set_experiment_tag(number, key, value)
        return number


def _noted_id(file: Path) -> str:
    """Return the id of the run that a file notes; nothing if there is no such file."""
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _logged_steps(client: Any, run_id: str) -> Callable[[str, int], bool]:
    """Return a test of whether a resumed run has a metric or picture at a step already."""
    pictures = [Path(file.path).name for file in client.list_artifacts(run_id, "images")]

    @cache
    def steps(key: str) -> set[int]:
        return {point.step for point in client.get_metric_history(run_id, key)}

    def is_logged(key: str, step: int) -> bool:
        # Of the two files of a picture, MLflow writes the .webp last.
        picture = re.compile(rf"{re.escape(key)}[+%]step[+%]{step}[+%].*\.webp")
        return step in steps(key) or any(map(picture.fullmatch, pictures))

    return is_logged
