import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vidpipe.commands.predict import read_image
from vidpipe.errors import UserError

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"]


@given(st.sampled_from(MODES), st.integers(1, 70), st.integers(1, 70), st.sampled_from([8, 32]))
def test_any_mode_and_size_becomes_a_square_of_rgb(tmp_path_factory, mode, width, height, size):
    path = tmp_path_factory.mktemp("picture") / "picture.tiff"
    Image.new(mode, (width, height)).save(path)
    square = read_image(path, size)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path, mode):
    Image.new(mode, (9, 9)).save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "clear.png", 8) == 255).all()


def test_sixteen_bits_of_grey_become_eight(tmp_path):
    grey = np.full((8, 8), 40_000, np.uint16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    assert (read_image(tmp_path / "deep.png", 8) == 40_000 // 256).all()


def test_the_centre_is_cut_out(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", 10) == 200).all()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n torn"])
def test_what_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "me.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"me\.png: expected a picture, cannot read it as one"):
        read_image(path, 8)
