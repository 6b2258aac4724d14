"""An actor in an action: one figure that fills or crosses one still scene."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vidpipe.data.synthetic.cast import Actor
from vidpipe.data.synthetic.figures import figure
from vidpipe.data.synthetic.moves import MOVES, Move
from vidpipe.data.synthetic.painting import Bone, Camera, Part, cast_shadow, paint
from vidpipe.data.synthetic.scenes import HEIGHT, WIDTH
from vidpipe.data.synthetic.skeleton import Point, Skeleton, stand

FINE = 5  # each pixel is painted as that many squared
MARGIN = 38  # pixels from the sides at which a figure turns
TURN = 0.32  # seconds
PROFILE = 82  # degrees: nearly from the side
BALL = 0.05  # radius of what is picked up, in heights of the figure


def perform(
    actor: Actor, action: str, *, frames: int, fps: int
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Draw an actor in an action, from a beat and a side that luck chooses.

    Args:
        actor: Who, and where.
        action: One of `MOVES`.
        frames: How many pictures; more of them begin with the same ones.
        fps: Pictures per second.
    """
    move = MOVES[action]
    luck = np.random.default_rng((*actor.luck, list(MOVES).index(action)))
    phase = luck.random()
    goal = 1 if luck.integers(2) else -1  # the side to go to
    x = luck.uniform(MARGIN, WIDTH - MARGIN) if move.stride else WIDTH / 2
    heading = float(goal)
    place = actor.place.resize((WIDTH * FINE, HEIGHT * FINE), Image.Resampling.NEAREST)
    for _ in range(frames):
        yield np.asarray(_draw(place.copy(), actor, move, phase, heading, x).reduce(FINE))
        step = 1 / (fps * move.seconds * actor.pace)
        x += heading * move.advance(phase) * step * actor.build.height
        phase += step
        if move.stride and not MARGIN < x < WIDTH - MARGIN:
            goal = 1 if x < WIDTH / 2 else -1
        turn = 2 / (TURN * fps)
        heading += min(turn, max(-turn, goal - heading))


def _draw(
    place: Image.Image, actor: Actor, move: Move, phase: float, heading: float, x: float
) -> Image.Image:
    pose = move.pose(phase)
    if move.facing and move.stride:  # to the other side it is the same in a mirror
        pose = pose.mirrored((1 - heading) / 2)
    body = stand(pose, actor.build, planted=move.planted)
    camera = Camera(
        x=x * FINE,
        y=actor.ground * FINE,
        scale=actor.build.height * FINE,
        yaw=0.0 if move.facing else PROFILE * heading,
    )
    parts = figure(body, actor.build, actor.clothes, camera)
    if move.grips:
        held = int(phase + 0.5) % 2 == 1
        spot = _hands(body) if held else _spot(actor, move)
        parts.append(Part(0.0, [Bone([(spot, BALL)], actor.ball)]))
    cast_shadow(place, [leg[-1] for leg in body.legs.values()], camera)
    paint(place, parts, camera)
    return place


def _spot(actor: Actor, move: Move) -> Point:
    """Where the hands reach the ground, halfway through a cycle."""
    forward, left, _ = _hands(stand(move.pose(0.5), actor.build, planted=move.planted))
    return forward, left, BALL


def _hands(body: Skeleton) -> Point:
    """Between the two."""
    forward, left, up = (
        (a + b) / 2 for a, b in zip(*(arm[-1] for arm in body.arms.values()), strict=True)
    )
    return forward, left, up
