from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from support import footage, untaught_models

from vidpipe.models.pix2pix import make_generator
from vidpipe.serving.prediction import Prediction
from vidpipe.training import weights


@pytest.mark.parametrize(
    "job",
    [
        Prediction(suffix=".gif", image=Path("me.png"), steps=3),
        Prediction(suffix=".mp4", video=Path("clip.mp4"), start=0.1, steps=3, fps=9),
        Prediction(suffix=".mp4", video=Path("clip.mp4"), steps=2, weights=Path("other/pix2pix")),
        Prediction(suffix=".gif", image=Path("me.png"), weights=Path("several"), futures=2, seed=5),
    ],
    ids=["picture", "video", "weights", "futures"],
)
def test_the_command_of_a_job_makes_its_bytes(vidpipe, tmp_path, monkeypatch, job):
    monkeypatch.chdir(tmp_path)
    for home in ("data/06_models", "other"):
        untaught_models.save(tmp_path / home, "pix2pix")
    facts = untaught_models.PIX2PIX | {"history": 2, "motion": "flow", "latent": 2}
    Path("several").mkdir()
    generator = untaught_models.hearing(make_generator(**facts))
    weights.save(generator, Path("several/generator.safetensors"), facts)
    frames = footage.numbered(6, 64, 64)
    footage.write(tmp_path / "clip.mp4", frames, fps=30)
    Image.fromarray(frames[0]).save("me.png")
    vidpipe(*job.words(f"out{job.suffix}")[1:])
    assert Path(f"out{job.suffix}").read_bytes() == job.make().file
    if job.seed:
        assert replace(job, seed=0).make().file != job.make().file
