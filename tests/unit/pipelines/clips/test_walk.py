import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from support import moving_clips as moving
from support import stages
from support.project import ROOT

from vidpipe.config.loader import check, read
from vidpipe.models import convlstm_gan, mocogan
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips import walk
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.tracking.mlflow_tracker import MlflowTracker
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import checkpoint, weights
from vidpipe.training.runtime import start
from vidpipe.utils.hashing import md5
from vidpipe.utils.names import model_name

PARAMS = check(read(ROOT / "params.yaml"))
SMALL = {
    "space": "pixels", "size": None, "frames": 8, "width": 16, "discriminator_width": 4,
    "encoder": 4, "memory": 16,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _few_clips(monkeypatch):
    """Encode few: there are not many here."""
    monkeypatch.setattr(walk, "CLIPS", 96)


def trained(scratch, *, network=mocogan, tracker=None, encoder=4, walk_steps=3):
    """The folder of a GAN of four steps, whose walk then goes on alone for three."""
    block = stages.params(model_name(network), walk_steps=walk_steps)
    model = block.model.model_copy(update=SMALL | {"encoder": encoder})
    scratch.mkdir(exist_ok=True)
    return make_train_node(network)(
        moving.packed(size=32), model, block.train, stages.RUNTIME, tracker or NullTracker(),
        scratch / "checkpoints", scratch,
    )  # fmt: skip


@pytest.mark.parametrize("network", CLIP_GANS, ids=model_name)
def test_after_the_gan_the_walk_alone_goes_on(network, tmp_path):
    both = trained(tmp_path / "both", network=network)
    gan = trained(tmp_path / "gan", network=network, walk_steps=0)
    files = {path.relative_to(gan) for path in gan.rglob("*.*")}
    more = {str(path.relative_to(both)) for path in both.rglob("*.*")} - {str(f) for f in files}
    assert more == {"walk_history.csv", "sheets/000007.png"}
    assert pd.read_csv(both / "walk_history.csv")["step"].tolist() == [2, 3]
    other = {str(file) for file in files if (both / file).read_bytes() != (gan / file).read_bytes()}
    assert other == {"generator.safetensors"}
    one, two = (load_file(folder / "generator.safetensors") for folder in (both, gan))
    moved = {name for name in one if not torch.equal(one[name], two[name])}
    assert moved == {name for name in one if name.startswith("walk.")}


def test_without_an_encoder_there_is_no_walk(tmp_path):
    steps = {"one": 3, "other": 0}
    folders = [trained(tmp_path / name, encoder=0, walk_steps=steps[name]) for name in steps]
    one, other = ((folder / "generator.safetensors").read_bytes() for folder in folders)
    assert one == other


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_it_is_one_run_with_the_hash_of_the_last_weights(tmp_path):
    tracker = MlflowTracker(root=tmp_path, project=tmp_path, params=PARAMS)
    folder = trained(tmp_path / "scratch", tracker=tracker)
    experiments = [found.experiment_id for found in tracker.client.search_experiments()]
    [run] = tracker.client.search_runs(experiments)
    assert run.info.status == "FINISHED"
    assert md5(folder / "generator.safetensors") in run.data.tags.values()
    history = tracker.client.get_metric_history(run.info.run_id, "loss/walk_alone")
    assert [point.step for point in history] == [6, 7]  # after the four of the GAN
    steps = tracker.client.get_metric_history(run.info.run_id, "loss/generator")
    assert [point.step for point in steps] == [2, 4]


def test_stopped_in_the_walk_it_gives_the_same_bytes(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))
    monkeypatch.setattr(checkpoint, "LEAST", 0.0)
    whole = trained(tmp_path / "whole")

    def stopped(*given):
        yield next(fit_walk(*given))
        raise KeyboardInterrupt

    fit_walk = walk.fit_walk
    with monkeypatch.context() as patch:
        patch.setattr(walk, "fit_walk", stopped)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "broken")
    caplog.set_level("INFO")
    broken = trained(tmp_path / "broken")
    assert "going on from step 4 of 4" in caplog.text
    for path in whole.rglob("*.*"):
        assert path.read_bytes() == (broken / path.relative_to(whole)).read_bytes()


@pytest.mark.parametrize(("network", "factor"), [(convlstm_gan, 2.0), (mocogan, 1.0)])
def test_alone_too_the_walk_learns_at_its_own_rate(network, factor, tmp_path, monkeypatch):
    rates = []
    fit = walk.fit_network

    def spy(trained, losses, **how):
        rates.append(how["learning_rate"])
        return fit(trained, losses, **how)

    monkeypatch.setattr(walk, "fit_network", spy)
    trained(tmp_path, network=network)
    assert rates == [factor * stages.params(model_name(network)).train.learning_rate]


def test_a_walk_learns_the_codes_of_an_encoder_that_stands_still(tmp_path):
    block = stages.params("mocogan", walk_steps=100, report_every=20)
    machine = start(**stages.RUNTIME.model_dump())
    made = weights.build(mocogan.Generator, trained(tmp_path) / "generator.safetensors")
    before = {name: value.clone() for name, value in made.state_dict().items()}
    windows = ClipData.of(moving.packed(size=32), machine.device).windows(length=8, mirror=True)
    reports = walk.fit_walk(made, windows, block.train)
    losses = [report.values["walk_alone"] for report in reports]
    assert len(losses) == 5
    assert losses == sorted(losses, reverse=True)
    after = made.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in before if not n.startswith("walk."))
