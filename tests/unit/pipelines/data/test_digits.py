import io

import numpy as np
from PIL import Image
from support.project import ROOT

from vidpipe.config.loader import check, read
from vidpipe.pipelines.data.digits import make_digits

GLYPHS = ROOT / "data/01_raw/glyphs"


def test_glyphs_become_pictures_with_their_names_and_a_sheet_the_same_each_time():
    asked = check(read(ROOT / "params.yaml")).digits.model_copy(update={"count": 60})
    arrays, sheet = make_digits(GLYPHS, asked)
    assert arrays["pictures"].shape == (60, 28, 28)
    assert arrays["names"].tolist() == list("0123456789")
    assert np.bincount(arrays["label"]).tolist() == [6] * 10
    assert set(arrays["split"].tolist()) == {"seen", "held_out"}
    with Image.open(io.BytesIO(sheet)) as page:
        assert min(page.size) > 10 * 56
    again, same_sheet = make_digits(GLYPHS, asked)
    assert sheet == same_sheet
    assert all(np.array_equal(array, again[name]) for name, array in arrays.items())
