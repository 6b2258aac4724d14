"""Place the joints of a body in space from their angles.

The axes are forward, left (of the figure) and up, in heights of the figure; the ground is at 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vidpipe.data.synthetic.moves import Pose

Point = tuple[float, float, float]
LEFT, RIGHT = 1, -1
HEAD = 0.068  # radius
NECK = 0.125  # from the shoulders to the middle of the head
HEEL, TOE = 0.018, 0.014  # thickness of the sole


@dataclass(frozen=True, kw_only=True)
class Build:
    """Measures of a body, in shares of its height.

    Attributes:
        height: Pixels.
        leg: Hip to ankle.
        torso: Hip to shoulder.
        arm: Shoulder to wrist.
        shoulders: From the spine to a shoulder.
        hips: From the spine to a hip.
        bulk: Factor of all thicknesses.
    """

    height: float
    leg: float
    torso: float
    arm: float
    shoulders: float
    hips: float
    bulk: float


class Skeleton(NamedTuple):
    """Joints in space; the nose gives the direction of the face.

    Legs (hip, knee, ankle, heel, toe) and arms (shoulder, elbow, wrist, hand) are by side.
    """

    hips: Point
    waist: Point
    chest: Point
    head: Point
    nose: Point
    legs: dict[int, list[Point]]
    arms: dict[int, list[Point]]


def stand(pose: Pose, build: Build, *, planted: bool) -> Skeleton:
    """Put a body on the ground.

    Args:
        pose: Angles of the joints.
        build: Measures of the body.
        planted: The origin is between the feet; else below the hips.
    """
    body = pose.body
    sides = {LEFT: pose.left, RIGHT: pose.right}
    legs = {side: _leg(angles, build, side) for side, angles in sides.items()}
    # Put the lower foot on the ground, or as high as the pose says.
    lowest = min(min(leg[3][2] - HEEL, leg[4][2] - TOE) for leg in legs.values())
    feet = sum(leg[2][0] for leg in legs.values()) / 2
    hips = (-feet if planted else 0.0, 0.0, body["air"] - lowest)
    # The spine: hips, waist, chest and head.
    bent = body["lean"] + body["curl"]
    waist = _step(hips, 0.4 * build.torso, 180 - body["lean"])
    chest = _step(waist, 0.6 * build.torso, 180 - bent)
    head = _step(chest, NECK, 180 - bent - body["nod"])
    return Skeleton(
        hips=hips,
        waist=waist,
        chest=chest,
        head=head,
        nose=_step(head, HEAD, 90 - bent - body["nod"]),
        legs={side: [_add(hips, point) for point in leg] for side, leg in legs.items()},
        arms={
            side: _arm(angles, build, side, _shoulder(chest, build, side * body["twist"], side))
            for side, angles in sides.items()
        },
    )


def _leg(angles: Mapping[str, float], build: Build, side: int) -> Sequence[Point]:
    """Return the joints of a leg, relative to the middle of the hips."""
    # `splay` turns the thigh out and the shin back in, so that the foot stays.
    out, back = (side * (angles["hip_out"] + sign * angles["splay"]) for sign in (1, -1))
    shin = angles["hip"] - angles["knee"]
    foot = shin + 90 + angles["ankle"]
    hip = (0.0, side * build.hips, 0.0)
    knee = _step(hip, 0.5 * build.leg, angles["hip"], out)
    ankle = _step(knee, 0.5 * build.leg, shin, back)
    heel = _step(ankle, 0.032, foot - 128)
    return [hip, knee, ankle, heel, _step(heel, 0.115, foot, side * 12.0)]


def _shoulder(chest: Point, build: Build, forward: float, side: int) -> Point:
    turn = math.radians(forward)
    ahead = build.shoulders * math.sin(turn)
    across = build.shoulders * math.cos(turn)
    return _add(chest, (ahead, side * across, 0.0))


def _arm(angles: Mapping[str, float], build: Build, side: int, shoulder: Point) -> list[Point]:
    upper = angles["arm"]
    lower = angles["arm"] + angles["elbow"]
    out = side * angles["arm_out"]
    fold = side * (angles["arm_out"] + angles["fold"])
    elbow = _step(shoulder, 0.52 * build.arm, upper, out)
    wrist = _step(elbow, 0.48 * build.arm, lower, fold)
    return [shoulder, elbow, wrist, _step(wrist, 0.03, lower, fold)]


def _step(start: Point, length: float, swing: float, out: float = 0.0) -> Point:
    """Go down by a length, in a direction swung forward and to the left by degrees."""
    forward = math.radians(swing)
    left = math.radians(out)
    down = length * math.cos(left)
    return _add(
        start, (down * math.sin(forward), length * math.sin(left), -down * math.cos(forward))
    )


def _add(a: Point, b: Point) -> Point:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
