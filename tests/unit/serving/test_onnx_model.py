import sys

import numpy as np
import pytest
import torch
from support import untaught_models
from support.project import run

from vidpipe.serving import onnx_model
from vidpipe.utils.errors import UserError

MODELS = ["gan3d", "vgan", "convlstm_gan", "mocogan", "dcgan", "mlp_gan", "pix2pix"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return untaught_models.save(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("model", MODELS)
def test_the_graph_is_of_one_sample_and_of_pixels(home, model):
    network, inputs, _ = onnx_model.graph(model, home / model)
    with torch.no_grad():
        made = network(*inputs.values())
    assert len(made) == 1
    assert made.abs().max() < 1.001


def test_without_its_packages_the_extra_is_named(home, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'vidpipe\[onnx\]'"):
        onnx_model.export("gan3d", home / "gan3d", tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_onnxruntime_makes_the_same_pictures(home, tmp_path, model):
    reason = "the extra vidpipe[onnx] is not installed"
    runtime = pytest.importorskip("onnxruntime", reason=reason)
    for name in onnx_model.NEEDED:
        pytest.importorskip(name, reason=reason)

    # In a process of its own: the exporter cannot read functions whose types are checked.
    words = ["export", model, "--format=onnx", f"--weights={home / model}", "--out=model.onnx"]
    run(tmp_path, sys.executable, "-m", "vidpipe", *words)
    network, inputs, result = onnx_model.graph(model, home / model)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"), options)
    fed = {name: value.numpy() for name, value in inputs.items()}
    (made,) = session.run([result], fed)
    with torch.no_grad():
        expected = network(*inputs.values()).numpy()

    # A tenth of the step from one byte to the next.
    np.testing.assert_allclose(made, expected, atol=0.1 * 2 / 255)
