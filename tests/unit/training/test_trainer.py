"""Training that was stopped, anywhere, ends as if it never had been."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from support import moving_clips as moving
from support import watched_trainings as watched
from support.project import ROOT

from vidpipe.config.models import FromNoiseTrain, MlpGanModel, VganModel, VganTrain
from vidpipe.config.schema import CLIP_GAN_NAMES, Runtime
from vidpipe.models import mlp_gan as mlp_gan_module
from vidpipe.models import vgan as vgan_module
from vidpipe.pipelines.clips.train import make_train_node as make_clip_node
from vidpipe.pipelines.digits.train import make_train_node as make_digit_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import checkpoint, trainer
from vidpipe.training.health import WARNING_SIGNS, warning_signs
from vidpipe.training.loop import Report
from vidpipe.training.trainer import FEW_STEPS, UNSETTLED, _RunLogger

RUNTIME = Runtime(device="cpu", devices=1, precision="fp32", threads=1, determinism="portable")
TRAIN = {"seed": 0, "steps": 7, "batch": 4, "learning_rate": 2e-3, "beta1": 0.0, "beta2": 0.99}
TRAIN |= {"loss": "relativistic", "r1": 0.2, "r2": 0.2, "penalty_every": 3, "ema": 0.9}
TRAIN |= {"cooldown": 0.5, "report_every": 2, "sample_every": 4}


class Stop(BaseException):
    """Stands for whatever ends a process."""


class Stopping(NullTracker):
    """A tracker that ends training once it was told of a step; `told` keeps what it heard."""

    def __init__(self, at=None):
        self.at, self.told, self.pictures, self.signs = at, [], [], []

    @contextmanager
    def training(self, model, checkpoints):
        yield self

    def metrics(self, values, step):
        self.told.append((step, dict(values)))
        if step == self.at:
            raise Stop

    def picture(self, key, picture, step):
        self.pictures.append(step)

    def files(self, folder): ...

    def warning(self, sign, step):
        self.signs.append((sign, step))

    def weights(self, file): ...


@pytest.fixture(autouse=True)
def _save_at_every_report(monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))
    monkeypatch.setattr(checkpoint, "LEAST", 0.0)


@pytest.fixture(autouse=True)
def _warn_in_short_trainings_too(monkeypatch):
    monkeypatch.setattr(trainer, "FEW_STEPS", 0)


def digits():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    return {"pictures": pictures, "split": np.array(["seen"] * 12)}


def mlp_gan(tracker, scratch, checkpoints, **changes):
    model = MlpGanModel(latent=10, codes=3, dropout=0.25)
    train = FromNoiseTrain(**{**TRAIN, **changes})
    train_mlp_gan = make_digit_node(mlp_gan_module)
    return train_mlp_gan(digits(), model, train, RUNTIME, tracker, checkpoints, scratch)


def vgan(tracker, scratch, checkpoints, **changes):
    model = VganModel(
        latent=10, codes="labels", frames=8, width=16, discriminator_width=4,
        space="pixels", size=None, norm="none", dropout=0.25, frame_discriminator=True,
        groups=False, motion=4, encoder=0, memory=8,
    )  # fmt: skip
    own = {"augment": 0.3, "mirror": True, "mask_weight": 0.1, "ema": 0.0}
    own |= {"reconstruction": 0.0, "walk_steps": 0}
    train = VganTrain(**{**TRAIN, **own, **changes})
    clips = moving.packed(size=32)
    train_vgan = make_clip_node(vgan_module)
    return train_vgan(clips, model, train, RUNTIME, tracker, checkpoints, scratch)


def trained(scratch, tracker=None, kept=None, *, learn=mlp_gan, **changes):
    """The bytes of all files of a model; `kept` is what outlives processes."""
    scratch.mkdir()
    kept = kept or scratch / "checkpoints"
    folder = learn(tracker or NullTracker(), scratch, kept, **changes)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("unbroken") / "work")


def test_a_model_has_its_files(unbroken):
    sheets = {f"sheets/{step:06d}.png" for step in (4, 7)}
    networks = {"generator.safetensors", "discriminator.safetensors"}
    assert unbroken.keys() == {"history.csv"} | sheets | networks


@pytest.mark.parametrize("at", [2, 4, 6, 7])
def test_what_was_stopped_ends_as_if_it_had_not_been(tmp_path, unbroken, at, caplog):
    kept = tmp_path / "kept"
    with pytest.raises(Stop):
        trained(tmp_path / "one", Stopping(at), kept)
    caplog.set_level("INFO")
    assert trained(tmp_path / "two", kept=kept) == unbroken
    told = [record.getMessage() for record in caplog.records if "going on" in record.getMessage()]
    assert len(told) == (at > 2)
    assert all(f"mlp_gan was stopped: going on from step {at - 2 + at % 2} of 7" in t for t in told)


def test_what_is_watched_while_it_learns_has_no_part_in_it(tmp_path):
    whole = trained(tmp_path / "whole", learn=vgan)
    with pytest.raises(Stop):
        trained(tmp_path / "one", Stopping(6), tmp_path / "kept", learn=vgan)
    assert trained(tmp_path / "two", kept=tmp_path / "kept", learn=vgan) == whole


def test_stopped_again_and_again_it_gets_there(tmp_path, unbroken):
    kept = tmp_path / "kept"
    for attempt, at in enumerate([2, 2, 4, 6, 7, 7]):
        with pytest.raises(Stop):
            trained(tmp_path / str(attempt), Stopping(at), kept)
    assert trained(tmp_path / "last", kept=kept) == unbroken


def test_it_tells_again_what_it_told_before(tmp_path):
    whole, first, second = Stopping(), Stopping(6), Stopping()
    trained(tmp_path / "whole", whole)
    with pytest.raises(Stop):
        trained(tmp_path / "one", first, tmp_path / "kept")
    trained(tmp_path / "two", second, tmp_path / "kept")
    assert second.told == whole.told
    assert first.told == whole.told[:3]
    assert second.pictures == whole.pictures


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b""])
def test_a_newest_file_cut_short_costs_two_reports(tmp_path, unbroken, damage, caplog):
    kept = tmp_path / "kept"
    with pytest.raises(Stop):
        trained(tmp_path / "one", Stopping(6), kept)
    newest = sorted(kept.glob("*.safetensors"))[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    caplog.set_level("INFO")
    assert trained(tmp_path / "two", kept=kept) == unbroken
    assert "is passed over" in caplog.text
    assert "from step 2 of 7" in caplog.text


def test_a_state_of_other_networks_is_passed_over(tmp_path, unbroken, caplog):
    kept = tmp_path / "kept"
    other = checkpoint.Checkpoint({"generator.w": torch.zeros(2)}, [], {})
    checkpoint.Checkpoints(kept).save(other)
    assert trained(tmp_path / "work", kept=kept) == unbroken
    assert "of other networks" in caplog.text


ILL = {
    "collapsed": {"diversity": 0.1},
    "frozen": {"motion": 0.0},
    "boiling": {"motion": 4.0},
    "dead_mask": {"mask_mean": 0.0},
    "saturated": {"d_real": 1.0, "d_fake": 1.0, "discriminator": 0.0},
    "overfit": {"d_real": 0.9, "d_held_out": 0.1},
}


def warned(caplog):
    """What was said louder than progress."""
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("sign", WARNING_SIGNS)
def test_each_sign_is_logged_and_the_run_marked_once_at_the_report_it_first_shows(
    tmp_path, caplog, sign
):
    tracker = Stopping()
    watched.train(tracker, tmp_path, tmp_path, lambda step: ILL[sign] if step >= 6 else {})
    assert tracker.signs == [(sign, 6)]
    assert warned(caplog) == [f"mlp_gan, step 6: {sign}: {WARNING_SIGNS[sign].message}"]


def test_what_shows_while_training_is_unsettled_is_not_told(tmp_path, caplog):
    tracker = Stopping()
    watched.train(tracker, tmp_path, tmp_path, lambda step: ILL["frozen"] if step < 4 else {})
    assert tracker.signs == []
    assert not warned(caplog)


def test_a_sign_keeps_its_first_step_when_training_goes_on(tmp_path):
    kept, first, second = tmp_path / "kept", Stopping(8), Stopping()
    with pytest.raises(Stop):
        watched.train(first, tmp_path / "one", kept, lambda step: ILL["frozen"])
    watched.train(second, tmp_path / "two", kept, lambda step: ILL["frozen"])
    assert first.signs == second.signs == [("frozen", 4)]


@pytest.mark.parametrize(("steps", "signs"), [(99, []), (100, [("collapsed", 100)])])
def test_a_training_of_a_few_steps_shows_no_warning_signs(monkeypatch, caplog, steps, signs):
    monkeypatch.setattr(trainer, "FEW_STEPS", FEW_STEPS)
    run = Stopping()
    _RunLogger("mlp_gan", run, steps).log_report(Report(steps, ILL["collapsed"]))
    assert run.signs == signs
    assert len(warned(caplog)) == len(signs)


# What docs/results.md says of the committed runs; the others show nothing.
SHOWN = {"pix2pix": {"saturated"}}


@pytest.mark.parametrize("model", ["mlp_gan", "dcgan", "pix2pix", *CLIP_GAN_NAMES])
def test_committed_runs_show_the_signs_that_are_told_of_them_and_no_other(model):
    history = pd.read_csv(ROOT / "plots" / model / "history.csv")
    settled = history[history["step"] > UNSETTLED * history["step"].max()].astype(float)
    shown = [name for numbers in settled.to_dict("records") for name in warning_signs(numbers)]
    assert set(shown) == SHOWN.get(model, set())
