"""`vidpipe reproduce` on a toy: real git, real DVC, stages that take no time."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from ruamel.yaml import YAML
from support import toy_gan as toy
from support.project import environment, run

from vidpipe.commands import reproduce
from vidpipe.reproduction import worktree
from vidpipe.tracking.mlflow_tracker import RunSource
from vidpipe.utils import children


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return toy.make(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of the toy, in the current folder."""
    project = tmp_path / made.name
    shutil.copytree(made, project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return project


def report(file):
    return json.loads(file.read_text(encoding="utf-8"))


def differing(file):
    return [row["path"] for row in report(file)["outputs"] if not row["same"]]


def test_a_tag_is_rebuilt_by_its_own_code_and_the_users_tree_stays(
    project, vidpipe, tmp_path, monkeypatch
):
    code = project / "src/numbers_made.py"
    code.write_text(code.read_text().replace("len(numbers)", "7"))  # not committed
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("DVC_ROOT", str(project))
    before = toy.state(project)
    said = vidpipe("reproduce", toy.TAG, "--json", str(tmp_path / "r.json")).output
    assert toy.state(project) == before
    assert "the work tree has other src than v1" in said
    assert "v1 is reproduced at the level bits" in said
    assert "4 of 4 outputs are the same bytes, 2 of 2 metrics agree" in said
    found = report(tmp_path / "r.json")
    assert found["agrees"] is True
    assert found["commit"] == run(project, "git", "rev-parse", "v1").strip()
    assert [row["path"] for row in found["outputs"]] == [
        "data/start.txt", "data/numbers", "metrics/numbers.json", "data/other.txt"
    ]  # fmt: skip
    means = [row for row in found["metrics"] if row["name"] == "mean"]
    assert means == [
        {"file": "metrics/numbers.json", "name": "mean", "recorded": 6.0, "rebuilt": 6.0}
        | {"tolerance": 0.0, "difference": 0.0, "agrees": True}
    ]
    assert not list(tmp_path.glob("vidpipe-reproduce-*/*/clone"))


def test_a_parameter_changed_by_hand_in_the_lock_goes_red_and_names_the_output(
    project, vidpipe, tmp_path
):
    values = {"numbers.count": 4}
    toy.relock(project, "numbers", lambda stage: stage["params"]["params.yaml"].update(values))
    toy.commit(project, "v2")
    words = ("--stage", "numbers", "--json", str(tmp_path / "r.json"))
    said = vidpipe("reproduce", "v2", *words, code=1).stdout
    assert "v2 is NOT reproduced" in said
    assert "numbers, numbers.count: recorded 4, is 3" in said
    red = [line.split()[0] for line in said.splitlines() if line.endswith("of other inputs")]
    assert red == ["data/numbers", "metrics/numbers.json"]
    assert "data/other.txt" not in said


def test_of_an_older_revision_the_work_tree_may_differ(project, vidpipe):
    code = project / "src/numbers_made.py"
    code.write_text(code.read_text() + "# said later\n")
    toy.commit(project, "later")
    said = vidpipe("reproduce", toy.TAG, "--stage", "other").output
    assert "v1 is reproduced" in said
    assert "the work tree has other" not in said


def declare(project, change):
    """Change `dvc.yaml`, and tag that."""
    file, yaml = project / "dvc.yaml", YAML()
    whole = yaml.load(file)
    change(whole["stages"])
    yaml.dump(whole, file)
    toy.commit(project, "v2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda stages: stages.pop("other"), "other, dvc.yaml has no such stage"),
        (lambda stages: stages.update(new={"cmd": "true"}), "new, in dvc.yaml, not in dvc.lock"),
    ],
)
def test_a_lock_that_does_not_cover_the_pipeline_goes_red(project, vidpipe, tmp_path, change, said):
    declare(project, change)
    out = vidpipe("reproduce", "v2", "--json", str(tmp_path / "r.json"), code=1).stdout
    assert "v2 is NOT reproduced" in out
    assert said in out
    kept = {row["path"] for row in report(tmp_path / "r.json")["outputs"] if row["same"]}
    assert {"data/start.txt", "data/numbers", "metrics/numbers.json"} <= kept


