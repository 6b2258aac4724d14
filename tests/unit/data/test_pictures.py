import numpy as np
import pytest
from PIL import Image

from vidpipe.data.digits import read_glyphs
from vidpipe.data.images import read_image
from vidpipe.data.pictures import open_picture

TURNS = range(1, 9)  # of EXIF: all eight combinations of turn and mirror


def corner() -> np.ndarray:
    """Dark ink in the shape of an L, on white paper: tells every turn and mirror."""
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 10:20] = 0
    picture[40:50, 10:45] = 0
    return picture


@pytest.mark.parametrize("turn", TURNS)
def test_a_photograph_is_upright_as_a_glyph_and_as_an_image(tmp_path, turn):
    upright = Image.fromarray(corner())
    # What the camera stores is the inverse of what the tag says.
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(inverse[turn]) if turn in inverse else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    upright.save(tmp_path / "0.png")
    stored.save(tmp_path / "1.png", exif=exif)
    glyphs = read_glyphs(tmp_path)
    np.testing.assert_array_equal(glyphs["1"], glyphs["0"])
    np.testing.assert_array_equal(
        read_image(tmp_path / "1.png", 32), read_image(tmp_path / "0.png", 32)
    )


@pytest.mark.parametrize(
    ("name", "deep"),
    [
        ("16.png", corner().astype(np.uint16) * 257),  # I;16
        ("16.tif", corner().astype(">u2") * 257),  # I;16B
        ("16 in 32.tif", corner().astype(np.int32) * 257),  # I
        ("8 in 32.tif", corner().astype(np.int32)),
        ("float.tif", corner().astype(np.float32)),  # F
        ("share.tif", corner().astype(np.float32) / 255),
    ],
)
def test_deep_grey_is_scaled_to_eight_bits_as_a_glyph_and_as_an_image(tmp_path, name, deep):
    Image.fromarray(corner()).save(tmp_path / "0.png")
    Image.fromarray(deep).save(tmp_path / name)
    plain = np.asarray(open_picture(tmp_path / "0.png"))
    np.testing.assert_allclose(np.asarray(open_picture(tmp_path / name)), plain, atol=1)
    glyphs = read_glyphs(tmp_path)
    np.testing.assert_allclose(glyphs[name.rsplit(".", 1)[0]], glyphs["0"], atol=0.01)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_grey_of_fewer_bits_than_the_files_is_as_bright_as_of_8(tmp_path, bits, dtype):
    Image.fromarray(corner()).save(tmp_path / "0.png")
    deep = (corner().astype(np.int64) * (2**bits - 1) // 255).astype(dtype)
    Image.fromarray(deep).save(tmp_path / "1.tif")
    plain = np.asarray(open_picture(tmp_path / "0.png"))
    np.testing.assert_array_equal(np.asarray(open_picture(tmp_path / "1.tif")), plain)
    glyphs = read_glyphs(tmp_path)
    np.testing.assert_array_equal(glyphs["1"], glyphs["0"])


def test_black_of_sixteen_bits_stays_black(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "dark.png")
    assert np.asarray(open_picture(tmp_path / "dark.png")).max() == 0
