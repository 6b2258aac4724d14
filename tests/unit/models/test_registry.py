import inspect

import pytest

from vidpipe.config import schema
from vidpipe.models.clip_gan import ClipGanModule
from vidpipe.models.registry import CLIP_GANS, DIGIT_GANS
from vidpipe.utils.names import model_name


def test_every_gan_of_clips_with_parameters_is_there_in_their_order():
    assert [model_name(network) for network in CLIP_GANS] == list(schema.CLIP_GAN_NAMES)
    assert [model_name(network) for network in DIGIT_GANS] == ["mlp_gan", "dcgan"]


@pytest.mark.parametrize("network", CLIP_GANS, ids=model_name)
def test_a_gan_of_clips_keeps_the_contract_and_has_the_parameters_of_its_block(network):
    assert isinstance(network, ClipGanModule)
    block = schema.Params.model_fields[model_name(network)].annotation.model_fields
    assert network.ModelConfig is block["model"].annotation
    assert network.TrainConfig is block["train"].annotation
    assert len(inspect.signature(network.build).parameters) == 2
    assert len(inspect.signature(network.objective).parameters) == 2
