"""Draw the actors: people of different build, clothes and pace, each in a scene of their own."""

import colorsys
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vidpipe.data.synthetic.figures import Clothes
from vidpipe.data.synthetic.painting import Colour
from vidpipe.data.synthetic.scenes import scene
from vidpipe.data.synthetic.skeleton import Build

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
    """A person in a scene.

    Attributes:
        name: Name of the person.
        build: Measures of the body.
        clothes: Colours of the figure.
        pace: Length of a cycle, relative to that of the move.
        ground: Row on which the feet stand.
        scene: Picture of the place.
        ball: Colour of the ball that is picked up.
        seed: Seed of what varies from action to action.
    """

    name: str
    build: Build
    clothes: Clothes
    pace: float
    ground: float
    scene: Image.Image
    ball: Colour
    seed: tuple[int, int]


def actor(seed: int, number: int) -> Actor:
    """Draw the actor of that number, which depends on no other actor."""
    traits = _traits(seed, number)

    def between(low: float, high: float) -> float:
        return low + next(traits) * (high - low)

    def one_of(choices: tuple[Colour, ...]) -> Colour:
        return choices[int(next(traits) * len(choices))]

    # The order of the traits is part of the data set.
    repetition, index = divmod(number, len(NAMES))
    shirt = colorsys.hsv_to_rgb(next(traits), between(0.45, 0.75), between(0.5, 0.78))
    red, green, blue = (round(255 * channel) for channel in shirt)
    # Longer legs go with a shorter torso.
    leg = between(0.45, 0.49)
    return Actor(
        name=NAMES[index] + (str(repetition + 1) if repetition else ""),
        build=Build(
            height=between(86.0, 102.0),
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
        ground=between(128.0, 134.0),
        scene=scene(number, np.random.default_rng((seed, number))),
        ball=BALLS[number % len(BALLS)],
        seed=(seed, number),
    )


def _traits(seed: int, number: int) -> Iterator[float]:
    """Yield numbers in 0 to 1, by Kronecker sequences, which spread each trait over the actors."""
    # Multiples of irrational numbers, modulo 1: square roots of primes.
    offsets = np.random.default_rng(seed).random(64)
    primes = (p for p in range(2, 400) if all(p % d for d in range(2, p)))
    for offset, prime in zip(offsets, primes, strict=False):
        yield float((offset + number * math.sqrt(prime)) % 1.0)
