import math

import pytest
from support.parameters import assert_refused


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pix2pix.train.steps", "many", "valid integer, got 'many'"),
        ("pix2pix.train.steps", "3", "valid integer, got '3'"),
        ("pix2pix.train.steps", 3.0, "valid integer, got 3.0"),
        ("pix2pix.train.steps", True, "valid integer, got True"),
        ("pix2pix.train.steps", None, "valid integer, got None"),
        ("pix2pix.model.residual", 1, "valid boolean, got 1"),
        ("pix2pix.train.learning_rate", "2e-4", "valid number, got '2e-4'"),
        ("pix2pix", 3, "valid dictionary .*, got 3"),
        ("pix2pix", None, "valid dictionary .*, got None"),
        ("pix2pix.train.l1_weight", math.nan, "got nan"),
        ("pix2pix.train.l1_weight", math.inf, "got inf"),
        ("pix2pix.train.learning_rate", math.inf, "got inf"),
        ("frames.footage.fps", math.inf, "got inf"),
        ("sources.clips.mpii_cooking.accept_terms", "yes", "valid boolean, got 'yes'"),
    ],
)
def test_values_are_not_converted_and_numbers_are_finite(key, value, message):
    assert_refused(key, value, message)
