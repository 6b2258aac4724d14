import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.moves import BODY, LIMBS, Pose
from vidpipe.data.synthetic.skeleton import HEEL, LEFT, RIGHT, TOE, stand

BUILD = actor(0, 0).build
angles = st.floats(-180, 180)
poses = st.builds(
    Pose,
    st.fixed_dictionaries(dict.fromkeys(BODY, angles)),
    *[st.fixed_dictionaries(dict.fromkeys(LIMBS, angles))] * 2,
)


@settings(max_examples=40, deadline=None)
@given(poses, st.booleans())
def test_bones_never_stretch_and_no_foot_sinks_into_the_ground(pose: Pose, planted: bool):
    body = stand(pose, BUILD, planted=planted)
    for hip, knee, ankle, *_ in body.legs.values():
        assert math.dist(hip, knee) == pytest.approx(BUILD.leg / 2)
        assert math.dist(knee, ankle) == pytest.approx(BUILD.leg / 2)
    for shoulder, _, wrist, _ in body.arms.values():
        assert math.dist(shoulder, body.chest) == pytest.approx(BUILD.shoulders)
        assert math.dist(shoulder, wrist) <= BUILD.arm + 1e-9
    soles = [min(leg[3][2] - HEEL, leg[4][2] - TOE) for leg in body.legs.values()]
    assert min(soles) == pytest.approx(pose.body["air"])


@settings(max_examples=40, deadline=None)
@given(poses)
def test_a_mirrored_pose_exchanges_left_and_right(pose: Pose):
    assert pose.mirrored(0.0) == pose
    body, image = (stand(p, BUILD, planted=False) for p in (pose, pose.mirrored(1.0)))
    for side in (LEFT, RIGHT):
        for (forward, left, up), reflected in zip(body.legs[side], image.legs[-side], strict=True):
            assert reflected == pytest.approx((forward, -left, up))
