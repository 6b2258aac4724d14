import pytest
from support.parameters import GONE, assert_refused, changed

from vidpipe.config.datasets import Source
from vidpipe.config.loader import check
from vidpipe.config.schema import Params
from vidpipe.utils.errors import UserError


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("frames.footage.fps", 0, "greater than 0, got 0"),
        ("frames.footage.stride", 0, "greater than or equal to 1, got 0"),
        ("frames.footage.cut_threshold", 1.5, "less than or equal to 1, got 1.5"),
        ("frames.footage.size", 100, "64, 128, 256 or 512, got 100"),
        ("digits.held_out", 0.0, "greater than 0, got 0.0"),
        ("clips.frames", 1, "greater than or equal to 2, got 1"),
        ("clips.stride", 0, "greater than or equal to 1, got 0"),
        ("clips.in_memory", -1.0, "greater than or equal to 0, got -1.0"),
        ("frames.clips.size", 48, "32, 64, 128 or 256, got 48"),
        ("pairs.held_out", 1, "less than 1, got 1"),
        ("runtime.device", "gpu", "'cpu', 'cuda' or 'auto', got 'gpu'"),
        ("runtime", {"device": "cuda", "precision": "bf16"}, "expected a value"),
    ],
)
def test_a_value_out_of_range_is_refused(key, value, message):
    assert_refused(key, value, message)


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_portable_bits_are_promised_for_the_cpu_alone(device):
    with pytest.raises(UserError, match=r"runtime: determinism: portable needs device: cpu"):
        check(changed("runtime.device", device))


def test_whole_numbers_may_stand_for_others():
    assert check(changed("frames.footage.fps", 12)).frames.footage.fps == 12


def test_all_but_the_blocks_of_data_sets_must_be_given():
    optional = {
        name
        for model in models(Params)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    blocks = Source.model_fields.keys() - {"dataset", "test", "broken"}
    assert optional == blocks | {"video"}  # which only a set of several needs
    for key in ("pairs.gap", "frames.footage.fps", "runtime.threads"):
        assert_refused(key, GONE, "the key is not there")


def models(model):
    inner = [field.annotation for field in model.model_fields.values()]
    return [model] + [m for a in inner if hasattr(a, "model_fields") for m in models(a)]
