import hashlib
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from support import detectors
from support import moving_clips as moving
from support.clip_generators import CHANNELS, Blocks, FromPicture, InParts

from vidpipe.config.models import ClipGanEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.evaluation import fvd
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.pipelines.clips.evaluate import make_evaluate_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Of a model that says it has trained, and of a classifier that has not."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "history.csv").write_text("step,generator\n1,0.5\n")
    torch.manual_seed(0)
    built = {"classes": len(moving.ACTIONS), "channels": CHANNELS}
    weights.save(ActionClassifier(**built), folder / "classifier.safetensors", built)
    return {"model": folder, "classifier": folder}


def evaluated(generator, folders, scratch, clips=None, fvd_weights=None):
    scratch.mkdir(exist_ok=True)
    weights.save(generator, folders["model"] / "generator.safetensors", generator.arguments)
    network = SimpleNamespace(__name__="vidpipe.models.gan3d", Generator=type(generator))
    return make_evaluate_node(network)(
        clips=moving.packed() if clips is None else clips,
        evaluate=ClipGanEvaluate(samples=24, seed=0, fvd_weights=fvd_weights),
        runtime=RUNTIME,
        tracker=NullTracker(),
        scratch=scratch,
        **folders,
    )


@pytest.fixture(scope="module")
def done(folders, tmp_path_factory):
    return evaluated(Blocks(), folders, tmp_path_factory.mktemp("done"))


def test_scores_are_finite_and_stand_beside_their_baselines(done):
    numbers = {name: number for name, number in done[0].items() if name != "protocol"}
    wanted = ["frechet_frames", "frechet_diff", "frechet_diff_gated", "frechet_actions"]
    wanted += [f"{name}_floor" for name in wanted] + [f"{name}_copy_first" for name in wanted]
    wanted += ["motion_ratio", "freezing_rate", "freezing_rate_real", "flicker", "flicker_real"]
    wanted += ["motion_ratio_06", "motion_ratio_25", "background_drift", "actor_drift_real"]
    wanted += ["diversity", "nearest_train", "actions_covered", "confident_share", "samples"]
    assert set(wanted) <= set(numbers)
    assert all(math.isfinite(number) for number in numbers.values())
    assert numbers["motion_ratio"] > 0.1
    assert "first_frame_psnr" not in numbers
    json.dumps(done[0])


def test_the_protocol_says_what_was_scored_against_what_and_by_whom(done, folders):
    file = folders["classifier"] / "classifier.safetensors"
    assert done[0]["protocol"] == {
        "split": "train",
        "real": done[0]["seen"],
        "held_out": done[0]["held_out"],
        "samples": 24,
        "seed": 0,
        "frames": 8,
        "fps": 12.5,
        "size": 16,
        "feature_seed": 0,
        "classifier_md5": hashlib.md5(file.read_bytes()).hexdigest(),
    }


def test_the_headlines_are_few_of_the_metrics_and_say_who_scored(done):
    metrics, headlines, *_ = done
    assert headlines["motion"] == metrics["motion_ratio"]
    assert headlines["frozen_baseline"] == metrics["freezing_rate_copy_first"] == 1
    assert headlines["protocol"] == {"classifier_md5": metrics["protocol"]["classifier_md5"]}


def test_samples_are_a_wall_a_sheet_a_walk_real_beside_made_and_arrays(done):
    *_, plots, samples = done
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
    numbers, headlines, _, samples = evaluated(Blocks(), folders, tmp_path)
    assert (numbers, headlines) == done[:2]
    for path in samples.iterdir():
        assert path.read_bytes() == (done[3] / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("generator", "own"),
    [(FromPicture(), {"one_image.gif"}), (InParts(), {"parts.gif", "parts.png"})],
)
def test_what_a_generator_alone_can_show_is_drawn(folders, tmp_path, generator, own):
    *_, samples = evaluated(generator, folders, tmp_path)
    assert own <= {path.name for path in samples.iterdir()}


def test_clips_shorter_than_the_models_are_refused(folders, tmp_path):
    with pytest.raises(UserError, match=r"clips\.frames: expected clips of at least the 16 frames"):
        evaluated(Blocks(frames=16), folders, tmp_path, moving.packed(frames=8))


def test_clips_that_are_unsound_are_refused(folders, tmp_path):
    clips = moving.packed()
    clips["fps"][3] = np.nan
    with pytest.raises(UserError, match=r"clips\.npz, fps: expected finite numbers above 0"):
        evaluated(Blocks(), folders, tmp_path, clips)


def test_clips_of_one_video_are_refused(folders, tmp_path):
    with pytest.raises(UserError, match="of 1 videos"):
        evaluated(Blocks(), folders, tmp_path, moving.packed(videos=1))


def test_fvd_is_measured_where_it_is_asked_for(folders, tmp_path, monkeypatch, done):
    path = detectors.installed(tmp_path, monkeypatch)
    long, *_ = evaluated(Blocks(frames=16), folders, tmp_path / "long", fvd_weights=path)
    assert min(long[name] for name in ("fvd", "fvd_held_out", "fvd_floor")) > 0
    assert long["protocol"]["fvd_sha256"] == fvd.SHA256
    assert not [name for name in (*done[0], *done[0]["protocol"]) if "fvd" in name]


def test_grey_clips_are_scored_and_shown(tmp_path, folders):
    built = {"classes": len(moving.ACTIONS), "channels": 1}
    weights.save(ActionClassifier(**built), tmp_path / "classifier.safetensors", built)
    grey = folders | {"classifier": tmp_path}
    *_, samples = evaluated(
        Blocks(channels=1), grey, tmp_path / "scratch", moving.packed(channels=1)
    )
    with Image.open(samples / "samples.png") as page:
        assert page.mode == "RGB"
