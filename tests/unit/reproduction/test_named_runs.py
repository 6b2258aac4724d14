import json
import shutil
from types import SimpleNamespace

import pytest
from support.project import run
from support.results import write_films

from vidpipe.reporting.side_by_side import ScoringClassifier
from vidpipe.reproduction import named_runs
from vidpipe.reproduction.named_runs import find_run
from vidpipe.utils.errors import UserError

RUN = "0123456789abcdef0123456789abcdef"


def write_lock(project, **stages):
    lines = ["schema: '2.0'", "stages:"]
    for name, (deps, outs) in stages.items():
        lines += [f"  {name}:", "    cmd: x"]
        for part, files in (("deps", deps), ("outs", outs)):
            lines += [f"    {part}:", *(f"    - {{path: {p}, md5: {m}}}" for p, m in files.items())]
    (project / "dvc.lock").write_text("\n".join(lines) + "\n")


def write_metrics(project, **models):
    (project / "metrics").mkdir(exist_ok=True)
    for name, numbers in models.items():
        (project / f"metrics/{name}.json").write_text(json.dumps(numbers))


def commit(project, message):
    run(project, "git", "add", "--all", "--force")
    run(project, "git", "commit", "--quiet", "--message", message)


@pytest.fixture
def repository(project):
    """A repository whose first commit has the metrics of gan3d."""
    run(project, "git", "init", "--quiet")
    write_metrics(project, gan3d={"motion_ratio": 0.5})
    write_lock(
        project,
        gan3d_evaluate=(
            {"data/06_models/action_classifier": "aa11.dir"},
            {"data/07_model_output/gan3d": "bb22.dir", "metrics/gan3d.json": "x"},
        ),
    )
    commit(project, "one")
    run(project, "git", "tag", "first")
    return project


def test_a_revision_has_its_metrics_parameters_and_classifier(repository):
    write_metrics(repository, gan3d={"motion_ratio": 0.75})
    found = find_run(repository, "first")
    assert found.kind.startswith("revision ")
    one = found.models["gan3d"]
    assert one.numbers == {"motion_ratio": 0.5}
    assert one.classifier == ScoringClassifier("aa11.dir")
    assert one.params["gan3d.train.steps"].isdigit()
    assert "runtime.threads" in one.params
    assert not any(key.startswith("pix2pix") for key in one.params)


def test_the_work_tree_has_what_lies_there(repository):
    write_metrics(repository, gan3d={"motion_ratio": 0.75}, dcgan={"modes": 9})
    found = find_run(repository, "workspace")
    assert found.models["gan3d"].numbers == {"motion_ratio": 0.75}
    assert found.models["dcgan"].numbers == {"modes": 9}
    assert found.models["gan3d"].classifier == ScoringClassifier(), (
        "these are not the recorded metrics"
    )


def test_the_classifier_of_the_work_tree_is_that_which_lies_there(repository):
    folder = repository / "data/06_models/action_classifier"
    folder.mkdir(parents=True)
    (folder / "classifier.safetensors").write_bytes(b"weights")
    classifier = find_run(repository, "workspace").models["gan3d"].classifier
    assert classifier.folder.endswith(".dir")
    assert len(classifier.weights) == 32


def test_the_classifier_that_the_metrics_name_counts_wherever_they_lie(repository):
    scores = {"motion_ratio": 0.5, "protocol": {"classifier_md5": "abc"}}
    write_metrics(repository, gan3d=scores)
    commit(repository, "two")
    for name in ("workspace", "HEAD"):
        one = find_run(repository, name).models["gan3d"]
        assert one.classifier.weights == "abc"
        assert one.numbers == {"motion_ratio": 0.5}
    assert (
        find_run(repository, "HEAD")
        .models["gan3d"]
        .classifier.is_same(ScoringClassifier("other", "abc"))
    )


def test_an_experiment_is_found_by_its_name(repository):
    write_metrics(repository, gan3d={"motion_ratio": 1.0})
    commit(repository, "tried")
    run(repository, "git", "update-ref", "refs/exps/ab/cdef/puffy-daks", "HEAD")
    run(repository, "git", "reset", "--quiet", "--hard", "first")
    found = find_run(repository, "puffy-daks")
    assert found.kind.startswith("experiment ")
    assert found.models["gan3d"].numbers == {"motion_ratio": 1.0}