def test_a_stage_that_is_gone_is_red_and_nothing_runs(project, vidpipe):
    declare(project, lambda stages: stages.pop("other"))
    done = vidpipe("reproduce", "v2", "--stage", "other", code=1)
    assert "other, dvc.yaml has no such stage" in done.stdout
    assert "Running stage" not in done.stdout + done.stderr


def test_a_frozen_stage_is_rebuilt_all_the_same(project, vidpipe, tmp_path, monkeypatch):
    declare(project, lambda stages: stages["other"].update(frozen=True))
    words = ("reproduce", "v2", "--stage", "other", "--json", str(tmp_path / "r.json"))
    vidpipe(*words)
    monkeypatch.setenv("OTHER", "luck")
    vidpipe(*words, code=1)
    assert differing(tmp_path / "r.json") == ["data/other.txt"]


def test_a_metric_edited_by_hand_goes_red_though_it_is_rebuilt(project, vidpipe, tmp_path):
    file = project / "metrics/numbers.json"
    file.write_text(file.read_text() + "\n")  # the same numbers, other bytes
    toy.commit(project, "v2")
    said = vidpipe("reproduce", "v2", "--stage", "numbers", code=1).stdout
    assert "numbers, metrics/numbers.json: recorded " in said


def test_a_result_that_is_not_the_recorded_one_goes_red(project, vidpipe, tmp_path, monkeypatch):
    monkeypatch.setenv("OTHER", "luck")
    said = vidpipe("reproduce", "v1", "--json", str(tmp_path / "r.json"), code=1).stdout
    assert differing(tmp_path / "r.json") == ["data/other.txt"]
    assert "3 of 4 outputs are the same bytes, 2 of 2 metrics agree" in said


@pytest.mark.slow
def test_metrics_within_the_tolerance_agree_and_others_do_not(
    project, vidpipe, tmp_path, monkeypatch
):
    words = ("reproduce", "v1", "--stage", "numbers", "--json", str(tmp_path / "r.json"))
    monkeypatch.setenv("NOISE", "0.05")
    vidpipe(*words, code=1)
    vidpipe(*words, "--level", "tolerance")
    assert differing(tmp_path / "r.json") == ["metrics/numbers.json"]
    monkeypatch.setenv("NOISE", "0.15")
    vidpipe(*words, "--level", "tolerance", code=1)
    rows = {row["name"]: row["agrees"] for row in report(tmp_path / "r.json")["metrics"]}
    assert rows == {"count": True, "mean": False}


def test_other_packages_cannot_promise_bits(project, vidpipe):
    (project / "requirements.lock").write_text("numpy==1.0\n")
    toy.commit(project, "v3")
    said = vidpipe("reproduce", "v3", code=2)
    assert "numpy: expected 1.0, got " in said.stderr
    assert "cannot promise the bits of v3" in said.stderr
    assert "packages come with --env" in said.stderr
    assert said.stdout == ""


def test_a_processor_without_avx2_cannot_promise_portable_bits(
    project, vidpipe, tmp_path, monkeypatch
):
    monkeypatch.setattr("vidpipe.reproduction.guarantees.CPUINFO", tmp_path / "none")
    assert "`portable` expects AVX2" in vidpipe("reproduce", "v1", code=2).stderr


def test_the_packages_of_the_lock_are_installed_for_the_run(project, vidpipe, monkeypatch):
    (project / "requirements.hashes").write_text("")
    toy.commit(project, "v2")
    ran = []
    monkeypatch.setattr(worktree, "run", lambda project, *command: ran.append([*command]))
    monkeypatch.setattr(children, "run", lambda command, **_: ran.append(command) or 7)
    words = ["reproduce", "v2", "--env", "--stage", "numbers"]
    monkeypatch.setattr(sys, "argv", ["vidpipe", *words])
    vidpipe(*words, code=7)
    (*make, home), (python, *check), (_, *install), again = ran
    assert make == [sys.executable, "-m", "venv"]
    assert python.startswith(home)
    assert check[-3:] == ["--require-hashes", "--requirement", "requirements.hashes"]
    assert install == ["-m", "pip", "install", "--quiet", "--requirement", "requirements.lock"]
    assert again == [python, "-m", "vidpipe", "reproduce", "v2", "--stage", "numbers"]


