import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from support import untaught_models

from vidpipe.serving.generation import WALK, Generation
from vidpipe.utils.errors import UserError

CLIPS = Generation(model="gan3d", suffix=".png", count=2, tile=28)
DIGITS = Generation(model="dcgan", suffix=".png", count=2, tile=28)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    untaught_models.save(folder / "data/06_models")
    Image.new("RGB", (40, 32), "red").save(folder / "a red one.png")
    return folder


@pytest.fixture(autouse=True)
def _there(home, monkeypatch):
    monkeypatch.chdir(home)


@pytest.mark.parametrize(
    "wish",
    [
        DIGITS,
        replace(DIGITS, walk=9, seed=3),
        replace(CLIPS, label="jack", suffix=".gif", fps=7),
        replace(CLIPS, walk=5, suffix=".mp4", model="mocogan", frames=12),
        replace(CLIPS, model="convlstm_gan", image=Path("a red one.png")),
    ],
    ids=lambda wish: f"{wish.model}{wish.suffix}",
)
def test_the_command_of_a_wish_makes_its_bytes(vidpipe, wish):
    out = f"an out{wish.suffix}"
    vidpipe(*shlex.split(shlex.join(wish.words(out)))[1:])
    assert Path(out).read_bytes() == wish.make()


@pytest.mark.parametrize("wish", [CLIPS, DIGITS], ids=lambda wish: wish.model)
def test_each_step_of_a_walk_is_another(wish):
    made = [replace(wish, walk=walk).make() for walk in (0, 1, WALK // 2)]
    assert len(set(made)) == 3


def test_a_label_stays_all_the_way(monkeypatch):
    seen = []

    def sample(sampler, noise, pictures):
        seen.append(noise[:, :2])
        raise UserError("seen")

    monkeypatch.setattr("vidpipe.models.clip_sampling.ClipSampler.__call__", sample)
    for walk in (0, 7, 18):
        with pytest.raises(UserError, match="seen"):
            replace(CLIPS, label="walk", walk=walk).make()
    assert all((code == seen[0]).all() for code in seen)


def test_there_is_no_walk_of_a_clip_that_goes_on_from_itself():
    wish = replace(CLIPS, model="convlstm_gan", image=Path("a red one.png"), frames=12, walk=1)
    with pytest.raises(UserError, match="makes clips of 8 frames on a walk"):
        wish.make()
