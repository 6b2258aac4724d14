"""Who performs, and the performance: one figure crossing or filling one still scene."""

import colorsys
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vidpipe.data.drawn.figures import Clothes, figure
from vidpipe.data.drawn.moves import MOVES, Move, Pose
from vidpipe.data.drawn.painting import Bone, Camera, Colour, Part, cast_shadow, paint
from vidpipe.data.drawn.scenes import HEIGHT, WIDTH, scene
from vidpipe.data.drawn.skeleton import Build, Point, Skeleton, stand

FINE = 5  # each pixel is painted as that many squared
MARGIN = 26  # pixels from the sides at which a figure turns
TURN = 0.32  # seconds
PROFILE = 82  # degrees: nearly from the side
BALL = 0.05  # radius of what is picked up, in heights of the figure
NAMES = (
    *("ada", "ben", "cleo", "dov", "eva", "finn", "gita", "hugo", "ines"),
    *("jon", "kaya", "leo", "mina", "noah", "olga", "pia", "quin", "rosa"),
    *("sami", "tara", "uma", "vera", "will", "xenia", "yuri", "zoe"),
)
SKIN = ((236, 196, 164), (226, 178, 140), (196, 144, 104), (150, 100, 68), (104, 68, 48))
HAIR = ((40, 32, 30), (92, 60, 38), (196, 152, 84), (140, 66, 34), (150, 148, 146))
TROUSERS = ((46, 58, 92), (58, 58, 62), (122, 104, 78), (84, 52, 56), (66, 84, 66), (96, 112, 140))
SHOES = ((236, 232, 226), (52, 46, 44), (176, 62, 52), (60, 92, 140))
BALLS = ((226, 92, 44), (240, 200, 60), (222, 66, 96))


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person in a place.

    Attributes:
        pace: Seconds that a cycle takes, of those common.
        ground: Row on which the feet stand.
        luck: Seed of what differs from action to action.
    """

    name: str
    build: Build
    clothes: Clothes
    pace: float
    ground: float
    place: Image.Image
    ball: Colour
    luck: tuple[int, int]


def actor(seed: int, number: int) -> Actor:
    """The actor of that number: the same however many there are."""
    traits = _traits(seed, number)

    def between(low: float, high: float) -> float:
        return low + next(traits) * (high - low)

    def one_of(choices: tuple[Colour, ...]) -> Colour:
        return choices[int(next(traits) * len(choices))]

    rounds, nth = divmod(number, len(NAMES))
    shirt = colorsys.hsv_to_rgb(next(traits), between(0.45, 0.75), between(0.5, 0.78))
    red, green, blue = (round(255 * channel) for channel in shirt)
    leg = between(0.45, 0.49)
    return Actor(
        name=NAMES[nth] + (str(rounds + 1) if rounds else ""),
        build=Build(
            height=between(86, 102),
            leg=leg,
            torso=0.765 - leg,
            arm=between(0.31, 0.34),
            shoulders=between(0.092, 0.122),
            hips=between(0.042, 0.06),
            bulk=between(0.85, 1.3),
        ),
        clothes=Clothes(
            skin=one_of(SKIN),
            hair=one_of(HAIR),
            shirt=(red, green, blue),
            trousers=one_of(TROUSERS),
            shoes=one_of(SHOES),
            sleeves=next(traits) < 0.4,
            shorts=next(traits) < 0.35,
            long_hair=next(traits) < 0.4,
        ),
        pace=between(0.88, 1.14),
        ground=between(128, 134),
        place=scene(number, np.random.default_rng((seed, number))),
        ball=BALLS[number % len(BALLS)],
        luck=(seed, number),
    )


def perform(
    actor: Actor, action: str, frames: int, fps: int
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Pictures of an actor in an action."""
    move = MOVES[action]
    random = np.random.default_rng((*actor.luck, list(MOVES).index(action)))
    phase = random.random()
    goal = 1 if random.integers(2) else -1
    heading = float(goal)
    x = WIDTH / 2 if not move.stride else random.uniform(MARGIN, WIDTH - MARGIN)
    fine = actor.place.resize((WIDTH * FINE, HEIGHT * FINE), Image.Resampling.NEAREST)
    for _ in range(frames):
        picture = fine.copy()
        _draw(picture, actor, move, phase, heading, x)
        yield np.asarray(picture.reduce(FINE))
        step = 1 / (fps * move.seconds * actor.pace)
        x += heading * move.advance(phase) * step * actor.build.height
        phase += step
        if move.stride and not MARGIN < x < WIDTH - MARGIN:
            goal = 1 if x < WIDTH / 2 else -1
        turn = 2 / (TURN * fps)
        heading += min(turn, max(-turn, goal - heading))


def _draw(
    picture: Image.Image, actor: Actor, move: Move, phase: float, heading: float, x: float
) -> None:
    pose = move.pose(phase)
    if move.facing and move.stride:  # sidesteps the other way are the same in a mirror
        pose = _blend(pose, Pose(pose.body, pose.right, pose.left), (1 - heading) / 2)
    body = stand(pose, actor.build, planted=move.planted)
    camera = Camera(
        x=x * FINE,
        y=actor.ground * FINE,
        scale=actor.build.height * FINE,
        yaw=0.0 if move.facing else PROFILE * heading,
    )
    parts = figure(body, actor.build, actor.clothes, camera)
    if move.grips:
        parts.append(_ball(move, phase, body, actor))
    cast_shadow(picture, [leg[-1] for leg in body.legs.values()], camera)
    paint(picture, parts, camera)


def _ball(move: Move, phase: float, body: Skeleton, actor: Actor) -> Part:
    """In the hands after the middle of one cycle, on the ground after that of the next."""
    if int(phase + 0.5) % 2:
        place = _hands(body)
    else:
        reached = _hands(stand(move.pose(0.5), actor.build, planted=move.planted))
        place = (reached[0], reached[1], BALL)
    return Part(0.0, [Bone([(place, BALL)], actor.ball)])


def _hands(body: Skeleton) -> Point:
    (a, b, c), (d, e, f) = (arm[-1] for arm in body.arms.values())
    return ((a + d) / 2, (b + e) / 2, (c + f) / 2)


def _blend(a: Pose, b: Pose, share: float) -> Pose:
    def mix(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
        return {joint: one[joint] + share * (other[joint] - one[joint]) for joint in one}

    return Pose(*(mix(one, other) for one, other in zip(a, b, strict=True)))


def _traits(seed: int, number: int) -> Iterator[float]:
    """Numbers of 0 to 1 that fill each trait evenly from actor to actor (a Kronecker sequence)."""
    offsets = np.random.default_rng(seed).random(64)
    squares = (p for p in range(2, 400) if all(p % d for d in range(2, p)))
    for offset, prime in zip(offsets, squares, strict=False):
        yield float((offset + number * math.sqrt(prime)) % 1.0)
