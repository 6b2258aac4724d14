import inspect
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
from support import stages

from vidpipe.models import gan3d
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines import devices
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.pipelines.devices import on_devices
from vidpipe.pipelines.prediction.train import train_pix2pix
from vidpipe.reproduction.code import code_of
from vidpipe.utils.errors import UserError


def told(train, runtime, scratch):
    return (train, runtime, scratch)


def runtime(count, **changes):
    return stages.RUNTIME.model_copy(update={"devices": count, **changes})


def train(batch):
    return stages.params("dcgan", batch=batch).train


def test_one_device_is_no_other_process(tmp_path):
    given = (train(4), runtime(1), tmp_path)
    assert on_devices(told)(*given) == given


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"^train.batch: .* runtime.devices, 3, got 4; [^\n]*$"):
        on_devices(told)(train=train(4), runtime=runtime(3), scratch=tmp_path)


def test_more_devices_than_there_are_gpus_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(devices.torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match=r"^runtime.devices: expected 2 CUDA devices here, found 1"):
        on_devices(told)(train(4), runtime(2, device="cuda"), tmp_path)


def test_machines_must_share_the_devices(tmp_path, monkeypatch):
    monkeypatch.setenv(devices.MACHINES, "3")
    with pytest.raises(UserError, match=r"^runtime.devices: .* PET_NNODES, 3, got 4$"):
        on_devices(told)(train(4), runtime(4), tmp_path)


@pytest.mark.parametrize("variable", [devices.MACHINE, devices.ADDRESS, devices.PORT])
def test_of_several_machines_each_must_know_its_place(tmp_path, monkeypatch, variable):
    settings = {
        devices.MACHINES: "2",
        devices.MACHINE: "0",
        devices.ADDRESS: "x",
        devices.PORT: "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(variable)
    with pytest.raises(UserError, match=f"^{variable}: expected .*; [^\n]*$"):
        on_devices(told)(train(4), runtime(4), tmp_path)


@pytest.mark.parametrize("node", [train_pix2pix, *map(make_train_node, CLIP_GANS)])
def test_another_process_makes_the_same_node(node, tmp_path, monkeypatch):
    launched = []
    monkeypatch.setattr(devices, "_launched", lambda *given: launched.append(given[0]) or tmp_path)
    blocks = dict.fromkeys(inspect.signature(node).parameters)
    node(**blocks | {"train": train(4), "runtime": runtime(2)})
    made = pickle.loads(pickle.dumps(launched[0]))()
    assert made.__qualname__ == node.__qualname__
    assert code_of(made) == code_of(node)


def test_a_node_is_of_the_code_of_its_model():
    assert "src/vidpipe/models/gan3d.py" in code_of(make_train_node(gan3d))


def forked(value):
    return pickle.loads(bytes(ForkingPickler.dumps(value)))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_mapped_file_is_mapped_again_by_another_process(tmp_path, order):
    ForkingPickler.register(np.memmap, devices._mapped_again)
    made = np.memmap(tmp_path / "numbers", np.int16, "w+", 4, (3, 2), order)
    made[:] = np.arange(6).reshape(3, 2)
    made.flush()
    given = forked(made)
    assert isinstance(given, np.memmap)
    assert (given == made).all()
    assert not given.flags.writeable
    part = forked(made[1:])
    assert (part == made[1:]).all()
