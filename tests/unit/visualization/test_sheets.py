import io

import numpy as np
from PIL import Image
from support import footage
from support.footage import BLUE, RED

from vidpipe.visualization.sheets import BACKGROUND, MARGIN, grid, png


def pixels_of(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(axis=2).sum())


def test_a_png_holds_the_very_pixels():
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


def test_a_view_of_a_picture_may_be_saved():
    picture = footage.quarters(8, 8)[::-1, ::-1]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


def test_a_grid_shows_every_tile_whole():
    red, blue = footage.plain(40, 60, RED), footage.plain(40, 60, BLUE)
    page = grid([[red, blue], [blue, red], [red]])
    assert pixels_of(page, RED) == 3 * 40 * 60
    assert pixels_of(page, BLUE) == 2 * 40 * 60


def test_words_stand_beside_the_tiles_and_not_on_them():
    red = footage.plain(40, 60, RED)
    page = grid(
        [[red, red], [red, red]],
        columns=["source", "target"],
        names=["seen", "held out"],
        captions=["one", "two", "three", "four"],
    )
    assert pixels_of(page, RED) == 4 * 40 * 60
    bare = grid([[red, red], [red, red]])
    assert page.shape[0] > bare.shape[0]
    assert page.shape[1] > bare.shape[1]
    ink = page[(page != RED).any(axis=2) & (page != BACKGROUND).any(axis=2)]
    assert len(ink) > 100


def test_tiles_keep_their_shape_when_enlarged():
    page = grid([[footage.plain(20, 40, RED)]], tile=60)
    assert pixels_of(page, RED) == 60 * 120
    assert page.shape == (60 + 2 * MARGIN, 120 + 2 * MARGIN, 3)
