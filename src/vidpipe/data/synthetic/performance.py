"""Draw an actor in an action: one figure that stands in or crosses one still scene."""

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

SUPERSAMPLING = 5  # factor in width and height at which pictures are painted
MARGIN = 38  # pixels from the sides at which a figure turns
TURN = 0.32  # seconds that a turn takes
PROFILE = 82  # degrees: nearly from the side
BALL = 0.05  # radius of the ball, in heights of the figure


def perform(
    actor: Actor, action: str, *, frames: int, fps: int
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Draw an actor in an action, from a random phase, place and direction.

    Args:
        actor: The person and the scene.
        action: One of `MOVES`.
        frames: Number of pictures; a longer video begins with the pictures of a shorter one.
        fps: Pictures per second.
    """
    move = MOVES[action]
    rng = np.random.default_rng((*actor.seed, list(MOVES).index(action)))
    phase = rng.random()
    goal = 1 if rng.integers(2) else -1  # walk to the right or left side
    x = rng.uniform(MARGIN, WIDTH - MARGIN) if move.stride else WIDTH / 2
    heading = float(goal)
    size = (WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING)
    scene = actor.scene.resize(size, Image.Resampling.NEAREST)
    for _ in range(frames):
        picture = _draw(scene.copy(), actor, move, phase, heading, x)
        yield np.asarray(picture.reduce(SUPERSAMPLING))
        # Advance by one frame; near a side, turn round within `TURN` seconds.
        step = 1 / (fps * move.seconds * actor.pace)
        x += heading * move.advance(phase) * step * actor.build.height
        phase += step
        if move.stride and not MARGIN < x < WIDTH - MARGIN:
            goal = 1 if x < WIDTH / 2 else -1
        turn = 2 / (TURN * fps)
        heading += min(turn, max(-turn, goal - heading))


def _draw(
    picture: Image.Image, actor: Actor, move: Move, phase: float, heading: float, x: float
) -> Image.Image:
    """Paint the figure at one moment onto the scene."""
    pose = move.pose(phase)
    if move.facing and move.stride:  # a sidestep to the other side is the mirror image
        pose = pose.mirrored((1 - heading) / 2)
    body = stand(pose, actor.build, planted=move.planted)
    camera = Camera(
        x=x * SUPERSAMPLING,
        y=actor.ground * SUPERSAMPLING,
        scale=actor.build.height * SUPERSAMPLING,
        yaw=0.0 if move.facing else PROFILE * heading,
    )
    parts = figure(body, actor.build, actor.clothes, camera)
    if move.grips:
        in_hands = int(phase + 0.5) % 2 == 1
        centre = _between_hands(body) if in_hands else _ball_on_ground(actor, move)
        parts.append(Part(0.0, [Bone([(centre, BALL)], actor.ball)]))
    cast_shadow(picture, [leg[-1] for leg in body.legs.values()], camera)
    paint(picture, parts, camera)
    return picture


def _ball_on_ground(actor: Actor, move: Move) -> Point:
    """Return the point where the hands reach the ground, halfway through a cycle."""
    forward, left, _ = _between_hands(stand(move.pose(0.5), actor.build, planted=move.planted))
    return forward, left, BALL


def _between_hands(body: Skeleton) -> Point:
    """Return the middle between the hands."""
    forward, left, up = (
        (a + b) / 2 for a, b in zip(*(arm[-1] for arm in body.arms.values()), strict=True)
    )
    return forward, left, up