@pytest.mark.parametrize("level", ["bits", "tolerance"])
def test_without_the_device_of_the_revision_nothing_runs(project, vidpipe, monkeypatch, level):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    file = project / "params.yaml"
    text = file.read_text().replace("device: cpu", "device: cuda")
    file.write_text(text.replace("portable", "machine"))
    toy.commit(project, "v2")
    done = vidpipe("reproduce", "v2", "--level", level, code=2)
    assert "v2 is made on a CUDA device" in done.stderr
    assert "Running stage" not in done.stdout + done.stderr


def test_what_dvc_does_not_remove_is_not_compared_with_itself(
    project, vidpipe, tmp_path, monkeypatch
):
    metrics = [{"metrics/numbers.json": {"cache": False, "persist": True}}]
    declare(project, lambda stages: stages["numbers"].update(metrics=metrics))
    code, write = project / "src/numbers_made.py", 'Path("metrics/numbers.json").write_text'
    lazy = f"Path('metrics/numbers.json').exists() or {write}"
    code.write_text(code.read_text().replace(write, lazy))
    md5 = hashlib.md5(code.read_bytes()).hexdigest()
    toy.relock(project, "numbers_fetch", lambda stage: stage["deps"][0].update(md5=md5))
    toy.relock(project, "numbers", lambda stage: stage["deps"][1].update(md5=md5))
    toy.commit(project, "v3")
    words = ("reproduce", "v3", "--stage", "numbers", "--json", str(tmp_path / "r.json"))
    vidpipe(*words)
    monkeypatch.setenv("NOISE", "5")
    vidpipe(*words, code=1)
    assert differing(tmp_path / "r.json") == ["metrics/numbers.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "nope: expected a tag, branch or commit"),
        (["--level", "bits", "--", "--all"], "--all: expected a tag, branch or commit"),
        (["v1", "--stage", "nope"], "got nope; there are: numbers_fetch, numbers, other"),
        (["v1", "--pull", "--remote", "nope"], "got nope; `dvc remote list` shows them: shelf"),
        (["v1", "--level", "tolerance", "--stage", "other"], "expected stages that have metrics"),
        (["empty"], "dvc.lock: expected recorded results"),
    ],
)
def test_what_cannot_be_asked_for_is_told_in_a_line(project, vidpipe, words, said):
    if words == ["empty"]:
        (project / "dvc.lock").unlink()
        toy.commit(project, "empty")
    assert said in vidpipe("reproduce", *words, code=1).stderr


def test_a_folder_that_is_no_project_is_told_where_to_go(project, vidpipe, monkeypatch):
    monkeypatch.chdir(project / "src")
    assert "run this at its root" in vidpipe("reproduce", "v1", code=1).stderr


def test_what_was_pushed_is_pulled_and_compared(project, vidpipe, tmp_path):
    run(project, "dvc", "push", "--quiet")
    said = vidpipe("reproduce", "v1", "--pull").stdout
    assert "v1 is reproduced" in said
    digest = hashlib.md5(b"other").hexdigest()
    kept = tmp_path / "shelf/files/md5" / digest[:2] / digest[2:]
    kept.chmod(0o644)
    kept.write_bytes(b"wrong")  # as long as the right one
    kept.chmod(0o444)
    file = tmp_path / "r.json"
    vidpipe("reproduce", "v1", "--pull", "--json", str(file), code=1)
    assert differing(file) == ["data/other.txt"]
    kept.unlink()
    said = vidpipe("reproduce", "v1", "--pull", "--json", str(file), code=1).stdout
    assert differing(file) == ["data/other.txt"]
    assert "missing" in said


@pytest.mark.slow
def test_sources_that_can_no_longer_be_fetched_are_pulled(project, vidpipe, monkeypatch):
    run(project, "dvc", "push", "--quiet")
    shutil.rmtree(project / "mine")
    monkeypatch.setenv("OFFLINE", "1")
    words = ("reproduce", "v1", "--stage", "numbers")
    assert "ended with" in vidpipe(*words, code=1).stderr
    assert "v1 is reproduced" in vidpipe(*words, "--remote", "shelf").stdout


