from functools import partial

import numpy as np
import pytest
from support.results import moving, write_films

from vidpipe.reporting import pictures
from vidpipe.reporting.pictures import clip_wall, digit_walk, film, prediction_film, real_digits
from vidpipe.utils.errors import UserError


@pytest.fixture
def samples(tmp_path):
    """Folders of films, by model."""
    write_films(tmp_path, "gan3d", "pix2pix", "dcgan")
    return tmp_path / "data/07_model_output"


def bright(frames):
    """Middle of the bright square in each frame, from left to right."""
    return [float(np.flatnonzero((frame > 220).all(-1).any(0)).mean()) for frame in frames]


def test_each_row_and_column_is_a_film_that_moves(samples):
    walls = [clip_wall(samples / "gan3d", row)[0] for row in (pictures.REAL, pictures.MADE)]
    columns = [
        prediction_film(samples / "pix2pix", pictures.HELD_OUT_ROW, column)[0]
        for column in (0, pictures.ROLLOUT)
    ]
    for frames in (*walls, *columns):
        at = bright(frames)
        assert at == sorted(at)
        assert at[0] < at[-1]
    assert not np.array_equal(walls[0][0], walls[1][0])
    assert columns[0][0].shape == (pictures.FRAME_TILE - 2 * pictures.TRIM,) * 2 + (3,)


def test_the_film_of_predictions_is_read_anew_when_it_is_written_anew(samples):
    before = prediction_film(samples / "pix2pix", 0, 0)[0]
    (samples / "pix2pix/samples.mp4").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"samples\.mp4"):
        prediction_film(samples / "pix2pix", 0, 0)
    assert len(before) == 3


def test_a_split_that_is_not_in_the_film_is_told(samples):
    with pytest.raises(UserError, match=r"samples\.mp4: expected 3 splits, got 2"):
        prediction_film(samples / "pix2pix", 2, 0)


def test_what_cannot_be_shown_says_why(samples):
    shown = film("a", partial(digit_walk, samples / "dcgan"), facts=["1"], mark="m")
    assert shown.uri
    assert (shown.width, shown.height, shown.fps) == (130, 130, 12)
    missing = film("a", partial(digit_walk, None), facts=["1"], mark="m")
    assert (missing.uri, missing.why, missing.facts) == ("", "no films yet", ["1"])


def test_a_torn_film_is_named_without_the_place_of_the_project(samples):
    (samples / "pix2pix/samples.mp4").write_bytes(b"torn")
    why = film("a", partial(prediction_film, samples / "pix2pix", 0, 0)).why
    assert why.startswith("samples.mp4: expected a video")


def test_real_numerals_are_one_of_each_in_turn():
    arrays = {
        "pictures": np.stack([np.full((28, 28), 20 * n, np.uint8) for n in range(6)]),
        "label": np.array([0, 0, 0, 1, 1, 1]),
    }
    shown = real_digits(arrays, facts=[], mark="")
    assert shown.still
    assert shown.width == 5 * 62 + 6
    assert real_digits("none yet", facts=[], mark="").why == "none yet"


def test_the_support_film_moves():
    assert bright(moving(0)) == [4.0, 7.0, 10.0]
