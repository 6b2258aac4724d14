import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save
from support import hostile_files as hostile
from torch import nn

from vidpipe.training import weights
from vidpipe.utils.errors import UserError


def test_weights_and_facts_survive_a_file(tmp_path):
    network, copy = nn.Linear(3, 2), nn.Linear(3, 2)
    weights.save(network, tmp_path / "w.safetensors", {"b": 1, "a": [2]})
    weights.load(copy, tmp_path / "w.safetensors")
    assert torch.equal(copy.weight, network.weight)
    assert weights.architecture(tmp_path / "w.safetensors") == {"a": [2], "b": 1}


def test_the_bytes_depend_on_weights_and_facts_alone(tmp_path):
    network = nn.Linear(3, 2)
    weights.save(network, tmp_path / "one", {"a": 1, "b": 2})
    weights.save(network, tmp_path / "other", {"b": 2, "a": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_missing_file_says_train_first(tmp_path):
    with pytest.raises(UserError, match=r"gone.*train first"):
        weights.architecture(tmp_path / "gone")


def test_hostile_weights_run_nothing_and_are_refused(tmp_path):
    mark, path = tmp_path / "ran", tmp_path / "generator.safetensors"
    torch.save(hostile.Bomb(mark), tmp_path / "torch")
    for data in (
        hostile.pickled(mark),
        (tmp_path / "torch").read_bytes(),
        (2**62).to_bytes(8, "little") + b"{}",
        b"",
        *(save({}, {weights.KEY: note}) for note in ("", "[", "7", "[1]", "null", '"exit()"')),
        save({}, {"another": "{}"}),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"weights that vidpipe wrote.*train again"):
            weights.build(nn.Linear, path)
    path.write_bytes(save({}, {weights.KEY: '{"__class__": "os.system"}'}))
    with pytest.raises(UserError, match=r"expected weights of linear, .*train again"):
        weights.build(nn.Linear, path)
    assert not mark.exists()


@pytest.mark.parametrize("architecture", [{"in_features": -3}, {"in_features": 10**30}])
def test_facts_that_build_no_network_are_refused(tmp_path, architecture):
    (tmp_path / "w").write_bytes(
        save({}, {weights.KEY: json.dumps({"out_features": 2} | architecture)})
    )
    with pytest.raises(UserError, match=r"expected weights of linear, .*train again"):
        weights.build(nn.Linear, tmp_path / "w")


def test_no_network_is_made_that_is_larger_than_the_file_says(tmp_path):
    architecture = {"in_features": 10**8, "out_features": 10**8}
    weights.save(nn.Linear(3, 2), tmp_path / "w", architecture)
    with pytest.raises(UserError, match=r"do not fit.*train again"):
        weights.build(nn.Linear, tmp_path / "w")


def test_weights_of_another_shape_are_refused(tmp_path):
    weights.save(nn.Linear(3, 2), tmp_path / "w", {})
    with pytest.raises(UserError, match=r"do not fit.*train again"):
        weights.load(nn.Linear(4, 2), tmp_path / "w")


def test_a_shipped_model_is_built_without_torchs_compiler():
    # Its import takes longer than to generate.
    code = """
import sys
from vidpipe.models import convlstm_gan, mocogan
from vidpipe.serving.store import HOMES
from vidpipe.training import weights
for model in (convlstm_gan, mocogan):
    name = model.__name__.rsplit(".", 1)[1]
    weights.build(model.Generator, HOMES["shipped"] / name / "generator.safetensors")
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
