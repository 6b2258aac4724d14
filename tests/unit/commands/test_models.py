from pathlib import Path

import pytest
from support import untaught_models

from vidpipe.commands import models


@pytest.fixture
def trained(project, monkeypatch):
    """A project with two models, and cards without scores."""
    untaught_models.save(project / "data/06_models", "gan3d", "pix2pix")
    monkeypatch.setattr(models, "card", lambda name, *, half: f"# {name}\n")
    return project


def test_what_is_packed_here_is_got_there(vidpipe, trained, tmp_path, monkeypatch):
    said = vidpipe("models", "pack", "--out", "archive").output
    assert "2 models" in said
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    archive = str(trained / "archive")
    assert "gan3d from" in vidpipe("models", "get", "gan3d", "--from", archive).output
    listed = vidpipe("models", "list", "--from", archive).output.splitlines()
    row = {line.split()[0]: line.split() for line in listed}
    assert row["gan3d"][1:3] == ["fetched", row["gan3d"][3]]
    assert row["pix2pix"][1] == "shipped"
    assert row["pix2pix"][3] != "-"
    assert row["vgan"][1:4] == ["-", "-", "-"]
    assert "dvc repro vgan_train" in " ".join(row["vgan"])

    # Fetched weights are used, and it is said whose they are.
    said = vidpipe("generate", "gan3d", "--count", "1", "--tile", "28", "--out", "x.png").output
    assert ".vidpipe/models/gan3d: fetched weights" in said


def test_only_what_was_named_is_packed(vidpipe, trained):
    vidpipe("models", "pack", "pix2pix", "--half", "--out", "archive")
    assert sorted(path.name for path in Path("archive").iterdir()) == ["index.json", "pix2pix"]


def test_trained_weights_stay_and_go_first(vidpipe, trained):
    before = (trained / "data/06_models/gan3d/generator.safetensors").read_bytes()
    vidpipe("models", "pack", "gan3d", "--half", "--out", "archive")
    said = vidpipe("models", "get", "gan3d", "--from", "archive").output
    assert "trained here, goes before it" in said
    assert (trained / "data/06_models/gan3d/generator.safetensors").read_bytes() == before


def test_nothing_trained_is_told(vidpipe, project):
    assert "expected trained models" in vidpipe("models", "pack", "--out", "a", code=1).output


def test_a_place_without_an_archive_is_told(vidpipe, project):
    for words in (["list"], ["get", "gan3d"]):
        said = vidpipe("models", *words, "--from", "nowhere", code=1).output
        assert "nowhere/index.json: expected a file of `vidpipe models pack`" in said
