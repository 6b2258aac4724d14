import re
from collections.abc import Callable
from pathlib import Path

import av
import pytest
import torch
from click.testing import Result
from PIL import Image
from support import footage, untaught_models

from vidpipe.models.flow_generator import FlowGenerator
from vidpipe.models.pix2pix import make_generator
from vidpipe.models.pixels import to_uint8
from vidpipe.models.windows import Past
from vidpipe.training import weights

Command = Callable[..., Result]
SMALL = {"size": 64, "channels": 3, "width": 2, "dropout": 0.0, "residual": True}
PAINTING = SMALL | {"history": 1, "motion": "none"}
MOVING = SMALL | {"history": 4, "motion": "flow"}


@pytest.fixture
def predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vidpipe: Command) -> Command:
    """The command, with weights that have learnt nothing, in a folder with a video and a picture.

    The video has 20 frames, 30 in a second. `weights` are of a model that paints, `moving` of one
    that looks at four frames, `several` of one that knows several futures too.
    """
    models = {"weights": PAINTING, "moving": MOVING, "several": MOVING | {"latent": 2}}
    for name, facts in models.items():
        torch.manual_seed(0)
        (tmp_path / name).mkdir()
        generator = make_generator(**facts)
        if name == "several":
            untaught_models.hearing(generator)
        weights.save(generator, tmp_path / name / "generator.safetensors", facts)
    frames = footage.numbered(20, 64, 64)
    footage.write(tmp_path / "clip.mp4", frames, fps=30)
    Image.fromarray(frames[0]).save(tmp_path / "me.png")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0, model: str = "weights") -> Result:
        return vidpipe("predict", "--weights", model, "--steps", "5", *arguments, code=code)

    return run


def film(path: str) -> tuple[float, int, int]:
    """Frames per second, number of frames and width."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        return float(stream.average_rate), sum(1 for _ in container.decode(video=0)), stream.width


def test_a_video_is_continued_at_its_own_rate_three_times_as_large(predict: Command):
    said = predict("--video", "clip.mp4").output
    assert film("out.mp4") == (30, 6, 3 * 64 + 12)
    assert (
        "the last real frame, then 5 predicted, 30 per second, 64x64 shown 3 times as large" in said
    )


def test_several_futures_stand_side_by_side(predict: Command):
    films = []
    for seed in ((), ("--seed", "0"), ("--seed", "1")):
        said = predict("--video", "clip.mp4", "--futures", "3", *seed, model="several").output
        assert "5 predicted, 3 times, 30 per second" in said
        assert film("out.mp4") == (30, 6, 3 * 3 * 64 + 24)
        films.append(Path("out.mp4").read_bytes())
    assert films[0] == films[1] != films[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--futures", "2"), "knows one future, for it was trained without noise"),
        (("--seed", "1"), "--seed is of the noise of several futures: set --futures"),
        (("--futures", "8", "--steps", "9999"), "expected 10000 frames at most, got 79992"),
    ],
)
def test_what_no_future_can_be_made_of_is_said(predict: Command, options, message):
    said = predict("--video", "clip.mp4", *options, code=1, model="moving").output
    assert message in said
    assert not Path("out.mp4").exists()


def test_where_the_video_goes_on_its_frames_stand_beside(predict: Command):
    said = predict("--video", "clip.mp4", "--from", "0.61").output
    assert film("out.mp4") == (30, 6, 2 * 3 * 64 + 18)
    assert "5 predicted, 1 of them beside the real ones, 30 per second" in said


def test_a_picture_has_no_rate_and_no_truth(predict: Command):
    predict("--image", "me.png")
    assert film("out.mp4") == (25, 6, 3 * 64 + 12)


def test_another_rate_may_be_told(predict: Command):
    predict("--video", "clip.mp4", "--fps", "10", "--out", "a new/folder/out.mp4")
    assert film("a new/folder/out.mp4")[0] == 10


def test_a_gif_takes_as_long(predict: Command):
    predict("--video", "clip.mp4", "--out", "out.gif")
    with Image.open("out.gif") as gif:
        shown = [gif.seek(n) or gif.info["duration"] for n in range(gif.n_frames)]
    assert sum(shown) == 6 * 1000 / 30


def test_one_picture_is_history_enough(predict: Command):
    said = predict("--image", "me.png", model="moving").output
    assert film("out.mp4") == (25, 6, 3 * 64 + 12)
    assert "the last real frame, then 5 predicted" in said


def test_a_video_of_fewer_frames_than_the_history_is_continued(predict: Command):
    footage.write(Path("short.mp4"), footage.numbered(2, 64, 64), fps=30)
    said = predict("--video", "short.mp4", model="moving").output
    assert film("out.mp4") == (30, 6, 3 * 64 + 12)
    assert "the last real frame, then 5 predicted, 30 per second" in said


def test_the_frames_before_the_start_are_the_history(
    predict: Command, monkeypatch: pytest.MonkeyPatch
):
    windows = []

    def begin(generator: FlowGenerator, window: torch.Tensor) -> Past:
        windows.append(window)
        return begun(generator, window)

    begun = FlowGenerator.begin
    monkeypatch.setattr(FlowGenerator, "begin", begin)
    for start in ("0.34", "0.04"):
        predict("--video", "clip.mp4", "--from", start, model="moving")
    first, early = (to_uint8(window[0]).permute(0, 2, 3, 1).numpy() for window in windows)
    assert footage.numbers(first) == [7, 8, 9, 10]
    assert footage.numbers(early) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--video", "me.png"), r"me.png: expected a video, .*picture.* goes with --image"),
        (("--video", "me.png", "--fps", "9"), r"me.png: expected a video, .* goes with --image"),
        (("--image", "clip.mp4"), r"clip.mp4: expected a picture, .*\(a video goes with --video\)"),
        (("--video", "films"), r"films: expected a video, .* of a folder of videos name one\)"),
        (("--video", "none.mp4"), r"none.mp4: expected a video, found no such file"),
    ],
)
def test_what_was_given_as_another_thing_is_told(predict: Command, options, message):
    Path("films").mkdir()
    Path("films/a.mp4").touch()
    assert re.search(message, predict(*options, code=1).output)
