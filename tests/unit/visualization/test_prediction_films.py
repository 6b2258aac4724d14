import pytest
from support import footage
from support.footage import BLUE, GREEN, RED

from vidpipe.visualization.prediction_films import continuation_film, enlargement

SIZE = 64
LARGE = 3 * SIZE


def frame(colour):
    return footage.plain(SIZE, SIZE, colour)


def shows(page, colour):
    """Number of whole frames of a colour that a page shows, enlarged."""
    return (page == colour).all(axis=2).sum() / LARGE**2


@pytest.mark.parametrize(("size", "times"), [(32, 3), (64, 3), (128, 3), (256, 2), (512, 1)])
def test_small_frames_are_shown_larger(size, times):
    assert enlargement(size) == times


def test_what_is_predicted_stands_beside_what_is_real():
    film = continuation_film(frame(RED), [frame(BLUE)] * 2, [frame(GREEN)] * 2)
    start, *steps = film
    assert shows(start, RED) == 2
    assert len(steps) == 2
    assert all(shows(page, BLUE) == shows(page, GREEN) == 1 for page in steps)


def test_without_a_truth_predictions_stand_alone():
    pages = list(continuation_film(frame(RED), [frame(BLUE)], []))
    assert [shows(page, RED) for page in pages] == [1, 0]
    assert [shows(page, BLUE) for page in pages] == [0, 1]
    assert pages[0].shape[1] < 1.2 * LARGE


def test_a_truth_that_ends_leaves_its_place_empty():
    *_, last = continuation_film(frame(RED), [frame(BLUE)] * 2, [frame(GREEN)])
    assert shows(last, BLUE) == 1
    assert shows(last, GREEN) == 0
    assert last.shape[1] > 2 * LARGE


def test_each_page_says_what_it_shows():
    """Equal frames differ in their words alone: real or predicted, and how far ahead."""
    pages = [page.tobytes() for page in continuation_film(frame(RED), [frame(RED)] * 3, [])]
    assert len(set(pages)) == 4
