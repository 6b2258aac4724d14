"""Paint bodies of balls and the skin between them: project, shade, draw from back to front."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageChops
from PIL.ImageDraw import Draw, ImageDraw

from vidpipe.data.synthetic.skeleton import Point

Colour = tuple[int, int, int]
Disc = tuple[float, float, float]  # column, row and radius
TILT = 0.12  # of the camera, downward: nearer points are lower in the picture
EDGE = 0.006  # width of the dark line around limbs, in heights of the figure
EDGE_LIGHT = 0.45  # brightness of edges
LIT_SIDE = 1.13  # brightness of the side towards the light
SHADE: Colour = (30, 30, 40)
# Opacity of a shadow, from its middle outward.
SOFT = ImageChops.invert(Image.radial_gradient("L")).point(lambda value: max(0, value - 75))


@dataclass(frozen=True)
class Camera:
    """Projection of space onto the picture, and direction of the figure.

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

    def nearer(self, point: Point, than: Point = (0.0, 0.0, 0.0)) -> float:
        """Return by how much a point is nearer than another, in heights of the figure."""
        yaw = math.radians(self.yaw)
        return (point[0] - than[0]) * math.cos(yaw) - (point[1] - than[1]) * math.sin(yaw)

    def see(self, point: Point) -> tuple[float, float]:
        """Project a point to column and row."""
        yaw = math.radians(self.yaw)
        across = point[0] * math.sin(yaw) + point[1] * math.cos(yaw)
        down = TILT * self.nearer(point) - point[2]
        return self.x + self.scale * across, self.y + self.scale * down


class Bone(NamedTuple):
    """Balls in space with their radii, and the skin between; three or more span a polygon."""

    balls: Sequence[tuple[Point, float]]
    colour: Colour


class Part(NamedTuple):
    """Bones with one edge around all of them, so that no joint shows; nearer parts hide others."""

    nearness: float
    bones: Sequence[Bone]
    edged: bool = True


def paint(picture: Image.Image, parts: Iterable[Part], camera: Camera) -> None:
    """Paint parts from back to front: a dark edge, the colour, and light from the upper left."""
    draw = Draw(picture)
    for part in sorted(parts, key=lambda part: part.nearness):
        # The edges of all bones first, so that none covers a neighbour's colour.
        for bone in part.bones if part.edged else ():
            _blob(draw, _discs(bone, camera, grow=EDGE), dimmed(bone.colour, EDGE_LIGHT))
        for bone in part.bones:
            _blob(draw, _discs(bone, camera), bone.colour)
            _blob(draw, _discs(bone, camera, shift=0.3, size=0.45), dimmed(bone.colour, LIT_SIDE))


def cast_shadow(picture: Image.Image, toes: Sequence[Point], camera: Camera) -> None:
    """Darken the ground below the toes; the higher they are, the narrower the shadow."""
    # The shadow spans the toes, and shrinks as they rise.
    columns = [camera.see((forward, left, 0.0))[0] for forward, left, _ in toes]
    centre = sum(columns) / len(columns)
    spread = (max(columns) - min(columns)) / 2
    across = spread + (0.17 - 0.3 * min(up for _, _, up in toes)) * camera.scale
    down = 0.045 * camera.scale
    left, top, right, bottom = _rounded(
        (centre - across, camera.y - down, centre + across, camera.y + down)
    )
    picture.paste(SHADE, (left, top), SOFT.resize((right - left, bottom - top)))


def dimmed(colour: Colour, light: float) -> Colour:
    """Multiply a colour by a brightness."""
    red, green, blue = (min(255, round(channel * light)) for channel in colour)
    return red, green, blue


def _discs(
    bone: Bone, camera: Camera, *, grow: float = 0.0, shift: float = 0.0, size: float = 1.0
) -> Iterator[Disc]:
    """Project balls to discs, grown, shifted to the light by a share of the radius, or resized."""
    for point, radius in bone.balls:
        x, y = camera.see(point)
        r = radius * camera.scale
        yield x - shift * r, y - shift * r, r * size + grow * camera.scale


def _blob(draw: ImageDraw, discs: Iterable[Disc], colour: Colour) -> None:
    """Draw discs, the skin between neighbours, and the polygon that they span."""
    discs = list(discs)
    neighbours = discs[1:]
    for x, y, r in discs:
        draw.ellipse(_rounded((x - r, y - r, x + r, y + r)), colour)
    if len(discs) > 2:
        draw.polygon(_rounded(c for x, y, _ in discs for c in (x, y)), colour)
        neighbours.append(discs[0])
    for (x, y, r), (u, v, s) in zip(discs, neighbours, strict=False):
        length = math.hypot(u - x, v - y)
        if length > 0:
            # (a, b) is the unit normal of the line between the two middles.
            a = (y - v) / length
            b = (u - x) / length
            one_side = (x + a * r, y + b * r, u + a * s, v + b * s)
            other_side = (u - a * s, v - b * s, x - a * r, y - b * r)
            draw.polygon(_rounded((*one_side, *other_side)), colour)


def _rounded(coordinates: Iterable[float]) -> list[int]:
    """Round coordinates, for the last bit of a sine depends on the processor."""
    return [round(c) for c in coordinates]
