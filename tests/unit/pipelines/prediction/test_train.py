import pandas as pd
import torch
from support import stages

from vidpipe.models.pix2pix import Generator, PairData
from vidpipe.pipelines.prediction.train import progress_sheet, train_pix2pix
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights


def trained(pairs, scratch):
    scratch.mkdir()
    chosen = stages.params("pix2pix", batch=2, pushforward=1)
    model = chosen.model.model_copy(update={"width": 4})
    others = (stages.RUNTIME, NullTracker(), scratch / "kept", scratch)
    return train_pix2pix(pairs, model, chosen.train, *others)


def test_a_model_learns_from_what_is_seen_alone(tmp_path):
    pairs = stages.pairs()
    folder = trained(pairs, tmp_path / "one")
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 4]
    assert [path.name for path in (folder / "sheets").iterdir()] == ["000004.png"]
    pairs["frames"][pairs["frame_split"] == "held_out"] = 0
    again = trained(pairs, tmp_path / "other")
    for file in ("generator.safetensors", "discriminator.safetensors"):
        assert (folder / file).read_bytes() == (again / file).read_bytes()
    assert weights.build(Generator, folder / "generator.safetensors").size == 64


def test_the_progress_sheet_shows_a_frame_its_prediction_and_the_next():
    data = PairData.of(stages.pairs(), torch.device("cpu"))
    copying = Generator(size=64, channels=3, width=4, dropout=0.0, residual=True)
    page = progress_sheet(copying, data)
    tiles = page[-64 - 6 : -6]  # the last row: the first two tiles are alike, the third is lighter
    first, second, third = (tiles[:, 6 + 70 * n : 70 + 70 * n].mean() for n in range(3))
    assert first == second < third
