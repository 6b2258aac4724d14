import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from support import moving_clips as moving

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.noise import Prior
from vidpipe.pipelines.clips.evaluate import make_evaluate_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

RUNTIME = Runtime(device="cpu", precision="fp32", threads=1, determinism="portable")
CHANNELS = 3


class Blocks(ClipGenerator):
    """Coloured ground, and before it a block that noise sends on its way."""

    def __init__(self, *, frames=8, side=16, channels=CHANNELS, worth=1.0, labels=()):
        super().__init__()
        self.arguments = {"frames": frames, "side": side, "channels": channels, "worth": worth}
        self.arguments["labels"] = labels
        self.prior = Prior(6, len(labels), tuple(labels))
        self.frames, self.side, self.channels = frames, side, channels
        self.worth = worth

    def forward(self, noise):
        clips = noise[:, :3, None, None, None].tanh()[:, : self.channels] / 2
        clips = clips.repeat(1, 1, self.frames, self.side, self.side) * self.worth
        for clip, (x, y, speed) in zip(clips, noise[:, 3:].tolist(), strict=True):
            for t in range(self.frames):
                left = int(4 * x + 3 * speed * t) % (self.side - 4)
                top = int(4 * y) % (self.side - 4)
                clip[:, t, top : top + 4, left : left + 4] = 1.0
        return clips


class FromPicture(Blocks):
    """The picture, brighter from frame to frame."""

    from_picture = True

    def source(self, noise, pictures):
        return noise, pictures

    def forward(self, source):
        noise, pictures = source
        steps = torch.arange(self.frames).view(1, 1, -1, 1, 1) / 8
        return pictures[:, :, None] + steps * noise[:, :1, None, None, None]


