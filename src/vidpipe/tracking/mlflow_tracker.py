"""Runs in MLflow: one row per trained model. The only file that imports mlflow, and late.

MLflow is a view of files that are there anyway: training does not wait for it to start, and when it
fails, that is said once and training goes on; what it missed is told later if it comes back.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from vidpipe.config.schema import Params
from vidpipe.tracking.experiments import TASKS
from vidpipe.tracking.forgiving import Forgiving, Server
from vidpipe.tracking.protocol import Run
from vidpipe.tracking.provenance import device, git, md5

log = logging.getLogger(__name__)
FOLDER = "mlflow"  # at the repository's root, when no server is named
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
NOTE = "mlflow_run"  # in the folder of a training, the id of its run
Origin = Mapping[str, Any]  # when a run's work began, and where it comes from
WEIGHTS, DATA = "vidpipe.weights_md5", "vidpipe.data_md5"


def tracking_uri(root: Path) -> str:
    """The server that MLFLOW_TRACKING_URI names, else a SQLite file of this project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / FOLDER / 'mlflow.db'}"


@dataclass
class MlflowTracker:
    """Opens runs in MLflow.

    Attributes:
        root: The repository whose runs these are.
        project: The work tree that runs, the same but for `dvc exp run --temp`.
        params: All parameters in force.
        inputs: File by name of dataset, of the node that runs now; a hook keeps it.
        server: What is known of it.
    """

    root: Path
    project: Path
    params: Params
    inputs: dict[str, Path] = field(default_factory=dict)
    server: Server = field(default_factory=partial(Server, "MLflow"))

    @contextmanager
    def training(self, model: str, checkpoints: Path) -> Iterator[Run]:
        """The run of a training that was stopped, else a new one, with parameters and tags."""
        origin = _origin(self.tags(model))
        kept = partial(_MlflowRun.kept, model=model, tracker=self, origin=origin)
        with self._safely(lambda: kept(self._client(), note=checkpoints / NOTE)) as run:
            yield run

    @contextmanager
    def evaluation(self, model: str, weights: Path) -> Iterator[Run]:
        """The run that trained these weights, or a new one if there is none to be found."""
        origin = _origin(self.tags(model))
        found = partial(_MlflowRun.of, model=model, tracker=self, weights=weights, origin=origin)
        with self._safely(lambda: found(self._client())) as run:
            yield run

    @contextmanager
    def data(self, stage: str) -> Iterator[Run]:
        """A new run that shows what a stage has brought, in an experiment called like the stage."""
        origin = _origin(self._data_tags())
        with self._safely(lambda: _MlflowRun.shown(self._client(), stage, self, origin)) as run:
            yield run

    @contextmanager
    def _safely(self, opened: Callable[[], "_MlflowRun"]) -> Iterator[Run]:
        run, status = _Forgiven(opened, self.server), "FAILED"
        run.begin()
        try:
            yield run
            status = "FINISHED"
        except (KeyboardInterrupt, SystemExit):
            status = "KILLED"
            raise
        finally:
            run.end(status)

    def _client(self) -> Any:
        for name, value in (*PATIENCE.items(), ("MLFLOW_DISABLE_TELEMETRY", "true")):
            os.environ.setdefault(name, value)
        import mlflow  # noqa: PLC0415 (three seconds)

        for talkative in ("alembic", "mlflow"):
            logging.getLogger(talkative).setLevel(logging.WARNING)

        lock = self.root / ".vidpipe" / "mlflow.lock"
        lock.parent.mkdir(exist_ok=True)
        with FileLock(lock):  # a new SQLite file survives no two first visitors
            (self.root / FOLDER).mkdir(exist_ok=True)
            client = mlflow.MlflowClient(tracking_uri(self.root))
            client.search_experiments(max_results=1)
        return client

    def tags(self, model: str) -> dict[str, str]:
        """Where a run comes from: code, data, stage and machine."""
        import torch  # noqa: PLC0415 (whoever opens a run has imported it)

        changes = git(self.project, "status", "--porcelain", "--untracked-files=no")
        tags = {
            "vidpipe.deliverable": TASKS[model].deliverable,
            "vidpipe.model": model,
            "vidpipe.device": device(self.params.runtime.device),
            "vidpipe.capability": torch.backends.cpu.get_cpu_capability(),
            "vidpipe.torch": torch.__version__,
            "vidpipe.threads": str(self.params.runtime.threads),
            "mlflow.source.name": "vidpipe",
            "mlflow.source.git.commit": git(self.project, "rev-parse", "HEAD"),
            "git.dirty": str(bool(changes)).lower(),
            "dvc.stage": os.environ.get("DVC_STAGE", ""),
            "dvc.experiment": os.environ.get("DVC_EXP_NAME", ""),
        }
        return {name: value for name, value in tags.items() if value} | self._data_tags()

    def _data_tags(self) -> dict[str, str]:
        files = {name: file for name, file in self.inputs.items() if file.is_file()}
        return {f"{DATA}.{name}": md5(file) for name, file in files.items()}

    def flat_params(self, model: str) -> dict[str, str]:
        """Parameters that bear on a model, by dotted key."""
        rooms = tuple(f"{room}." for room in ("runtime", model, *TASKS[model].fed))
        flat = _flat(self.params.model_dump())
        return {name: value for name, value in flat.items() if name.startswith(rooms)}

    def note(self, weights: str) -> Path:
        """Where training leaves the id of the run that these weights came of."""
        return self.root / ".vidpipe" / "runs" / weights


