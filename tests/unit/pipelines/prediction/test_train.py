import pandas as pd
import pytest
import torch
from support import stages

from vidpipe.models.pix2pix import PairData, make_generator
from vidpipe.pipelines.prediction.train import progress_sheet, train_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

SMALL = {"width": 4, "discriminator_width": 4}
PAINTING = {"history": 1, "motion": "none", "dropout": 0.0, "residual": True}
MOVING = {"history": 3, "motion": "flow", "dropout": 0.0, "residual": True}


def trained(pairs, scratch, **model):
    scratch.mkdir()
    chosen = stages.params("pix2pix", batch=2, pushforward=1)
    model = chosen.model.model_copy(update=SMALL | model)
    others = (stages.RUNTIME, NullTracker(), scratch / "kept", scratch)
    return train_pix2pix(pairs, model, chosen.train, *others)


@pytest.mark.parametrize("model", [PAINTING, MOVING], ids=["painting", "moving"])
def test_a_model_learns_from_what_is_seen_alone(tmp_path, model):
    pairs = stages.pairs()
    folder = trained(pairs, tmp_path / "one", **model)
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 4]
    assert [path.name for path in (folder / "sheets").iterdir()] == ["000004.png"]
    pairs["frames"][pairs["frame_split"] == "held_out"] = 0
    again = trained(pairs, tmp_path / "other", **model)
    for file in ("generator.safetensors", "discriminator.safetensors"):
        assert (folder / file).read_bytes() == (again / file).read_bytes()
    built = weights.build(make_generator, folder / "generator.safetensors")
    assert (built.size, built.history) == (64, model["history"])


def test_a_window_longer_than_every_shot_is_refused_before_training(tmp_path):
    with pytest.raises(UserError, match=r"pix2pix\.model\.history: a window of 8 frames and"):
        trained(stages.pairs(seen=8), tmp_path / "one", **MOVING | {"history": 8})
    assert list((tmp_path / "one").iterdir()) == []


@pytest.mark.parametrize("model", [PAINTING, MOVING], ids=["painting", "moving"])
def test_the_progress_sheet_shows_a_frame_its_prediction_and_the_next(model):
    data = PairData.of(stages.pairs(), torch.device("cpu"))
    copying = make_generator(size=64, channels=3, width=4, **model)
    page = progress_sheet(copying, data)
    tiles = page[-64 - 6 : -6]  # the last row: the first two tiles are alike, the third is lighter
    first, second, third = (tiles[:, 6 + 70 * n : 70 + 70 * n].mean() for n in range(3))
    assert first == second < third
