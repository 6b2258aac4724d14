import numpy as np
import pytest

from vidpipe.data.synthetic.scenes import HEIGHT, SCENES, WIDTH, scene


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_a_place_has_wall_ground_and_texture(number: int):
    picture = np.asarray(scene(number, np.random.default_rng(0)), float)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    wall, ground = picture[10:60].mean(axis=(0, 1)), picture[115:].mean(axis=(0, 1))
    assert np.abs(wall - ground).max() > 20
    assert picture[115:125, 20:40].std(axis=(0, 1)).min() > 2


def test_the_same_numbers_paint_the_same_place_and_others_another():
    def painted(number: int, seed: int) -> bytes:
        return scene(number, np.random.default_rng(seed)).tobytes()

    assert painted(0, 1) == painted(0, 1) == painted(len(SCENES), 1)
    assert len({painted(0, 1), painted(0, 2), painted(1, 1)}) == 3
