from types import ModuleType

from vidpipe.utils.names import model_name


def test_a_model_is_called_like_the_last_part_of_its_module():
    assert model_name(ModuleType("vidpipe.models.gan3d")) == "gan3d"
    assert model_name(ModuleType("mine")) == "mine"