class _Forgiven(Forgiving):
    """A run whose points have the time at which they were measured, whenever it is told."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        self.call("points", values, step, _now())


class _MlflowRun:
    """One run of MLflow; any method may raise, and be called again."""

    def __init__(self, client: Any, run_id: str, tracker: MlflowTracker) -> None:
        self.client, self.id, self.tracker = client, run_id, tracker
        self.told: Callable[[str, int], bool] = lambda key, step: False  # that, to this run
        self.owed: list[Callable[[], None]] = []  # before all else

    @classmethod
    def kept(
        cls, client: Any, *, model: str, tracker: MlflowTracker, note: Path, origin: Origin
    ) -> "_MlflowRun":
        known = note.read_text(encoding="utf-8") if note.is_file() else ""
        home = _experiment(client, TASKS[model].experiment, tracker)
        if not (known and client.search_runs([home], f"attributes.run_id = '{known}'")):
            return cls.new(client, model, tracker, origin, note)
        client.update_run(known, status="RUNNING")
        made = cls(client, known, tracker)
        made.told = _told(client, known)
        # Which it was perhaps killed before it had.
        made.owed = [partial(made.params, tracker.flat_params(model))]
        return made

    @classmethod
    def new(
        cls,
        client: Any,
        model: str,
        tracker: MlflowTracker,
        origin: Origin,
        note: Path | None = None,
    ) -> "_MlflowRun":
        home = _experiment(client, TASKS[model].experiment, tracker)
        made = cls._made(client, home, model, tracker, origin)
        if note:
            note.write_text(made.id, encoding="utf-8")
        made.owed = [partial(made.params, tracker.flat_params(model))]
        return made

    @classmethod
    def shown(cls, client: Any, stage: str, tracker: MlflowTracker, origin: Origin) -> "_MlflowRun":
        home = _experiment(client, stage, tracker)
        made = cls._made(client, home, tracker.params.sources.clips.dataset, tracker, origin)
        params = _flat({stage: getattr(tracker.params, stage).model_dump()})
        made.owed = [partial(made.params, params)]
        return made

    @classmethod
    def of(
        cls, client: Any, *, model: str, tracker: MlflowTracker, weights: Path, origin: Origin
    ) -> "_MlflowRun":
        digest = md5(weights)
        wanted = tracker.flat_params(model)
        home = _experiment(client, TASKS[model].experiment, tracker)
        found = client.search_runs([home], f"tags.`{WEIGHTS}` = '{digest}'")
        equal = [run.info.run_id for run in found if run.data.params == wanted]  # newest first
        note = tracker.note(digest)
        noted = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
        if equal:
            return cls(client, noted if noted in equal else equal[0], tracker)
        made = cls.new(client, model, tracker, origin)
        made.owed.append(partial(made.weights, weights))
        return made

    @classmethod
    def _made(
        cls, client: Any, home: str, name: str, tracker: MlflowTracker, origin: Origin
    ) -> "_MlflowRun":
        run = client.create_run(home, run_name=name, **origin)
        return cls(client, run.info.run_id, tracker)

    def begin(self) -> None:
        for owed in self.owed:
            owed()

    def params(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import Param  # noqa: PLC0415

        self.client.log_batch(self.id, params=[Param(*pair) for pair in values.items()])

    def points(self, values: Mapping[str, float], step: int, time: int) -> None:
        from mlflow.entities import Metric  # noqa: PLC0415

        new = {key: float(value) for key, value in values.items() if not self.told(key, step)}
        if new:
            told = [Metric(key, value, time, step) for key, value in new.items()]
            self.client.log_batch(self.id, metrics=told)

    def picture(self, key: str, picture: np.ndarray, step: int) -> None:
        if not self.told(key, step):
            self.client.log_image(self.id, picture, key=key, step=step)

    def files(self, folder: Path) -> None:
        self.client.log_artifacts(self.id, str(folder))

    def warning(self, sign: str, step: int) -> None:
        self.client.set_tag(self.id, f"vidpipe.warning.{sign}", f"from step {step}")

    def weights(self, file: Path) -> None:
        digest = md5(file)
        self.client.set_tag(self.id, WEIGHTS, digest)
        note = self.tracker.note(digest)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(self.id, encoding="utf-8")

    def end(self, status: str) -> None:
        self.client.set_terminated(self.id, status)


def _now() -> int:
    return int(1000 * time.time())


def _origin(tags: Mapping[str, str]) -> Origin:
    return {"start_time": _now(), "tags": tags}


def _told(client: Any, run_id: str) -> Callable[[str, int], bool]:
    """Whether a run that another process has opened knows a step: no point comes twice."""
    pictures = [Path(file.path).name for file in client.list_artifacts(run_id, "images")]

    @cache
    def steps(key: str) -> set[int]:
        return {point.step for point in client.get_metric_history(run_id, key)}

    def told(key: str, step: int) -> bool:
        drawn = re.compile(rf"{re.escape(key)}[+%]step[+%]{step}[+%].*\.webp")  # written last
        return step in steps(key) or any(map(drawn.fullmatch, pictures))

    return told


def _experiment(client: Any, name: str, tracker: MlflowTracker) -> str:
    with FileLock(tracker.root / ".vidpipe" / "mlflow.lock"):
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        served = os.environ.get("MLFLOW_TRACKING_URI")
        local = None if served else (tracker.root / FOLDER / "artifacts" / name).as_uri()
        return str(client.create_experiment(name, artifact_location=local))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: str(value)}
    return flat
