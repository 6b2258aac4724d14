"""Results by the name of a run: of the work tree, of git, of an experiment of DVC or of MLflow."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from vidpipe.config.loader import FILE, read, read_text
from vidpipe.evaluation.protocol import CLASSIFIER as CLASSIFIER_MD5
from vidpipe.evaluation.protocol import METRICS, Protocol
from vidpipe.reporting.results import SAMPLES
from vidpipe.reporting.side_by_side import (
    FILMS,
    ComparedRun,
    ScoredModel,
    ScoringClassifier,
    kind_of,
)
from vidpipe.reproduction import worktree
from vidpipe.reproduction.record import LOCK, md5, params_of, parsed, read_scores
from vidpipe.tracking.descriptions import METRICS_FILE, SCORE, flat_params, in_force
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.tracking.mlflow_tracker import CLASSIFIER_TAG, MODEL_TAG, open_runs
from vidpipe.tracking.provenance import git
from vidpipe.tracking.trust import classifier_of
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import md5 as md5_of_file

WORKSPACE = "workspace"
MODELS = "data/06_models"
MOST_RUNS = 5000  # of MLflow that are searched for a name
LEAST = 4  # characters of the start of an id


def find_run(project: Path, name: str, films: Path | None = None) -> ComparedRun:
    """Return the results that a name stands for.

    Args:
        project: The work tree.
        name: `workspace`, a revision of git, an experiment of DVC, or the id of a run of MLflow,
            its start or its name.
        films: An empty folder, in which films are put; None: they are left out.

    Raises:
        UserError: If it is none of these, or the start or name of several.
    """
    if name == WORKSPACE:
        return _workspace(project, films)
    experiments = worktree.experiments(project)
    commit = experiments.get(name, "")
    with suppress(UserError):
        commit = commit or worktree.commit_of(project, name)
    if commit:
        kind = "experiment" if name in experiments else "revision"
        return _revision(project, name, f"{kind} {commit[:12]}", commit, films)
    if run := _run_of_mlflow(project, name, films):
        return run
    listing = f"there are: {', '.join(sorted(experiments))}" if experiments else "there are none"
    raise UserError(
        f"{name}: expected `{WORKSPACE}`, a revision of git, an experiment of DVC ({listing})"
        ", or the id of a run of MLflow, its start or its name; found none of that name"
    )


def _workspace(project: Path, films: Path | None) -> ComparedRun:
    """Return what lies in the work tree."""
    lock = project / LOCK
    stages = _stages(lock.read_text(encoding="utf-8") if lock.is_file() else "")
    params = flat_params(read(project / FILE))
    models = {}
    for name in HEADLINES:
        file = project / METRICS / f"{name}.json"
        if not file.is_file():
            continue
        numbers, protocol = read_scores(file.read_bytes(), f"{METRICS}/{name}.json")
        # The metrics say which classifier scored; of earlier ones the record does, if it is theirs.
        file_md5 = _md5_of(stages, name, "outs", f"{METRICS}/{name}.json")
        is_recorded = file_md5 == md5(project, f"{METRICS}/{name}.json")
        unknown = ScoringClassifier()
        recorded = _recorded_classifier(project, stages, name) if is_recorded else unknown
        classifier = _classifier(protocol, recorded)
        if classifier == unknown and (classifier_name := classifier_of(name)):
            folder = f"{MODELS}/{classifier_name}"
            weights = project / folder / CLASSIFIER_WEIGHTS
            weights_md5 = md5_of_file(weights) if weights.is_file() else ""
            classifier = ScoringClassifier(md5(project, folder), weights_md5)
        samples = project / SAMPLES / name
        models[name] = ScoredModel(
            model=name,
            numbers=numbers,
            params=_ran_with(params, stages, name),
            classifier=classifier,
            samples=samples if films and samples.is_dir() else None,
            why=f"{SAMPLES}/{name} is not there",
        )
    return ComparedRun(WORKSPACE, "the files of the work tree", models)


def _revision(project: Path, name: str, kind: str, commit: str, films: Path | None) -> ComparedRun:
    """Return what a commit holds, and those of its films that are in DVC's cache."""
    stages = _stages(_show(project, commit, LOCK))
    params = flat_params(_yaml(_show(project, commit, FILE)))
    models = {}
    for model in HEADLINES:
        file = f"{METRICS}/{model}.json"
        if not (text := _show(project, commit, file)):
            continue
        samples = why = None
        if films:
            samples, why = _cached_film(project, stages, model, films / commit[:12] / model)
        numbers, protocol = read_scores(text.encode(), f"{file} of {name}")
        models[model] = ScoredModel(
            model=model,
            numbers=numbers,
            params=_ran_with(params, stages, model),
            classifier=_classifier(protocol, _recorded_classifier(project, stages, model)),
            samples=samples,
            why=why or "",
        )
    if not models:
        raise UserError(
            f"{name}: expected a revision with {METRICS}/, found none there; take one in which "
            "`dvc repro` was committed"
        )
    return ComparedRun(name, kind, models)


