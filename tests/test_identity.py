import shutil

import psutil
import pytest
from kedro.pipeline import node
from project import ROOT

from vidpipe.identity import forced, identity
from vidpipe.pipelines.mlp_gan.train import train_mlp_gan

PARAMS = {
    "params:mlp_gan.train": {"steps": 7, "learning_rate": 0.1},
    "params:runtime": {"device": "cpu", "determinism": "portable"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identity")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "digits.npz").write_bytes(b"digits")
    return folder


def of(project, params=PARAMS):
    training = node(train_mlp_gan, list("abcdef"), "model", name="mlp_gan_train")
    return identity(project, training, params, {"digits": project / "digits.npz"})


def test_it_depends_on_code_parameters_and_data_alone(project, tmp_path):
    first = of(project)
    assert of(project) == first
    elsewhere = tmp_path / "other"
    shutil.copytree(project, elsewhere)
    assert of(elsewhere) == first
    (elsewhere / "src/vidpipe/models/dcgan.py").write_text("another model's")
    assert of(elsewhere) == first
    for file in ("digits.npz", "src/vidpipe/training/losses.py"):
        old = (elsewhere / file).read_bytes()
        (elsewhere / file).write_bytes(old + b"\n")
        assert of(elsewhere) != first
        (elsewhere / file).write_bytes(old)
        assert of(elsewhere) == first
    other = PARAMS | {"params:mlp_gan.train": {"steps": 8, "learning_rate": 0.1}}
    assert of(project, other) != first


def test_what_is_bound_to_a_machine_is_taken_up_on_such_a_one_alone(project, monkeypatch):
    machine = PARAMS | {"params:runtime": {"device": "cpu", "determinism": "machine"}}
    first = {name: of(project, params) for name, params in (("p", PARAMS), ("m", machine))}
    monkeypatch.setattr("vidpipe.identity.device", lambda chosen: "cpu: another")
    assert of(project, PARAMS) == first["p"]
    assert of(project, machine) != first["m"]


class Process:
    """One with so many ancestors, nearest first."""

    def __init__(self, *lines):
        self.lines = lines

    def parents(self):
        return [Process(line) for line in self.lines]

    def cmdline(self):
        if self.lines[0] == "gone":
            raise psutil.NoSuchProcess(1)
        return self.lines[0].split()


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        (True, "python /bin/dvc repro --force"),
        (True, "python /bin/dvc repro -f pix2pix_evaluate"),
        (True, "python -m dvc repro -sf"),
        (True, "dvc exp run -S a.b=3 --force --no-run-cache"),
        (False, "python /bin/dvc repro"),
        (False, "python /bin/dvc exp run -n force"),
        (False, "python /bin/dvc repro --force-downstream"),
        (False, "rm -f dvc"),
    ],
)
def test_dvc_forces_a_stage_by_a_word_of_its_command(monkeypatch, expected, command):
    monkeypatch.setenv("DVC_STAGE", "pix2pix_train")
    monkeypatch.setattr(psutil, "Process", lambda: Process("gone", "sh -c kedro", command, "sh -f"))
    assert forced() == expected
    monkeypatch.delenv("DVC_STAGE")
    assert not forced()
