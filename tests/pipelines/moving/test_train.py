import pytest

from vidpipe.errors import UserError
from vidpipe.models.noise import Prior
from vidpipe.params_gans import ClipGanModel
from vidpipe.pipelines.moving.train import prior_of


def model(codes):
    return ClipGanModel(
        latent=10, codes=codes, frames=8, width=16, discriminator_width=4,
        norm="none", dropout=0.0, frame_judge=True,
    )  # fmt: skip


def test_a_code_for_each_label_or_as_many_free_ones_as_are_wanted():
    assert prior_of(model("labels"), ["run", "jump"]) == Prior(10, 2, ("run", "jump"))
    assert prior_of(model(3), ["run", "jump"]) == Prior(10, 3)


def test_more_labels_than_noise_has_numbers_are_refused_with_what_to_do():
    with pytest.raises(UserError, match=r"11 labels.*noise's 10 numbers; raise the model's latent"):
        prior_of(model("labels"), list("abcdefghijk"))
