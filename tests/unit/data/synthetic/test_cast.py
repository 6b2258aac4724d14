from dataclasses import astuple, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.scenes import HEIGHT


def test_forty_actors_have_forty_names_and_bodies():
    cast = [actor(0, number) for number in range(40)]
    assert len({one.name for one in cast}) == 40
    assert not any("_" in one.name for one in cast)  # it parts actor and action in a file's name
    assert len({astuple(one.build) for one in cast}) == 40
    assert len({one.clothes for one in cast}) == 40


def test_the_first_nine_differ_in_colour_size_pace_and_place():
    cast = [actor(0, number) for number in range(9)]
    shirts = np.array([one.clothes.shirt for one in cast], float)
    apart = np.abs(shirts[:, None] - shirts).max(axis=2) + 255 * np.eye(9)
    assert apart.min() > 20
    assert np.ptp([one.build.height for one in cast]) > 10
    assert np.ptp([one.build.bulk for one in cast]) > 0.3
    assert np.ptp([one.pace for one in cast]) > 0.15
    places = np.stack([np.asarray(one.scene, float) for one in cast])
    assert all(
        np.abs(places - place).mean(axis=(1, 2, 3)).argsort()[0] == n
        for n, place in enumerate(places)
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 5000))
def test_any_seed_gives_figures_of_three_fifths_to_three_quarters_of_the_frame(
    seed: int, number: int
):
    one = actor(seed, number)
    assert 0.59 * HEIGHT < one.build.height < 0.75 * HEIGHT
    assert one == actor(seed, number)
    assert one != actor(seed + 1, number)


def test_actors_of_a_seed_are_their_own():
    first = actor(0, 3)
    assert replace(actor(1, 3), seed=first.seed) != first
