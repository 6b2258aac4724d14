"""Build a person of painted parts around a skeleton."""

from dataclasses import dataclass

from vidpipe.data.synthetic.painting import Bone, Camera, Colour, Part, dimmed
from vidpipe.data.synthetic.skeleton import HEAD, LEFT, NECK, RIGHT, Build, Point, Skeleton

EYES: Colour = (40, 32, 32)


@dataclass(frozen=True, kw_only=True)
class Clothes:
    """Colours, and the lengths of clothes and hair.

    Attributes:
        sleeves: The shirt covers the lower arm too.
        shorts: The trousers end at the knee.
        long_hair: The hair covers the neck.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    sleeves: bool
    shorts: bool
    long_hair: bool


def figure(body: Skeleton, build: Build, clothes: Clothes, camera: Camera) -> list[Part]:
    """Return all parts of a person; from the side, the far arm and leg are shaded."""
    parts = [*_trunk(body, build, clothes, camera), *_head(body, clothes, camera)]
    # Limbs: shade the far side; order arms and legs by their nearness to the trunk.
    for side in (LEFT, RIGHT):
        light = 1 + 0.25 * min(0.0, camera.nearer((0.0, float(side), 0.0)))
        hip = body.legs[side][0]
        elbow = body.arms[side][1]
        for nearness, bones in (
            (camera.nearer(hip, than=body.hips), _leg(body, build, clothes, side)),
            (camera.nearer(elbow, than=body.chest) + 0.002, _arm(body, build, clothes, side)),
        ):
            lit = [Bone(bone.balls, dimmed(bone.colour, light)) for bone in bones]
            parts.append(Part(nearness, lit))
    return parts


def _leg(body: Skeleton, build: Build, clothes: Clothes, side: int) -> list[Bone]:
    hip, knee, ankle, heel, toe = body.legs[side]
    b = build.bulk
    shin, thin = (clothes.skin, 0.82 * b) if clothes.shorts else (clothes.trousers, b)
    return [
        Bone([(knee, 0.036 * thin), (ankle, 0.024 * thin)], shin),
        Bone([(heel, 0.02), (toe, 0.017)], clothes.shoes),
        Bone([(hip, 0.054 * b), (knee, 0.038 * b)], clothes.trousers),
    ]


def _arm(body: Skeleton, build: Build, clothes: Clothes, side: int) -> list[Bone]:
    shoulder, elbow, wrist, hand = body.arms[side]
    b = build.bulk
    sleeve = clothes.shirt if clothes.sleeves else clothes.skin
    return [
        Bone([(wrist, 0.02), (hand, 0.026)], clothes.skin),
        Bone([(elbow, 0.027 * b), (wrist, 0.021 * b)], sleeve),
        Bone([(shoulder, 0.038 * b), (elbow, 0.03 * b)], clothes.shirt),
    ]


def _trunk(body: Skeleton, build: Build, clothes: Clothes, camera: Camera) -> list[Part]:
    b = build.bulk
    over = abs(camera.nearer((0.0, build.hips, 0.0))) + 0.001  # the shirt hangs over both legs
    # The outline of the shirt: down on the left, up on the right.
    shirt = []
    for side in (LEFT, RIGHT):
        hip, shoulder = body.legs[side][0], body.arms[side][0]
        ribs = (_between(body.chest, shoulder, 0.75), 0.05 * b)
        waist = (_between(body.waist, hip, 0.2), 0.052 * b)
        hem = (_between(hip, body.waist, 0.15), 0.058 * b)
        shirt += [ribs, waist, hem][::side]
    seat = [(body.legs[side][0], 0.055 * b) for side in (LEFT, RIGHT)]
    return [
        Part(-0.002, [Bone([(body.chest, 0.03), (body.head, 0.03)], clothes.skin)]),
        Part(-0.001, [Bone(seat, clothes.trousers)]),
        Part(over, [Bone(shirt, clothes.shirt)]),
    ]


def _head(body: Skeleton, clothes: Clothes, camera: Camera) -> list[Part]:
    def at(ahead: float, below: float, left: float = 0.0) -> Point:
        """Return a point given in radii ahead of, below and left of the middle of the head."""
        sideways = (body.head[0], body.head[1] + left * HEAD, body.head[2])
        forward = _moved(sideways, body.head, body.nose, ahead)
        return _moved(forward, body.head, body.chest, below * HEAD / NECK)

    crown = at(-0.05, -0.1)
    back = at(-0.2, 0.0)
    nape = at(-0.4, 1.4)
    nose_tip = at(1.05, 0.32)
    # Face, eyes and nose are drawn over the hair, without an edge.
    face = Bone([(at(0.3, 0.22), 0.8 * HEAD), (at(0.36, 0.5), 0.66 * HEAD)], clothes.skin)
    eyes = [at(0.86, 0.08, 0.36 * side) for side in (LEFT, RIGHT)]
    visible_eyes = [eye for eye in eyes if camera.nearer(eye, than=body.head) > 0]
    long_hair = Bone([(back, 0.8 * HEAD), (nape, 0.7 * HEAD)], clothes.hair)
    return [
        *([Part(camera.nearer(nape, than=body.head), [long_hair])] if clothes.long_hair else []),
        Part(0.001, [Bone([(crown, HEAD)], clothes.hair)]),
        Part(0.002, [face, Bone([(nose_tip, 0.013)], clothes.skin)], edged=False),
        Part(0.003, [Bone([(eye, 0.009)], EYES) for eye in visible_eyes], edged=False),
    ]


def _between(a: Point, b: Point, share: float) -> Point:
    return _moved(a, a, b, share)


def _moved(point: Point, a: Point, b: Point, share: float) -> Point:
    """Move a point by a share of the way from `a` to `b`."""
    forward, left, up = (p + share * (v - u) for p, u, v in zip(point, a, b, strict=True))
    return forward, left, up
