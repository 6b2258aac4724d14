"""What makes each action that action, told from joints in space."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.moves import BODY, LIMBS, MOVES, curve
from vidpipe.data.synthetic.skeleton import HEAD, HEEL, LEFT, RIGHT, TOE, Skeleton, stand

PHASES = [n / 48 for n in range(48)]
BUILD = actor(0, 0).build
TRAVELLING = ("jump", "run", "side", "walk")
angles = st.floats(-180, 180)


@cache
def bodies(action: str) -> list[Skeleton]:
    move = MOVES[action]
    return [stand(move.pose(phase), BUILD, planted=move.planted) for phase in PHASES]


def soles(body: Skeleton) -> list[float]:
    """Height of either foot above the ground: left, right."""
    return [min(body.legs[s][3][2] - HEEL, body.legs[s][4][2] - TOE) for s in (LEFT, RIGHT)]


def hands(body: Skeleton) -> list[tuple[float, float, float]]:
    return [body.arms[side][-1] for side in (LEFT, RIGHT)]


def test_there_are_the_nine_actions_of_the_report():
    nine = ["bend", "jack", "jump", "pjump", "run", "side", "walk", "wave1", "wave2"]
    assert list(MOVES) == nine


@pytest.mark.parametrize("action", MOVES)
def test_tables_name_joints_that_exist_and_keep_the_beat(action: str):
    move = MOVES[action]
    assert set(move.body) <= set(BODY)
    assert {*move.limbs, *move.left} <= set(LIMBS)
    rows = [*move.body.values(), *move.limbs.values(), *move.left.values(), move.speed]
    assert {len(row) for row in rows} <= {1, 8}


@given(st.lists(angles, min_size=1, max_size=12), st.floats(0, 50))
def test_a_curve_passes_through_its_beats_and_closes(beats: list[float], phase: float):
    count = len(beats)
    assert [curve(beats, n / count) for n in range(count)] == pytest.approx(beats, abs=1e-6)
    assert curve(beats, phase + 1) == pytest.approx(curve(beats, phase), abs=1e-6)


@pytest.mark.parametrize("action", MOVES)
def test_knees_bend_backward_and_elbows_forward(action: str):
    for phase in PHASES:
        for limbs in MOVES[action].pose(phase)[1:]:
            assert limbs["knee"] >= 0
            assert limbs["elbow"] >= 0


@pytest.mark.parametrize("action", MOVES)
def test_nothing_jerks(action: str):
    most = 0.12  # of the height, from one 48th of a cycle to the next
    shown = bodies(action)
    for body, following in pairwise([*shown, shown[0]]):
        for a, b in zip(
            [*body.legs.values(), *body.arms.values(), [body.head]],
            [*following.legs.values(), *following.arms.values(), [following.head]],
            strict=True,
        ):
            assert all(math.dist(p, q) < most for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("action", MOVES)
def test_only_those_that_travel_have_a_way_to_go(action: str):
    move = MOVES[action]
    way = sum(move.advance(phase) for phase in PHASES) / len(PHASES)
    assert way == pytest.approx(move.stride, rel=0.02)
    assert (way > 0.3) == (action in TRAVELLING)


@pytest.mark.parametrize(("action", "flies"), [("walk", False), ("run", True)])
def test_walkers_always_touch_the_ground_and_runners_do_not(action: str, flies: bool):
    assert (max(min(soles(body)) for body in bodies(action)) > 0.02) == flies


@pytest.mark.parametrize("action", ["walk", "run"])
def test_arms_swing_against_the_legs(action: str):
    shown = bodies(action)
    for side in (LEFT, RIGHT):
        feet = [body.legs[side][2][0] for body in shown]
        swings = [body.arms[side][-1][0] for body in shown]
        assert np.corrcoef(feet, swings)[0, 1] < -0.7
    left, right = ([body.legs[side][2][0] for body in shown] for side in (LEFT, RIGHT))
    assert left == pytest.approx(right[24:] + right[:24])


@pytest.mark.parametrize("action", ["walk", "run", "jump"])
def test_a_foot_on_the_ground_stays_there(action: str):
    move, way, slips = MOVES[action], 0.0, []
    shown = bodies(action)
    for phase, body, following in zip(PHASES, shown, shown[1:], strict=False):
        step = move.advance(phase) / len(PHASES)
        foot = min((LEFT, RIGHT), key=lambda side: body.legs[side][4][2])
        if max(body.legs[foot][4][2], following.legs[foot][4][2]) < TOE + 0.005:
            slips.append(step + following.legs[foot][4][0] - body.legs[foot][4][0])
        way += step
    assert len(slips) > 8
    assert abs(sum(slips)) < 0.15 * way


@pytest.mark.parametrize("action", ["jump", "pjump", "jack"])
def test_jumpers_leave_the_ground_with_both_feet(action: str):
    heights = [soles(body) for body in bodies(action)]
    assert max(min(pair) for pair in heights) > (0.04 if action == "jack" else 0.1)
    assert all(left == pytest.approx(right) for left, right in heights)


def test_bending_brings_the_hands_from_the_hips_to_the_ground_and_the_knees_stay_nearly_straight():
    shown = bodies("bend")
    heights = [max(hand[2] for hand in hands(body)) for body in shown]
    assert heights[0] > 0.4
    assert heights[24] < 0.1
    assert shown[24].head[2] < shown[24].hips[2]
    assert min(body.hips[2] for body in shown) > 0.42


def test_a_jack_opens_arms_and_legs_together():
    shown = bodies("jack")
    feet = [body.legs[LEFT][2][1] - body.legs[RIGHT][2][1] for body in shown]
    arms = [sum(hand[2] for hand in hands(body)) / 2 for body in shown]
    assert max(feet) > 0.45
    assert min(feet) < 0.2
    assert np.corrcoef(feet, arms)[0, 1] > 0.9
    assert max(arms) > shown[24].head[2] + HEAD


@pytest.mark.parametrize("action", ["wave1", "wave2"])
def test_waves_raise_one_hand_or_two_above_a_body_that_stands(action: str):
    shown = bodies(action)
    left, right = zip(*(hands(body) for body in shown), strict=True)
    assert max(hand[2] for hand in right) > shown[0].head[2] + HEAD
    assert np.ptp([hand[1] for hand in right]) > 0.15
    if action == "wave1":
        assert max(hand[2] for hand in left) < shown[0].hips[2] + 0.05
    else:
        assert [hand[2] for hand in left] == pytest.approx([hand[2] for hand in right])
    assert all(body.legs == shown[0].legs for body in shown)


def test_a_sidestep_leads_with_the_left_foot_and_never_crosses():
    shown = bodies("side")
    apart = [body.legs[LEFT][2][1] - body.legs[RIGHT][2][1] for body in shown]
    left, right = np.array([soles(body) for body in shown]).T
    opening = np.gradient(apart) > 0
    assert left[opening].max() > 0.05
    assert right[opening].max() < 0.02
    assert (right - left)[~opening].max() > 0.04
    assert min(apart) > 0.05
    assert max(apart) > 0.45
