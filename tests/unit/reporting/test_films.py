import base64
from pathlib import Path

import numpy as np
import pytest
from support.results import moving, pages

from vidpipe.data.video import encode
from vidpipe.reporting import films
from vidpipe.utils.errors import UserError
from vidpipe.visualization.animation import gif, with_pause
from vidpipe.visualization.sheets import from_png


def test_tiles_are_those_that_the_page_was_composed_of():
    page = pages(2, ["a", "b", "c"], 144, ["real", "made"])
    bare = pages(2, ["", "", ""], 144, [])
    cut = films.tiles(page, tile=144, rows=2)
    assert [len(row) for row in cut] == [3, 3]
    same = films.tiles(bare, tile=144, rows=2)
    for row, others in zip(cut, same, strict=True):
        for film, other in zip(row, others, strict=True):
            assert np.array_equal(np.stack(film), np.stack(other))
            assert np.stack(film).shape == (3, 144, 144, 3)
            assert np.stack(film).max() > 240, "the bright square is in it"


def test_a_page_of_another_layout_is_refused():
    with pytest.raises(UserError, match="expected 3 rows of tiles of 144 pixels, got a page of"):
        films.tiles([np.zeros((100, 300, 3), np.uint8)], tile=144, rows=3)


def test_a_wall_is_as_square_as_possible_and_leaves_gaps():
    frames = films.wall([moving(n) for n in range(3)])
    step = films.SIDE + films.GAP
    assert [frame.shape for frame in frames] == [(2 * step - films.GAP,) * 2 + (3,)] * 3
    assert (frames[0][step:, step:] == films.GAP_COLOUR).all(), "the fourth place is empty"


def test_a_gif_is_read_as_it_was_written(tmp_path):
    film = pages(1, ["a"], 56, [])
    (tmp_path / "a.gif").write_bytes(gif(with_pause(film, 10), fps=10))
    frames, fps = films.read_film(tmp_path / "a.gif")
    assert fps == 10
    assert len(frames) == len(film), "the pause is a page that is shown for long"
    assert np.abs(np.stack(frames).astype(int) - np.stack(film)).mean() < 15


def test_a_video_is_read_without_its_pause(tmp_path):
    film = pages(1, ["a", "b"], 56, [])
    (tmp_path / "a.mp4").write_bytes(encode(with_pause(film, 7), fps=7))
    frames, fps = films.read_film(tmp_path / "a.mp4")
    assert (len(frames), fps) == (len(film), 7)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.mp4", b"no film"), ("a.mp4", b""), ("a.gif", b"GIF89a"), ("a.gif", b"no film")],
)
def test_a_torn_film_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name):
        films.read_film(tmp_path / name)


def test_a_film_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"^none\.gif: expected a film, found no such file"):
        films.read_film(Path("none.gif"))


def test_the_same_film_gives_the_same_bytes_and_less_quality_fewer():
    one, two = (films.mp4_uri(films.wall([moving(0)]), 12) for _ in range(2))
    assert one == two
    assert one.startswith("data:video/mp4;base64,")
    assert len(films.mp4_uri(films.wall([moving(0)]), 12, quality=40)) < len(one)


def test_grey_pictures_take_few_bytes_and_coloured_ones_keep_their_colours():
    grey = np.repeat(np.random.default_rng(0).integers(0, 255, (40, 40, 1)), 3, 2).astype(np.uint8)
    size = [len(films.png_uri(page)) for page in (grey, moving(0, 40)[0])]
    assert size[0] < size[1]
    content = base64.b64decode(films.png_uri(moving(0)[0]).partition(",")[2])
    assert np.array_equal(from_png(content), moving(0)[0])