def _run_of_mlflow(project: Path, name: str, films: Path | None) -> ComparedRun | None:
    """Return a run of MLflow by its id, the start of it, or its name; None if there is none."""
    client = open_runs(project)
    if client is None:
        return None
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = [
        run
        for run in client.search_runs(experiments, max_results=MOST_RUNS)
        if MODEL_TAG in run.data.tags
        and (run.info.run_name == name or (run.info.run_id.startswith(name) and len(name) >= LEAST))
    ]
    if len(runs) > 1:
        ids = ", ".join(run.info.run_id[:8] for run in runs[:8])
        raise UserError(f"{name}: expected one run of MLflow, found {len(runs)}; name one: {ids}")
    if not runs:
        return None
    (run,) = runs
    model = run.data.tags[MODEL_TAG]
    run_id = run.info.run_id
    metrics = run.data.metrics
    artifacts = {artifact.path for artifact in client.list_artifacts(run_id)}
    numbers = {key: value for key, value in metrics.items() if "/" not in key}
    samples, why = None, "no film in this run"
    folder = films / run_id if films else None
    film = FILMS.get(kind_of(model), "")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    if folder and film in artifacts:
        client.download_artifacts(run_id, film, str(folder))
        samples = folder
    if METRICS_FILE in artifacts:
        numbers |= _table(client, run_id)
    scored = ScoredModel(
        model=model,
        numbers=numbers,
        scores={k.removeprefix(SCORE): v for k, v in metrics.items() if k.startswith(SCORE)},
        params=run.data.params,
        classifier=ScoringClassifier(weights=run.data.tags.get(CLASSIFIER_TAG, "")),
        samples=samples,
        why=why,
    )
    kind = f"run {run_id[:8]} of MLflow, {run.info.run_name}"
    return ComparedRun(name, kind, {model: scored})


def _table(client: Any, run_id: str) -> dict[str, float]:
    """Return all metrics of a run from its table."""
    with TemporaryDirectory() as folder:
        file = Path(client.download_artifacts(run_id, METRICS_FILE, folder))
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))[1:]
    numbers = {}
    for row in rows:
        with suppress(ValueError, IndexError):
            numbers[row[0]] = float(row[1])
    return numbers


def _show(project: Path, commit: str, file: str) -> str:
    """Return the text of a file in a commit; empty if it is not there."""
    return git(project, "show", f"{commit}:./{file}")


def _yaml(text: str) -> dict[str, Any]:
    """Return a mapping of YAML; an empty one if it is none."""
    with suppress(UserError):
        return read_text(text, FILE)
    return {}


def _stages(text: str) -> Mapping[str, Any]:
    """Return the stages of a `dvc.lock`."""
    stages = _yaml(text).get("stages")
    return stages if isinstance(stages, dict) else {}


def _md5_of(stages: Mapping[str, Any], model: str, part: str, path: str) -> str:
    """Return a hash that is recorded of the stage that scores a model; empty if there is none."""
    for stage in (f"{model}_evaluate", model):
        for entry in stages.get(stage, {}).get(part, []):
            if entry.get("path") == path:
                return str(entry.get("md5", ""))
    return ""


def _ran_with(params: Mapping[str, str], stages: Mapping[str, Any], model: str) -> dict[str, str]:
    """Return the parameters that influenced a model: params.yaml may have changed since it ran."""
    recorded = dict[str, str]()
    with suppress(UserError):
        records = parsed(stages)
        for stage in (model, f"{model}_evaluate"):
            recorded |= params_of(records, stage)
    return in_force({**params, **recorded}, model)


def _classifier(protocol: Protocol, recorded: ScoringClassifier) -> ScoringClassifier:
    """Return the classifier that a protocol names, else the recorded one."""
    return replace(recorded, weights=str(protocol.get(CLASSIFIER_MD5, recorded.weights)))


def _recorded_classifier(project: Path, stages: Mapping[str, Any], model: str) -> ScoringClassifier:
    """Return the classifier by which the record says a model was scored."""
    classifier = classifier_of(model)
    folder = _md5_of(stages, model, "deps", f"{MODELS}/{classifier}") if classifier else ""
    members = dict(_members(project, folder))
    return ScoringClassifier(folder, members.get(CLASSIFIER_WEIGHTS, ("", None))[0])


def _members(project: Path, folder: str) -> Iterator[tuple[str, tuple[str, Path | None]]]:
    """Yield the files of a folder in DVC's cache: name, hash, and path if it is there."""
    if not folder.endswith(".dir"):
        return
    with suppress(OSError, ValueError, KeyError):
        listing = _cache(project) / folder[:2] / folder[2:]
        for entry in json.loads(listing.read_text(encoding="utf-8")):
            digest = entry["md5"]
            path = _cache(project) / digest[:2] / digest[2:]
            yield entry["relpath"], (digest, path if path.is_file() else None)


@cache
def _cache(project: Path) -> Path:
    """Return the folder in which DVC keeps files by their hash."""
    try:
        with Repo(str(project)) as repo:
            return Path(repo.cache.local.path)
    except DvcException:
        return project / ".dvc/cache/files/md5"


def _cached_film(
    project: Path, stages: Mapping[str, Any], model: str, folder: Path
) -> tuple[Path | None, str]:
    """Link the film of a model from DVC's cache into a new folder, or return None and why not."""
    film = FILMS.get(kind_of(model), "")
    recorded = _md5_of(stages, model, "outs", f"{SAMPLES}/{model}")
    path = dict(_members(project, recorded)).get(film, ("", None))[1]
    if path is None:
        return None, "not in DVC's cache; `dvc fetch` brings it, if a remote has it"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / film).symlink_to(path)
    return folder, ""
