import shutil

import pytest
from kedro.pipeline import node
from support.project import ROOT

from vidpipe.models import mlp_gan
from vidpipe.pipelines.digits.train import make_train_node
from vidpipe.reproduction.code import INSTALLED
from vidpipe.reproduction.identity import identity

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
    training = node(make_train_node(mlp_gan), list("abcdefg"), "model", name="mlp_gan_train")
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
    monkeypatch.setattr("vidpipe.reproduction.identity.device", lambda chosen: "cpu: another")
    assert of(project, PARAMS) == first["p"]
    assert of(project, machine) != first["m"]


def test_without_code_it_depends_on_the_package_that_is_named(tmp_path):
    (tmp_path / "digits.npz").write_bytes(b"digits")
    (tmp_path / INSTALLED).write_text("vidpipe 1")
    first = of(tmp_path)
    (tmp_path / INSTALLED).write_text("vidpipe 1.1")
    assert of(tmp_path) != first
