"""Synthetic set: nine actions by any number of actors, drawn without a download.

The files are named and encoded as those of the Weizmann set: `<actor>_<action>.avi`, 180x144,
25 frames per second, MPEG-4 as XviD writes it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vidpipe.data.datasets.record import Video
from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.moves import MOVES
from vidpipe.data.synthetic.performance import perform
from vidpipe.data.video import XVID, encode
from vidpipe.utils.errors import UserError

FPS = 25
ACTIONS = tuple(MOVES)


def videos(
    *, seed: int, actors: int, seconds: float, folder: Path, actions: Sequence[str] = ACTIONS
) -> Iterator[Video]:
    """Draw a video of each actor in each action.

    A video depends only on the seed, its actor's number and its action. More actors or actions
    change no other video, and more seconds only prolong each.

    Args:
        seed: Seed of the cast, 0 or more.
        actors: Number of people.
        seconds: Length of each video.
        folder: Folder for the files.
        actions: A choice of `ACTIONS`.

    Raises:
        UserError: If a number is out of range, or an action is unknown or named twice.
    """
    _check(seed, actors, seconds, actions)
    # Actor by actor, so that a larger cast begins with the smaller one.
    for number in range(actors):
        person = actor(seed, number)
        for action in actions:
            name = f"{person.name}_{action}.avi"
            frames = perform(person, action, frames=round(seconds * FPS), fps=FPS)
            (folder / name).write_bytes(encode(frames, fps=FPS, encoding=XVID))
            yield Video(path=folder / name, name=name, label=action, group=person.name)


def _check(seed: int, actors: int, seconds: float, actions: Sequence[str]) -> None:
    key = "sources.clips.actions"
    if seed < 0:
        raise UserError(f"{key}.seed: expected 0 or more, got {seed}")
    if actors < 1:
        raise UserError(f"{key}.actors: expected at least one, got {actors}")
    if not 1 / FPS <= seconds <= 3600:
        raise UserError(f"{key}.seconds: expected {1 / FPS} to 3600, got {seconds}")
    if not actions or len(set(actions)) < len(actions) or not set(actions) <= set(ACTIONS):
        raise UserError(
            f"{key}.actions: expected one or more of {', '.join(ACTIONS)}, each once, "
            f"got {', '.join(actions) or 'none'}"
        )