class InParts(Blocks):
    """Made of a black part and itself."""

    def components(self, source):
        return {"black": -torch.ones_like(self(source)), "rest": self(source)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Of a model that says it has trained, and of a classifier that has not."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "history.csv").write_text("step,generator\n1,0.5\n")
    torch.manual_seed(0)
    built = {"classes": len(moving.ACTIONS), "channels": CHANNELS}
    weights.save(ActionClassifier(**built), folder / "classifier.safetensors", built)
    return {"model": folder, "classifier": folder}


def evaluated(generator, folders, scratch, clips=None, samples=24):
    scratch.mkdir(exist_ok=True)
    weights.save(generator, folders["model"] / "generator.safetensors", generator.arguments)
    network = SimpleNamespace(__name__="vidpipe.models.gan3d", Generator=type(generator))
    return make_evaluate_node(network)(
        clips=moving.packed() if clips is None else clips,
        evaluate=FromNoiseEvaluate(samples=samples, seed=0),
        runtime=RUNTIME,
        tracker=NullTracker(),
        scratch=scratch,
        **folders,
    )


@pytest.fixture(scope="module")
def done(folders, tmp_path_factory):
    return evaluated(Blocks(), folders, tmp_path_factory.mktemp("done"))


def test_scores_are_finite_and_those_of_the_issue(done):
    numbers, _, _ = done
    wanted = ["frechet_frames", "frechet_diff", "frechet_actions"]
    wanted += [f"{name}_floor" for name in wanted] + [f"{name}_copy_first" for name in wanted]
    wanted += ["motion_ratio", "freezing_rate", "freezing_rate_real", "flicker", "flicker_real"]
    wanted += ["diversity", "nearest_train", "actions_covered", "confident_share", "samples"]
    assert set(wanted) <= set(numbers)
    assert all(math.isfinite(number) for number in numbers.values())
    assert numbers["motion_ratio"] > 0.1
    assert "first_frame_psnr" not in numbers
    json.dumps(numbers)


def test_samples_are_a_wall_a_sheet_a_walk_real_beside_made_and_arrays(done):
    _, plots, samples = done
    names = {"samples.gif", "samples.mp4", "samples.png", "samples.npz", "walk.gif", "walk.mp4"}
    assert {path.name for path in samples.iterdir()} == names | {"real_and_made.gif"}
    assert {path.name for path in plots.iterdir()} == {"history.csv", "scores.csv"}
    for name in ("samples.gif", "walk.gif", "real_and_made.gif"):
        with Image.open(samples / name) as film:
            assert film.n_frames == 8
    with np.load(samples / "samples.npz", allow_pickle=False) as arrays:
        assert arrays["clips"].shape == (24, 8, 16, 16, 3)
        assert arrays["clips"].dtype == np.uint8


def test_the_same_seed_gives_the_same_bytes(done, folders, tmp_path):
    numbers, _, samples = evaluated(Blocks(), folders, tmp_path)
    assert numbers == done[0]
    for path in samples.iterdir():
        assert path.read_bytes() == (done[2] / path.name).read_bytes(), path.name


def test_a_generator_that_goes_on_from_pictures_is_held_to_them(folders, tmp_path):
    numbers, _, samples = evaluated(FromPicture(), folders, tmp_path)
    assert numbers["first_frame_psnr"] == pytest.approx(58.9, abs=0.1)
    assert numbers["first_frame_psnr_held_out"] == pytest.approx(58.9, abs=0.1)
    assert (samples / "one_image.gif").is_file()


def test_a_generator_whose_noise_names_actions_is_held_to_them(done, folders, tmp_path):
    named = Blocks(labels=moving.ACTIONS)
    numbers, _, _ = evaluated(named, folders, tmp_path)
    assert 0 <= numbers["as_named"] <= numbers["confident_share"]
    assert "as_named" not in done[0]


def test_a_generator_that_makes_parts_shows_them(folders, tmp_path):
    _, _, samples = evaluated(InParts(), folders, tmp_path)
    assert {"parts.gif", "parts.png"} <= {path.name for path in samples.iterdir()}


@pytest.mark.parametrize("worth", [math.nan, math.inf])
def test_what_is_not_finite_never_reaches_metrics(folders, tmp_path, worth):
    with pytest.raises(UserError, match=r"gan3d: its clips hold.*gan3d\.train\.learning_rate"):
        evaluated(Blocks(worth=worth), folders, tmp_path)


def test_clips_shorter_than_the_models_are_refused(folders, tmp_path):
    with pytest.raises(UserError, match=r"clips\.frames: expected clips of at least the 16 frames"):
        evaluated(Blocks(frames=16), folders, tmp_path, moving.packed(frames=8))


def test_clips_of_another_size_than_the_model_makes_are_refused(folders, tmp_path):
    with pytest.raises(UserError, match=r"of 8 x 32 x 32 x 3.*makes 8 x 16 x 16 x 3"):
        evaluated(Blocks(), folders, tmp_path, moving.packed(size=32))


def test_clips_that_are_unsound_are_refused(folders, tmp_path):
    clips = moving.packed()
    clips["fps"][3] = np.nan
    with pytest.raises(UserError, match=r"clips\.npz, fps: expected finite numbers above 0"):
        evaluated(Blocks(), folders, tmp_path, clips)


def test_clips_of_one_video_are_refused(folders, tmp_path):
    with pytest.raises(UserError, match="of 1 videos"):
        evaluated(Blocks(), folders, tmp_path, moving.packed(videos=1))


def test_one_action_alone_is_scored_all_the_same(folders, tmp_path):
    clips = moving.packed()
    clips |= {"label": np.zeros_like(clips["label"]), "labels": np.array(["walk"])}
    numbers, _, _ = evaluated(Blocks(), folders, tmp_path, clips)
    assert all(math.isfinite(number) for number in numbers.values())


def test_more_samples_than_real_clips_and_no_clips_for_testing_will_do(folders, tmp_path):
    clips = moving.packed(videos=4, frames=8, length=9)
    clips |= {"split": np.full(len(clips["split"]), "train")}
    numbers, _, _ = evaluated(Blocks(), folders, tmp_path, clips, samples=40)
    assert numbers["samples"] == 40
    assert not [name for name in numbers if "held_out" in name]


def test_grey_clips_are_scored_and_shown(tmp_path, folders):
    built = {"classes": len(moving.ACTIONS), "channels": 1}
    weights.save(ActionClassifier(**built), tmp_path / "classifier.safetensors", built)
    grey = folders | {"classifier": tmp_path}
    _, _, samples = evaluated(
        Blocks(channels=1), grey, tmp_path / "scratch", moving.packed(channels=1)
    )
    with Image.open(samples / "samples.png") as page:
        assert page.mode == "RGB"
