import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from support import untaught_models
from torch.nn.functional import cosine_similarity

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
    "job",
    [
        DIGITS,
        replace(DIGITS, walk=9, seed=3),
        replace(CLIPS, label="jack", suffix=".gif", fps=7),
        replace(CLIPS, walk=5, suffix=".mp4", model="mocogan", frames=12, group="ann"),
        replace(CLIPS, model="convlstm_gan", image=Path("a red one.png")),
    ],
    ids=lambda job: f"{job.model}{job.suffix}",
)
def test_the_command_of_a_job_makes_its_bytes(vidpipe, job):
    out = f"an out{job.suffix}"
    vidpipe(*shlex.split(shlex.join(job.words(out)))[1:])
    assert Path(out).read_bytes() == job.make().file


@pytest.mark.parametrize(("psnr", "told"), [(17.9, True), (18.0, False)])
def test_a_picture_that_clips_do_not_begin_with_is_told_of(monkeypatch, psnr, told):
    monkeypatch.setattr("vidpipe.evaluation.clip_measures.first_frame_psnr", lambda *_: psnr)
    made = replace(CLIPS, model="convlstm_gan", image=Path("a red one.png")).make()
    assert ("a red one.png: unlike the pictures" in made.note) == told
    assert CLIPS.make().note == ""


@pytest.mark.parametrize("job", [CLIPS, DIGITS], ids=lambda job: job.model)
def test_each_step_of_a_walk_is_another(job):
    made = [replace(job, walk=walk).make().file for walk in (0, 1, WALK // 2)]
    assert len(set(made)) == 3


@pytest.mark.parametrize(
    ("model", "group"), [("gan3d", None), ("mocogan", None), ("mocogan", "ann")]
)
def test_names_stay_all_the_way_and_the_rest_goes_small_steps(monkeypatch, model, group):
    seen, others = [], []

    def sample(sampler, noise, pictures):
        seen.append(noise[:, : 4 if group else 2])
        others.append(noise[:, 2:])
        raise UserError("seen")

    monkeypatch.setattr("vidpipe.models.clip_sampling.ClipSampler.__call__", sample)
    for walk in (0, 1, 18):
        with pytest.raises(UserError, match="seen"):
            replace(CLIPS, model=model, group=group, label="walk", walk=walk).make()
    assert all((code == seen[0]).all() for code in seen)
    assert cosine_similarity(others[0], others[1]).min() > 0.9
    assert cosine_similarity(others[0], others[2]).max() < 0.9


def test_there_is_no_walk_of_a_clip_that_goes_on_from_itself(tmp_path):
    weights = untaught_models.save(tmp_path, "convlstm_gan", encoder=0) / "convlstm_gan"
    job = replace(CLIPS, model="convlstm_gan", image=Path("a red one.png"), weights=weights)
    job = replace(job, frames=12, walk=1)
    with pytest.raises(UserError, match="makes clips of 8 frames on a walk"):
        job.make()
