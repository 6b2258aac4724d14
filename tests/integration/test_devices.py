"""A training on two devices, here two processes of the CPU, is that of one."""

import os
import re
import socket
import subprocess
import sys

import pandas as pd
import pytest
from support import device_trainings as games
from support.project import ROOT, copy, mlflow_runs, run

from vidpipe.config.loader import check, read
from vidpipe.pipelines import devices
from vidpipe.pipelines.clips import walk
from vidpipe.tracking.mlflow_tracker import MlflowTracker
from vidpipe.training.checkpoint import FILES
from vidpipe.utils.errors import UserError

pytestmark = pytest.mark.slow
PARAMS = check(read(ROOT / "params.yaml"))
GENERATOR = "loss/generator"
BATCH_NORM = {"norm": "batch"}
CLOSE = 1e-5
# A constant that a norm takes away again has no gradient but rounding, which Adam scales up.
IDLE = re.compile(r"generator\.volume\.layers\.([258]\.bias|[369]\.running_mean)")


def history(folder):
    return pd.read_csv(folder / "history.csv")


def furthest(one, other, but=re.compile("$^")):
    """The largest difference of two weights of the same name."""
    one, other = games.weights(one), games.weights(other)
    assert one.keys() == other.keys()
    return max((one[name] - other[name]).abs().max().item() for name in one if not but.match(name))


def test_two_processes_learn_what_one_does(tmp_path):
    one = games.train("gan3d", 1, tmp_path / "one")
    two = games.train("gan3d", 2, tmp_path / "two")
    assert (history(one) - history(two)).abs().max().max() <= CLOSE
    assert furthest(one, two, but=IDLE) <= CLOSE
    assert {path.name for path in one.rglob("*")} == {path.name for path in two.rglob("*")}


def test_the_walk_goes_on_in_the_first_of_two_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "CLIPS", 16)
    gan = games.train("mocogan", 2, tmp_path / "gan", walk_steps=0)
    both = games.train("mocogan", 2, tmp_path / "both")
    one, other = games.weights(gan), games.weights(both)
    moved = {name for name in one if not one[name].equal(other[name])}
    assert moved == {name for name in one if name.startswith("generator.walk.")}


@pytest.mark.parametrize(
    ("game", "model"),
    [("gan3d", BATCH_NORM), ("mocogan", {}), ("convlstm_gan", {}), ("dcgan", {}), ("pix2pix", {})],
)
def test_in_double_precision_no_weight_is_another_with_batch_norm_too(tmp_path, game, model):
    one = games.train(game, 1, tmp_path / "one", node=games.in_double, model=model)
    two = games.train(game, 2, tmp_path / "two", node=games.in_double, model=model)
    assert (history(one) - history(two)).abs().max().max() <= CLOSE
    assert furthest(one, two) <= CLOSE


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_a_lost_process_costs_the_steps_since_the_last_checkpoint_and_no_bit(tmp_path):
    changes = {"steps": 8, "report_every": 2, "sample_every": 4}
    whole = games.train("dcgan", 2, tmp_path / "whole", node=games.saving, **changes)
    project = tmp_path / "project"
    tracker = MlflowTracker(root=project, project=project, params=PARAMS)
    broken = games.train(
        "dcgan", 2, project, node=games.losing_one, tracker=tracker, **changes
    )  # fmt: skip
    for path in whole.rglob("*.*"):
        assert path.read_bytes() == (broken / path.relative_to(whole)).read_bytes()

    # One training, whatever became of its processes.
    [run] = tracker.client.search_runs(
        [n.experiment_id for n in tracker.client.search_experiments()]
    )
    assert run.info.status == "FINISHED"
    steps = [point.step for point in tracker.client.get_metric_history(run.info.run_id, GENERATOR)]
    assert steps == [2, 4, 6, 8]
    assert len(list((project / "kept").glob("*.safetensors"))) == FILES


def test_a_mistake_of_the_user_is_said_in_a_line_as_with_one_process(tmp_path):
    with pytest.raises(UserError, match=r"process \d or another: refused"):
        games.train("dcgan", 2, tmp_path, node=games.refusing)


def test_of_two_machines_the_first_has_the_result_and_the_other_ends(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {devices.MACHINES: "2", devices.ADDRESS: "127.0.0.1", devices.PORT: port}
    for name, value in (place | {devices.MACHINE: "0"}).items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, games.__file__, "dcgan", "2", str(tmp_path / "other")]
    environment = {**os.environ, devices.MACHINE: "1"}
    with subprocess.Popen(command, env=environment) as other:
        folder = games.train("dcgan", 2, tmp_path / "first")
    assert other.returncode == 0
    assert (folder / "generator.safetensors").is_file()
    assert not (tmp_path / "other" / folder.name).exists()


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_a_stage_of_kedro_trains_on_two_devices_and_keeps_one_row_and_one_model(tmp_path):
    project = copy(tmp_path)
    run(project, "kedro", "run", "--pipelines=digits")
    devices = "--params=runtime.devices=2"
    refused = run(project, "kedro", "run", "--pipelines=mlp_gan_train",
                  "--params=runtime.devices=3", code=1)  # fmt: skip
    assert "train.batch: expected a multiple of runtime.devices, 3, got" in refused
    told = run(project, "kedro", "run", "--pipelines=mlp_gan_train", devices)
    assert "training on 2 devices, 2 of them here" in told
    assert (project / "data/06_models/mlp_gan/generator.safetensors").is_file()
    _, [row] = mlflow_runs(project, "digits")
    assert row.info.status == "FINISHED"
    assert not list((project / ".vidpipe/checkpoints").glob("*/*.safetensors"))
    assert not list((project / ".vidpipe").glob("work-*"))
