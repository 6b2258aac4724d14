from pathlib import Path

import pytest
from support import untaught_models

from vidpipe.serving import mlflow_model, onnx_model


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """What was exported, in a folder with one trained model."""
    monkeypatch.chdir(tmp_path)
    untaught_models.save(tmp_path / "data/06_models", "gan3d")
    seen = []
    monkeypatch.setattr(mlflow_model, "export", lambda *order: seen.append(order))
    monkeypatch.setattr(onnx_model, "export", lambda *order: seen.append(order))
    return seen


def test_weights_of_the_tree_are_exported(vidpipe, exported):
    folder = Path("data/06_models/gan3d")
    assert "out: gan3d, as mlflow" in vidpipe("export", "gan3d", "--out", "out").output
    vidpipe("export", "gan3d", "--format", "onnx", "--out", "a.onnx")
    assert exported == [
        ("gan3d", [folder / "generator.safetensors"], Path("out")),
        ("gan3d", folder, Path("a.onnx")),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vgan", "--out", "x"], "`dvc repro vgan_train` trains vgan"),
        (["gan3d", "--out", "data"], "expected an empty folder"),
        (["gan3d", "--out", "file"], "is a file"),
        (["gan3d", "--out", "x", "--format", "onnx"], "expected a name that ends in .onnx"),
    ],
)
def test_what_is_wrong_is_told(vidpipe, exported, words, message):
    Path("file").touch()
    assert message in vidpipe("export", *words, code=1).output
    assert not exported