@pytest.mark.slow
def test_the_work_tree_is_kept_if_one_asks_for_it(project, vidpipe, tmp_path):
    said = vidpipe("reproduce", "v1", "--stage", "numbers", "--keep").stderr
    (kept,) = tmp_path.glob("vidpipe-reproduce-kept-*")
    assert str(kept) in said
    assert (kept / "data/numbers/one by one/5.txt").read_text() == "5"
    assert "nothing to commit" in run(kept, "git", "status")


def until(true):
    deadline = time.monotonic() + 600
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(process):
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stages_end_with_the_command_and_none_of_them_says_that_it_goes_on(
    project, tmp_path, number
):
    stage = "trap 'touch $TOLD' INT; echo $$ > $NEW; mv $NEW $STAGE; while :; do sleep 1; done"
    declare(project, lambda stages: stages["other"].update(cmd=stage))
    words = ["reproduce", "v2", "--stage", "other"]
    paths = {name: str(tmp_path / name) for name in ("NEW", "STAGE", "TOLD")}
    process = subprocess.Popen(
        [
            "env",
            "--default-signal=INT",
            sys.executable,
            "-m",
            "vidpipe",
            *words,
        ],  # as in test_dvc.py
        env=environment(TMPDIR=str(tmp_path), **paths),
        stderr=subprocess.PIPE,
        start_new_session=True,  # signals reach the whole group, as those of a terminal do
        text=True,
    )
    until((tmp_path / "STAGE").exists)
    os.killpg(process.pid, number)
    _, said = process.communicate()
    stage = int((tmp_path / "STAGE").read_text())
    until(lambda: not runs(stage))
    assert not (tmp_path / "TOLD").exists()  # Kedro would say so at SIGINT
    assert "goes on" not in said
    # The clone goes with the command, or as the next one starts.
    left = list(tmp_path.glob("vidpipe-reproduce-*/*/clone"))
    assert len(left) == (number == signal.SIGKILL)
    with worktree.scratch(keep=False):
        assert not any(clone.exists() for clone in left)


def row(**changes):
    """A run of MLflow of the toy's stage `numbers`."""
    known = {"model": "numbers", "commit": "HEAD", "experiment": "", "is_dirty": False}
    return RunSource(**(known | {"weights_md5": ""} | changes))


def test_a_row_of_mlflow_is_rebuilt_by_its_commit_and_its_stage(project, vidpipe, monkeypatch):
    monkeypatch.setattr(reproduce, "run_source", lambda *_: row(weights_md5="f" * 32))
    said = vidpipe("reproduce", "--run", "1234", code=1).stdout
    assert "2 of 2 outputs are the same bytes" in said or "3 of 3 outputs" in said
    assert said.splitlines()[-1] == "the weights of run 1234 are not reproduced"
    monkeypatch.setattr(reproduce, "_has_weights_of", lambda *_: True)
    said = vidpipe("reproduce", "--run", "1234").stdout
    assert said.splitlines()[-1] == "the weights of run 1234 are reproduced"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (row(commit=""), "this one notes none; commit first"),
        (row(is_dirty=True), "ran on changes to HEAD that were not committed"),
        (row(commit="0" * 40), "expected a tag, branch or commit"),
        (row(model="dcgan"), "expected one that dvc.lock records, got dcgan"),
    ],
)
def test_a_row_that_cannot_be_rebuilt_is_refused(project, vidpipe, monkeypatch, source, told):
    monkeypatch.setattr(reproduce, "run_source", lambda *_: source)
    assert told in vidpipe("reproduce", "--run", "1234", code=1).output


def test_an_experiment_is_rebuilt_even_if_its_parameters_were_never_committed(project, monkeypatch):
    monkeypatch.setattr(worktree, "experiments", lambda _: {"soggy-dodo": "abc"})
    source = row(experiment="soggy-dodo", is_dirty=True)
    assert reproduce._revision_of(project, source) == "abc"


@pytest.mark.parametrize("words", [(), (toy.TAG, "--run", "1")])
def test_a_revision_or_a_run_is_named(project, vidpipe, words):
    assert "expected a revision or --run ID" in vidpipe("reproduce", *words, code=1).output