def test_films_of_a_revision_come_out_of_the_cache(repository, tmp_path):
    write_films(repository, "gan3d")
    made = repository / "data/07_model_output/gan3d/real_and_made.gif"
    cache = repository / ".dvc/cache/files/md5"
    for digest, content in (
        ("bb22.dir", json.dumps([{"md5": "ccdd", "relpath": made.name}]).encode()),
        ("ccdd", made.read_bytes()),
    ):
        (cache / digest[:2]).mkdir(parents=True, exist_ok=True)
        (cache / digest[:2] / digest[2:]).write_bytes(content)
    shutil.rmtree(repository / "data/07_model_output")
    named_runs._cache.cache_clear()
    one = find_run(repository, "first", tmp_path / "films").models["gan3d"]
    assert (one.samples / made.name).read_bytes() == (cache / "cc/dd").read_bytes()


def test_a_film_that_is_not_in_the_cache_is_told(repository, tmp_path):
    one = find_run(repository, "first", tmp_path / "films").models["gan3d"]
    assert one.samples is None
    assert one.why.startswith("not in DVC's cache")


@pytest.mark.parametrize("name", ["nothing", "first~7", "-x", "refs/exps"])
def test_an_unknown_name_says_what_was_tried(repository, name):
    with pytest.raises(UserError) as error:
        find_run(repository, name)
    message = str(error.value)
    assert message.startswith(f"{name}: expected `workspace`, a revision of git, an experiment")
    assert "\n" not in message
    assert not (repository / "mlflow").exists(), "no database is made for a look"


def test_a_revision_without_metrics_is_told(repository):
    shutil.rmtree(repository / "metrics")
    commit(repository, "empty")
    with pytest.raises(UserError, match="HEAD: expected a revision with metrics/"):
        find_run(repository, "HEAD")


class Client:
    """Runs of MLflow, as far as they are asked for."""

    def __init__(self, *runs):
        self.runs = runs

    def search_experiments(self):
        return [SimpleNamespace(experiment_id="1")]

    def search_runs(self, experiments, max_results):
        return list(self.runs)

    def list_artifacts(self, run_id):
        return [SimpleNamespace(path=name) for name in ("metrics.csv", "real_and_made.gif")]

    def download_artifacts(self, run_id, path, folder):
        with open(f"{folder}/{path}", "w", encoding="utf-8") as file:
            file.write("metric,value\nfrechet_frames,0.5\ntorn\n")
        return f"{folder}/{path}"


def run_of_mlflow(run_id=RUN, name="gan3d · actions"):
    metrics = {"score/motion": 0.8, "loss/generator": 2.0, "old": 1.0}
    tags = {"vidpipe.model": "gan3d", "vidpipe.classifier_md5": "abc"}
    data = SimpleNamespace(metrics=metrics, tags=tags, params={"gan3d.train.steps": "7"})
    return SimpleNamespace(info=SimpleNamespace(run_id=run_id, run_name=name), data=data)


@pytest.fixture
def mlflow(repository, monkeypatch):
    """Let a client answer in place of MLflow."""

    def answers(*runs):
        monkeypatch.setattr(named_runs, "open_runs", lambda _: Client(*runs))

    return answers


@pytest.mark.parametrize("name", [RUN, RUN[:8], "gan3d · actions"])
def test_a_run_of_mlflow_is_found_by_id_start_or_name(repository, mlflow, tmp_path, name):
    mlflow(run_of_mlflow(), run_of_mlflow("f" * 32, "other"))
    found = find_run(repository, name, tmp_path / "films")
    one = found.models["gan3d"]
    assert found.kind == f"run {RUN[:8]} of MLflow, gan3d · actions"
    assert one.numbers == {"old": 1.0, "frechet_frames": 0.5}
    assert one.scores == {"motion": 0.8}
    assert one.classifier == ScoringClassifier(weights="abc")
    assert one.params == {"gan3d.train.steps": "7"}
    assert (one.samples / "real_and_made.gif").is_file()


def test_a_name_of_several_runs_is_refused(repository, mlflow):
    mlflow(run_of_mlflow(), run_of_mlflow("f" * 32))
    with pytest.raises(UserError, match="found 2; name one: 01234567, ffffffff"):
        find_run(repository, "gan3d · actions")


@pytest.mark.parametrize("name", ["workspace", "second"])
def test_results_have_the_parameters_that_they_were_made_with(repository, name):
    lock = repository / "dvc.lock"
    lock.write_text(lock.read_text() + "    params: {params.yaml: {gan3d.train: {steps: 77}}}\n")
    commit(repository, "two")
    run(repository, "git", "tag", "second")
    found = find_run(repository, name).models["gan3d"].params
    assert found["gan3d.train.steps"] == "77"
    assert found["gan3d.train.batch"] == "8"
