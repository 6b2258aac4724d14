from collections.abc import Iterable

import numpy as np
import pytest

from vidpipe.data.combs import BOTTOM_FIRST, ENOUGH, LASTS, TOP_FIRST, CombDetector

HEIGHT, WIDTH = 288, 352
RNG = np.random.default_rng(0)


def scene(time: float, paper: np.ndarray) -> np.ndarray:
    """A bar that moves across a paper, at a time in frames."""
    picture = paper.copy()
    left = 20 + round(12 * time)
    picture[20:260, left : left + 30] = 220
    return picture


def woven(count: int, paper: np.ndarray, *, top_first: bool) -> Iterable[np.ndarray]:
    for number in range(count):
        frame = scene(number, paper)
        late = slice(1 if top_first else 0, None, 2)
        frame[late] = scene(number + 0.5, paper)[late]
        yield frame


def plain_paper() -> np.ndarray:
    return np.full((HEIGHT, WIDTH), 60, np.uint8)


def stripes() -> np.ndarray:
    paper = plain_paper()
    paper[::2] = 120
    return paper


def field_orders(frames: Iterable[np.ndarray]) -> list[str]:
    detector = CombDetector()
    return [detector(frame) for frame in frames]


@pytest.mark.parametrize(("top_first", "order"), [(True, TOP_FIRST), (False, BOTTOM_FIRST)])
def test_two_fields_are_found_with_their_order(top_first: bool, order: str):
    orders = field_orders(woven(8, plain_paper(), top_first=top_first))
    assert orders == [""] * ENOUGH + [order] * (8 - ENOUGH)


def test_it_lasts_for_a_while_where_nothing_moves():
    frames = list(woven(6, plain_paper(), top_first=True))
    orders = field_orders(frames + [scene(6, plain_paper())] * (2 * LASTS))
    assert orders[6 + LASTS // 2] == TOP_FIRST
    assert orders[-1] == ""


@pytest.mark.parametrize(
    "frames",
    [
        [scene(number, plain_paper()) for number in range(20)],
        [stripes()] * 20,
        [scene(number, stripes()) for number in range(20)],
        [np.roll(stripes(), number, axis=0) for number in range(20)],
        [RNG.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8) for _ in range(20)],
        # A pattern of dots, as of films that were GIFs, another in each frame.
        [
            (60 + 90 * ((np.indices((HEIGHT, WIDTH)).sum(0) + number) % 2)).astype(np.uint8)
            for number in range(20)
        ],
        # A page of thin lines that is scrolled.
        [np.roll(np.repeat(RNG.integers(0, 256, HEIGHT), WIDTH).reshape(HEIGHT, WIDTH)
            .astype(np.uint8), number, axis=0) for number in range(20)],
        [RNG.integers(0, 256, (2, 3)).astype(np.uint8) for _ in range(20)],
        [np.zeros((2 + number, 3), np.uint8) for number in range(20)],
    ],
    ids=["bar", "stripes", "bar on stripes", "stripes that move", "noise", "dots", "page", "tiny",
        "sizes"],
)  # fmt: skip
def test_other_films_are_not_taken_for_woven(frames: list[np.ndarray]):
    assert set(field_orders(frames)) == {""}
