"""The nine actions of the Weizmann set as joint angles over one cycle.

In the tables a row is a joint and a column a beat, a key frame; a closed spline passes through the
beats. Angles are in degrees. Arms and legs hang straight down at 0; a positive `hip` or `arm`
swings forward, a positive `hip_out` or `arm_out` away from the body. Knees bend backward, elbows
forward; `fold` bends the elbow sideways, and `splay` moves the knee out but not the foot. `lean`
tips the spine forward, `curl` its upper half, `nod` the head; `twist` turns the shoulders. `air` is
the height of the lower foot, in heights of the figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Beats = Sequence[int | float]
Table = Mapping[str, Beats]
BODY = ("lean", "curl", "nod", "twist", "air")
LIMBS = ("hip", "hip_out", "splay", "knee", "ankle", "arm", "arm_out", "elbow", "fold")


class Pose(NamedTuple):
    """Angles of the body, and of the limbs of either side, by joint."""

    body: dict[str, float]
    left: dict[str, float]
    right: dict[str, float]

    def mirrored(self, share: float) -> "Pose":
        """Blend the pose with its mirror image: 0 is the pose, 1 has left and right exchanged."""

        def blend(a: dict[str, float], b: dict[str, float]) -> dict[str, float]:
            return {joint: a[joint] + share * (b[joint] - a[joint]) for joint in a}

        return Pose(self.body, blend(self.left, self.right), blend(self.right, self.left))


@dataclass(frozen=True, kw_only=True)
class Move:
    """One action.

    Attributes:
        seconds: Length of a cycle at an even pace.
        body: Joints of the spine.
        limbs: Joints of the right side.
        left: Joints in which the left side differs.
        alternating: The left side follows the right side by half a cycle.
        facing: The figure looks at the camera, not where it goes.
        stride: Distance per cycle, in heights of the figure.
        speed: Relative speed at each beat; constant if there is one.
        grips: The hands pick a ball up, or put it down, in the middle of each cycle.
    """

    seconds: float
    body: Table
    limbs: Table
    left: Table = field(default_factory=dict)
    alternating: bool = False
    facing: bool = False
    stride: float = 0.0
    speed: Beats = (1.0,)
    grips: bool = False

    @property
    def planted(self) -> bool:
        """True if the feet on the ground stay in place; else the hips move evenly."""
        return self.stride == 0 or len(self.speed) > 1

    def pose(self, phase: float) -> Pose:
        """Return the angles at a phase, in cycles; whole numbers are the first beat."""
        opposite = phase + self.alternating / 2
        return Pose(
            body={joint: curve(self.body.get(joint, (0,)), phase) for joint in BODY},
            left={
                joint: curve(self.left.get(joint, self.limbs.get(joint, (0,))), opposite)
                for joint in LIMBS
            },
            right={joint: curve(self.limbs.get(joint, (0,)), phase) for joint in LIMBS},
        )

    def advance(self, phase: float) -> float:
        """Return the speed at a phase, in heights per cycle."""
        return self.stride * curve(self.speed, phase) * len(self.speed) / sum(self.speed)


def curve(beats: Beats, phase: float) -> float:
    """Evaluate a closed Catmull-Rom spline through the beats, one cycle per unit of phase."""
    at = phase % 1.0 * len(beats)
    beat = int(at)
    t = at - beat
    a, b, c, d = (beats[(beat + k) % len(beats)] for k in (-1, 0, 1, 2))
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


MOVES = {
    # Bends at the hip, picks something up, stands again.
    "bend": Move(
        seconds=2.6,
        grips=True,
        #             stand      hinge      pick       rise
        body={
            "lean": (0, 8, 48, 84, 92, 74, 36, 6),
            "curl": (2, 8, 20, 30, 34, 24, 12, 2),
            "nod": (4, 12, 8, -6, -12, -6, 0, 4),
        },
        limbs={
            "hip": (1, 2, 8, 15, 17, 13, 6, 1),
            "knee": (2, 4, 14, 24, 28, 22, 10, 2),
            "ankle": (1, 2, 6, 9, 11, 9, 4, 1),
            "arm": (4, 10, 30, 16, 4, 14, 26, 12),
            "elbow": (24, 16, 8, 4, 4, 20, 40, 34),
        },
    ),
    # The jumping jack: legs apart and arms overhead, then together again.
    "jack": Move(
        seconds=0.96,
        facing=True,
        #            closed     opening    wide       closing
        body={"air": (0, 0.04, 0.05, 0.01, 0, 0.04, 0.05, 0.01)},
        limbs={
            "hip": (9, 2, 1, 5, 9, 2, 1, 5),
            "hip_out": (2, 8, 20, 27, 28, 22, 10, 3),
            "splay": (6, 1, 0, 3, 6, 1, 0, 3),
            "knee": (18, 4, 2, 10, 18, 4, 2, 10),
            "ankle": (9, -22, -26, -4, 9, -22, -26, -4),
            "arm_out": (10, 34, 92, 142, 162, 146, 92, 34),
            "elbow": (6, 4, 4, 6, 8, 6, 4, 4),
            "fold": (2, 4, 6, 10, 14, 10, 6, 4),
        },
    ),
    # Forward on both legs.
    "jump": Move(
        seconds=0.88,
        stride=0.6,
        #      crouch     leave      float      land
        speed=(0, 0, 0.5, 1, 1, 1, 0.4, 0),
        body={
            "lean": (36, 24, 8, 12, 20, 26, 26, 34),
            "curl": (8, 4, 0, 2, 6, 8, 8, 8),
            "nod": (-20, -14, -6, -8, -14, -18, -18, -20),
            "air": (0, 0, 0.01, 0.1, 0.14, 0.09, 0, 0),
        },
        limbs={
            "hip": (48, 22, -16, 6, 38, 46, 34, 46),
            "knee": (86, 44, 6, 52, 70, 44, 34, 74),
            "ankle": (36, 16, -30, -26, -6, 2, 2, 28),
            "arm": (-52, 0, 80, 112, 96, 62, 22, -26),
            "arm_out": (8, 6, 4, 4, 4, 4, 4, 6),
            "elbow": (16, 14, 14, 18, 22, 20, 14, 14),
        },
    ),
    # In place on both legs.
    "pjump": Move(
        seconds=0.84,
        facing=True,
        #            crouch     leave      float      land
        body={
            "lean": (16, 8, 0, 0, 0, 2, 6, 14),
            "nod": (-6, -4, 0, 0, 0, 0, -2, -6),
            "air": (0, 0, 0.02, 0.11, 0.15, 0.11, 0.01, 0),
        },
        limbs={
            "hip": (44, 18, 0, 4, 8, 4, 12, 36),
            "hip_out": (9, 6, 3, 2, 2, 2, 4, 8),
            "splay": (26, 12, 0, 1, 2, 1, 8, 22),
            "knee": (88, 36, 2, 8, 14, 8, 24, 72),
            "ankle": (44, 18, -34, -40, -34, -30, 12, 36),
            "arm": (-34, -6, 24, 30, 24, 14, 0, -20),
            "arm_out": (16, 18, 26, 32, 30, 24, 18, 16),
            "elbow": (24, 40, 70, 84, 76, 56, 36, 26),
        },
    ),
    # Arms bent, both feet off the ground twice per cycle.
    "run": Move(
        seconds=0.72,
        stride=1.0,
        alternating=True,
        #            contact    stance     push       swing
        body={
            "lean": (12,),
            "nod": (-8,),
            "twist": (12, 8, 0, -8, -12, -8, 0, 8),
            "air": (0.01, 0, 0, 0.035, 0.01, 0, 0, 0.035),
        },
        limbs={
            "hip": (30, 18, -2, -18, -14, 12, 40, 44),
            "knee": (20, 38, 28, 18, 50, 98, 96, 50),
            "ankle": (2, 18, 12, -20, -20, -6, 0, 2),
            "arm": (-44, -34, -6, 22, 34, 26, 0, -28),
            "arm_out": (10,),
            "elbow": (82, 78, 84, 98, 108, 104, 94, 86),
        },
    ),
    # Sidestep to its left: the left leg reaches out, the right one closes with a small hop.
    "side": Move(
        seconds=0.66,
        stride=0.46,
        facing=True,
        #            closed     reach      wide       close
        body={"lean": (3,), "air": (0.01, 0, 0, 0, 0, 0.01, 0.03, 0.025)},
        limbs={
            "hip": (8, 5, 5, 6, 12, 26, 24, 12),
            "hip_out": (3, 9, 18, 27, 28, 20, 10, 4),
            "splay": (2, 2, 2, 2, 6, 14, 12, 5),
            "knee": (16, 10, 10, 10, 26, 62, 58, 28),
            "ankle": (8, 5, 5, 4, 6, 26, 30, 14),
            "arm": (10,),
            "arm_out": (18, 24, 36, 46, 46, 36, 26, 18),
            "elbow": (44,),
            "fold": (10,),
        },
        left={
            "hip": (16, 28, 22, 8, 5, 5, 4, 6),
            "hip_out": (3, 10, 22, 28, 26, 18, 9, 3),
            "splay": (6, 14, 9, 3, 2, 2, 2, 2),
            "knee": (34, 64, 44, 12, 10, 10, 8, 14),
            "ankle": (16, 34, 20, 4, 5, 5, 4, 6),
        },
    ),
    # Heel first, arms against the legs.
    "walk": Move(
        seconds=1.08,
        stride=0.75,
        alternating=True,
        #            contact    stance     push       swing
        body={
            "lean": (4,),
            "nod": (-2,),
            "twist": (8, 6, 0, -6, -8, -6, 0, 6),
        },
        limbs={
            "hip": (27, 24, 11, -4, -15, -6, 16, 28),
            "knee": (4, 16, 12, 5, 12, 46, 58, 28),
            "ankle": (2, -4, 4, 10, 4, -16, -4, 2),
            "arm": (-26, -20, -3, 15, 25, 20, 3, -16),
            "arm_out": (6,),
            "elbow": (10, 10, 14, 24, 32, 30, 20, 12),
        },
    ),
    # The right hand, wide over the head.
    "wave1": Move(
        seconds=0.8,
        facing=True,
        #            out        in
        limbs={
            "hip_out": (4,),
            "arm_out": (112, 122, 136, 144, 146, 140, 128, 116),
            "fold": (-6, 14, 50, 78, 86, 70, 38, 6),
        },
        body={"nod": (0,)},
        left={"arm_out": (9,), "elbow": (10,), "fold": (0,)},
    ),
    # Both hands.
    "wave2": Move(
        seconds=0.96,
        facing=True,
        #            out        up
        body={"nod": (0,)},
        limbs={
            "hip_out": (5,),
            "arm_out": (84, 96, 122, 142, 148, 138, 114, 92),
            "fold": (8, 16, 34, 52, 58, 48, 28, 12),
        },
    ),
}
