import pandas as pd
import pytest
import torch
from support import stages

from vidpipe.models import dcgan, mlp_gan
from vidpipe.pipelines.digits.train import make_train_node, progress_sheet
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training import weights
from vidpipe.utils.names import model_name
from vidpipe.visualization.sheets import MARGIN


def trained(network, digits, scratch):
    scratch.mkdir()
    chosen = stages.params(model_name(network))
    node = make_train_node(network)
    others = (stages.RUNTIME, NullTracker(), scratch / "kept", scratch)
    return node(digits, chosen.model, chosen.train, *others)


@pytest.mark.parametrize("network", [mlp_gan, dcgan], ids=model_name)
def test_a_model_learns_from_what_is_seen_alone(network, tmp_path):
    digits = stages.digits()
    folder = trained(network, digits, tmp_path / "one")
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 4]
    assert [path.name for path in (folder / "sheets").iterdir()] == ["000004.png"]
    digits["pictures"][digits["split"] == "held_out"] = 0
    again = trained(network, digits, tmp_path / "other")
    for file in ("generator.safetensors", "discriminator.safetensors"):
        assert (folder / file).read_bytes() == (again / file).read_bytes()
    generator = weights.build(network.Generator, folder / "generator.safetensors")
    made = generator(generator.prior.draw(2, torch.Generator()))
    assert made.shape == (2, 1, 28, 28)


def test_the_progress_sheet_has_rows_of_ten_and_leaves_the_generator_in_training():
    generator = mlp_gan.Generator(latent=4, codes=0).train()
    page = progress_sheet(generator, torch.zeros(20, 4))
    assert generator.training
    assert page.shape == (MARGIN + 2 * (56 + MARGIN), MARGIN + 10 * (56 + MARGIN), 3)
