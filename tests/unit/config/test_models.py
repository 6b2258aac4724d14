import pytest

from vidpipe.config import models
from vidpipe.config.schema import Params

GANS = [
    name
    for name, field in Params.model_fields.items()
    if {"model", "train", "evaluate"} <= field.annotation.model_fields.keys()
]


@pytest.mark.parametrize("name", GANS)
def test_the_classes_of_a_gan_are_called_after_its_block(name: str):
    block = Params.model_fields[name].annotation
    assert block.__name__.lower() == name.replace("_", "")
    for part, field in block.model_fields.items():
        assert field.annotation is getattr(models, f"{block.__name__}{part.title()}")


def test_there_are_gans():
    assert len(GANS) == 6
