import numpy as np
from support import footage
from support.footage import BLUE, GREEN, RED

from vidpipe.serving.futures_film import futures_film

SIZE = 64


def frame(colour):
    return footage.plain(SIZE, SIZE, colour)


def shows(page, colour):
    """Number of whole frames of a colour that a page shows, enlarged."""
    return (page == colour).all(axis=2).sum() / (3 * SIZE) ** 2


def test_several_futures_stand_side_by_side():
    futures = [[frame(BLUE)] * 2, [frame(GREEN)] * 2]
    start, *steps = futures_film(frame(RED), futures, [frame(RED)] * 3)
    assert shows(start, RED) == 3
    for page in steps:
        assert page.shape == start.shape
        assert [shows(page, colour) for colour in (BLUE, GREEN, RED)] == [1, 1, 1]
    assert len(steps) == 2
    assert not np.array_equal(*steps), "each says how far ahead it is"


def test_a_truth_that_ends_leaves_its_place_empty():
    futures = [[frame(BLUE)] * 2, [frame(GREEN)] * 2]
    *_, last = futures_film(frame(RED), futures, [frame(RED)])
    assert [shows(last, colour) for colour in (BLUE, GREEN, RED)] == [1, 1, 0]


def test_without_a_truth_futures_stand_alone():
    start, page = futures_film(frame(RED), [[frame(BLUE)], [frame(GREEN)]], [])
    assert shows(start, RED) == 2
    assert [shows(page, colour) for colour in (BLUE, GREEN)] == [1, 1]
