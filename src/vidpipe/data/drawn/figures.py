"""From joints to a shaded body on a picture, painted from back to front."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL.ImageDraw import ImageDraw

from vidpipe.data.drawn.skeleton import HEAD, LEFT, RIGHT, Build, Point, Skeleton

Colour = tuple[int, int, int]
TILT = 0.12  # how far the camera looks down: what is nearer stands lower


@dataclass(frozen=True, kw_only=True)
class Clothes:
    """Colours, and how far cloth and hair reach.

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


@dataclass(frozen=True)
class Camera:
    """Where the origin is on the picture, and how the figure is turned.

    Attributes:
        x: Column of the origin.
        y: Row of the ground there.
        scale: Pixels per height of the figure.
        yaw: Degrees; 0 faces the camera, 90 looks to the right of the picture.
    """

    x: float
    y: float
    scale: float
    yaw: float

    def depth(self, point: Point) -> float:
        """How much nearer than the origin, in heights of the figure."""
        yaw = math.radians(self.yaw)
        return point[0] * math.cos(yaw) - point[1] * math.sin(yaw)

    def see(self, point: Point) -> tuple[float, float]:
        """Column and row."""
        yaw = math.radians(self.yaw)
        across = point[0] * math.sin(yaw) + point[1] * math.cos(yaw)
        down = TILT * self.depth(point) - point[2]
        return self.x + self.scale * across, self.y + self.scale * down


class Bone(NamedTuple):
    """Balls in space, skin stretched over them: two are a limb, more a closed outline."""

    balls: Sequence[tuple[Point, float]]
    colour: Colour


Part = list[Bone]  # what is edged and shaded as one, its joints smooth


def paint(draw: ImageDraw, body: Skeleton, build: Build, clothes: Clothes, camera: Camera) -> None:
    """Draw a figure.

    Args:
        draw: The picture.
        body: Joints.
        build: Thickness.
        clothes: Colours.
        camera: Place and direction.
    """
    near_first = RIGHT if camera.yaw > 0 else LEFT
    far, near = -near_first, near_first
    turned = abs(math.sin(math.radians(camera.yaw)))
    parts: list[tuple[float, Part]] = []
    for side in (far, near):
        shade = 1 - 0.25 * turned * (side == far)
        parts.append((camera.depth(body.legs[side][1]), leg(body, build, clothes, side, shade)))
        parts.append((camera.depth(body.arms[side][1]), arm(body, build, clothes, side, shade)))
    parts.append((0.0, torso(body, build, clothes)))
    parts.append((0.001, head(body, clothes)))
    for _, part in sorted(parts, key=lambda part: part[0]):
        _paint_part(draw, part, camera)


def leg(body: Skeleton, build: Build, clothes: Clothes, side: int, shade: float) -> Part:
    """Thigh, shin and shoe."""
    hip, knee, ankle, heel, toe = body.legs[side]
    b = build.bulk
    trousers, shoes = _dim(clothes.trousers, shade), _dim(clothes.shoes, shade)
    shin = _dim(clothes.skin, shade) if clothes.shorts else trousers
    thin = 0.82 if clothes.shorts else 1.0
    return [
        Bone([(knee, 0.036 * b * thin), (ankle, 0.024 * b * thin)], shin),
        Bone([(heel, 0.02), (toe, 0.017)], shoes),
        Bone([(hip, 0.054 * b), (knee, 0.038 * b)], trousers),
    ]


def arm(body: Skeleton, build: Build, clothes: Clothes, side: int, shade: float) -> Part:
    """Upper arm, lower arm and hand."""
    shoulder, elbow, wrist, hand = body.arms[side]
    b = build.bulk
    shirt, skin = _dim(clothes.shirt, shade), _dim(clothes.skin, shade)
    return [
        Bone([(hand, 0.025), (wrist, 0.02)], skin),
        Bone([(elbow, 0.025 * b), (wrist, 0.019 * b)], shirt if clothes.sleeves else skin),
        Bone([(shoulder, 0.036 * b), (elbow, 0.028 * b)], shirt),
    ]


def torso(body: Skeleton, build: Build, clothes: Clothes) -> Part:
    """Trousers up to the belt, and the shirt."""
    b = build.bulk
    seat = [(body.legs[side][0], 0.055 * b) for side in (LEFT, RIGHT)]
    belt = [(_between(body.waist, body.legs[side][0], 0.35), 0.05 * b) for side in (RIGHT, LEFT)]
    waist = [(_between(body.waist, body.legs[side][0], 0.2), 0.052 * b) for side in (LEFT, RIGHT)]
    ribs = [(_between(body.chest, body.arms[side][0], 0.75), 0.05 * b) for side in (RIGHT, LEFT)]
    return [
        Bone([(body.chest, 0.028), (body.head, 0.028)], clothes.skin),
        Bone([*seat, *belt], clothes.trousers),
        Bone([*waist, *belt], clothes.shirt),
        Bone([*waist, *ribs], clothes.shirt),
    ]


def head(body: Skeleton, clothes: Clothes) -> Part:
    """Hair, face and nose."""
    chin = _between(body.head, body.chest, 0.3)
    face = _between(body.head, body.nose, 0.35)
    jaw = _between(chin, body.nose, 0.35)
    hair = [Bone([(body.head, HEAD), (body.head, HEAD)], clothes.hair)]
    if clothes.long_hair:
        back = _between(_between(body.head, body.chest, 0.75), body.nose, -0.4)
        hair.append(Bone([(body.head, HEAD), (back, 0.04)], clothes.hair))
    return [
        *hair,
        Bone([(face, HEAD * 0.82), (jaw, HEAD * 0.7)], clothes.skin),
        Bone([(_between(body.head, body.nose, 1.12), 0.012)] * 2, clothes.skin),
    ]


def _paint_part(draw: ImageDraw, part: Part, camera: Camera) -> None:
    edge = 0.006 * camera.scale
    for grow, shift, size, light in ((edge, 0.0, 1.0, 0.45), (0, 0, 1, 1), (0, 0.3, 0.45, 1.16)):
        for bone in part:
            discs = []
            for point, radius in bone.balls:
                x, y = camera.see(point)
                r = radius * camera.scale
                discs.append((x - shift * r, y - shift * r, r * size + grow))
            _blob(draw, discs, _dim(bone.colour, light))


def _blob(draw: ImageDraw, discs: Sequence[tuple[float, float, float]], colour: Colour) -> None:
    """Discs, what lies between neighbours, and what they enclose."""
    for x, y, r in discs:
        draw.ellipse(_whole((x - r, y - r, x + r, y + r)), colour)
    for (x, y, r), (u, v, s) in zip(discs, [*discs[1:], discs[0]], strict=True):
        length = math.hypot(u - x, v - y)
        if length > 0:
            a, b = (y - v) / length, (u - x) / length  # across
            corners = (x + a * r, y + b * r, u + a * s, v + b * s)
            draw.polygon(_whole((*corners, u - a * s, v - b * s, x - a * r, y - b * r)), colour)
    if len(discs) > 2:
        draw.polygon(_whole([c for x, y, _ in discs for c in (x, y)]), colour)


def _whole(coordinates: Iterable[float]) -> list[int]:
    """Rounded, so that the last bit of a sine, which processors differ in, changes nothing."""
    return [round(c) for c in coordinates]


def _between(a: Point, b: Point, share: float) -> Point:
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
    )


def _dim(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(channel * light)) for channel in colour)
    return red, green, blue
