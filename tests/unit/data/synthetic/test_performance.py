import numpy as np
import pytest

from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.moves import MOVES
from vidpipe.data.synthetic.performance import perform
from vidpipe.data.synthetic.scenes import HEIGHT, WIDTH

FPS = 8  # a third of what is filmed: a window of a model, 16 frames at 25 per second, is 5 of ours
WINDOW = 5


@pytest.fixture(scope="module")
def shows() -> dict[str, np.ndarray]:
    """Every action by an actor of its own, (t h w 3)."""
    return {
        action: np.stack(list(perform(actor(0, n), action, frames=2 * WINDOW, fps=FPS)))
        for n, action in enumerate(MOVES)
    }


def figures(show: np.ndarray, number: int) -> np.ndarray:
    """Where the picture is not the bare place, (t h w)."""
    return (show != np.asarray(actor(0, number).scene)).any(axis=3)


@pytest.mark.parametrize("action", MOVES)
def test_every_window_of_sixteen_frames_moves(shows: dict[str, np.ndarray], action: str):
    show = shows[action].astype(float) / 255
    for start in range(WINDOW + 1):
        window = show[start : start + WINDOW]
        changed = (np.abs(window - window[0]).max(axis=3) > 0.15).mean(axis=(1, 2))
        assert changed.max() > 0.01


@pytest.mark.parametrize(("number", "action"), list(enumerate(MOVES)))
def test_the_place_stands_still_behind_a_figure_within_the_central_square(
    shows: dict[str, np.ndarray], number: int, action: str
):
    there = figures(shows[action], number)
    assert there.any(axis=0).mean() < 0.6  # all else is the place, bit by bit, in every frame
    assert there.any(axis=(1, 2)).all()
    rows, columns = (np.flatnonzero(there.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    assert rows.min() > 0
    assert rows.max() < HEIGHT - 1
    assert np.ptp(columns) < WIDTH - 1 or action in ("run", "walk", "jump", "side")
    side = (WIDTH - HEIGHT) // 2
    inside = there[:, :, side:-side].sum(axis=(1, 2)) / there.sum(axis=(1, 2))
    assert (inside > 0.6).mean() > 0.9


def test_a_longer_show_begins_with_the_shorter_one():
    short, long = (list(perform(actor(0, 1), "walk", frames=n, fps=FPS)) for n in (3, 6))
    np.testing.assert_array_equal(short, long[:3])


def test_walkers_turn_round_before_they_are_gone():
    one = actor(0, 0)
    show = perform(one, "run", frames=4 * FPS, fps=FPS)
    place = np.asarray(one.scene)
    middles = [np.flatnonzero((frame != place).any(axis=(0, 2))).mean() for frame in show]
    assert min(middles) < 0.4 * WIDTH
    assert max(middles) > 0.6 * WIDTH
    turns = np.diff(np.sign(np.diff(middles)))
    assert 3 <= np.count_nonzero(turns) <= 8
    assert all(10 < middle < WIDTH - 10 for middle in middles)


def test_what_is_picked_up_goes_with_the_hands():
    one = actor(0, 2)
    show = np.stack(list(perform(one, "bend", frames=16, fps=6))).astype(int)
    near = (np.abs(show - one.ball).max(axis=3) < 30).astype(float)
    heights = [np.average(np.arange(HEIGHT), weights=n.sum(axis=1)) for n in near if n.sum() > 8]
    assert max(heights) > one.ground - 14  # on the ground at times
    assert min(heights) < one.ground - 30  # and in the hands
