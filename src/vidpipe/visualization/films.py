"""What a GAN of clips is shown by: walls, sheets and walks through noise, as files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from vidpipe.data.clips import Stretches
from vidpipe.data.video import encode
from vidpipe.evaluation.clip_measures import Clips, Measured, Pictures
from vidpipe.models.clip_sampling import ClipMaker
from vidpipe.models.shapes import Labels as Label
from vidpipe.visualization.sheets import gif, grid, png

Clip = UInt8[np.ndarray, "t h w 3"]
Page = UInt8[np.ndarray, "height width 3"]

TILE = 112  # pixels of a side, on a page
WALL = 4  # rows and columns
ROWS = 6  # of clips on the sheet
WALKS, STEPS = 4, 8  # through noise: how many, and clips of each
COLOURS = 256
LOOPS = 4  # of an mp4, which players do not repeat
MOST = 9  # actions side by side


@dataclass(frozen=True)
class Show:
    """What there is to be shown.

    Attributes:
        make: Makes more clips.
        made: What was scored.
        seen: Real clips that training saw.
        named: What `made` was to show, label by label, if the noise says so.
        given: Pictures that `made` were made from, if the generator takes any.
        unseen: Others, that training did not see if there are such.
        actions: Names of the labels.
        fps: Frames per second.
        rng: Of what is made for show alone.
    """

    make: ClipMaker
    made: Measured
    seen: Stretches
    named: Label | None
    given: Pictures
    unseen: Pictures
    actions: list[str]
    fps: int
    rng: torch.Generator


def draw(show: Show) -> dict[str, bytes]:
    """Files by name."""
    files = {
        **film("samples", wall(show.made.clips[: WALL**2]), show.fps),
        **film("walk", walk(show.make, WALKS, show.rng, show.unseen), show.fps),
        "samples.png": png(sheet(show)),
        "real_and_made.gif": gif(real_and_made(show), fps=show.fps, colours=COLOURS),
    }
    if show.make.generator.from_picture:
        files["one_image.gif"] = gif(one_picture(show), fps=show.fps, colours=COLOURS)
    if pages := parts(show):
        files["parts.gif"] = gif(pages, fps=show.fps, colours=COLOURS)
        files["parts.png"] = png(pages[len(pages) // 2])
    return files


def film(name: str, pages: list[Page], fps: int) -> dict[str, bytes]:
    """Pages as GIF and as MP4."""
    return {
        f"{name}.gif": gif(pages, fps=fps, colours=COLOURS),
        f"{name}.mp4": encode(pages * LOOPS, fps=fps),
    }


def playing(
    rows: Sequence[Sequence[Clip]],
    *,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    tile: int = TILE,
) -> list[Page]:
    """Pages on which clips of one length play all at once."""
    return [
        grid([[clip[t] for clip in row] for row in rows], names=names, columns=columns, tile=tile)
        for t in range(len(rows[0][0]))
    ]


def wall(clips: Clips, *, tile: int = TILE) -> list[Page]:
    """All clips, in a square as near as can be."""
    across = math.ceil(math.sqrt(len(clips)))
    shown = coloured(clips)
    return playing([shown[i : i + across] for i in range(0, len(shown), across)], tile=tile)


def sheet(show: Show) -> Page:
    """A clip in each row, frame by frame: a real one, and what was made."""
    middle = len(show.seen) // 2
    real = torch.from_numpy(show.seen.pixels[middle : middle + 1])
    clips = torch.cat([real, show.made.clips[:ROWS]])
    made = [f"made {n}" for n in range(1, len(clips))]
    if show.named is not None:
        made = [show.actions[label] for label in show.named[:ROWS]]
    return by_frame(clips, names=["real", *made])


def by_frame(clips: Clips, *, names: Sequence[str] = (), tile: int = TILE) -> Page:
    """A clip in each row, a frame in each column."""
    columns = [f"frame {t}" for t in range(1, clips.shape[1] + 1)]
    return grid([list(clip) for clip in coloured(clips)], names=names, columns=columns, tile=tile)


def walk(
    make: ClipMaker, count: int, rng: torch.Generator, given: Pictures, *, tile: int = TILE
) -> list[Page]:
    """In each row the noise turns from one place to another; the picture, if any, stays."""
    steps = make.generator.prior.walk(count, stops=2, between=STEPS - 1, rng=rng)[:STEPS]
    clips = [coloured(make(noise, given[torch.arange(count) % len(given)])) for noise in steps]
    return playing(list(zip(*clips, strict=True)), tile=tile)


def real_and_made(show: Show) -> list[Page]:
    """For each action a real clip, each by another actor, and the first two that were made of it.

    Where noise names no action, the first two that the judge finds likeliest to be it.
    """
    judged = show.made.judged
    assert judged
    named = (judged.label if show.named is None else show.named).cpu().numpy()
    chosen = np.unique(show.seen.label)[:MOST]
    real = [np.flatnonzero(show.seen.label == action) for action in chosen]
    rows = [[show.seen.pixels[own[apart(len(own), len(chosen))[n]]] for n, own in enumerate(real)]]
    blank = np.full(rows[0][0].shape, 255, np.uint8)
    for nth in range(2):
        found = [np.flatnonzero(named == action)[nth : nth + 1] for action in chosen]
        rows.append([show.made.clips[one[0]].numpy() if len(one) else blank for one in found])
    shown = [coloured(torch.from_numpy(np.stack(row))) for row in rows]
    names = [show.actions[action] for action in chosen]
    return playing(shown, names=["real", "made", "made"], columns=names)


def one_picture(show: Show) -> list[Page]:
    """A picture in each row, and how it goes on with some noises, the same in all rows."""
    noise = show.make.generator.prior.draw(WALL, show.rng)
    rows = []
    for picture in show.unseen[apart(len(show.unseen), WALL - 1)]:
        still = picture.expand(1, show.make.generator.frames, *picture.shape)
        made = show.make(noise, picture.expand(WALL, *picture.shape))
        rows.append(coloured(torch.cat([still, made])))
    return playing(rows, columns=["picture", *(f"noise {n}" for n in range(1, WALL + 1))])


def parts(show: Show) -> list[Page]:
    """In each row a clip and what it is put together from; no pages if it is made in one."""
    noise = show.make.generator.prior.draw(WALL, show.rng)
    given = show.given[:1].expand(WALL, -1, -1, -1)
    found = show.make.apart(noise, given)
    if not found:
        return []
    columns = {"clip": show.make(noise, given), **found}
    rows = list(zip(*map(coloured, columns.values()), strict=True))
    return playing(rows, columns=list(columns))


def coloured(clips: Clips) -> list[Clip]:
    """Clips as pictures take them: grey ones in three channels."""
    return list(clips.expand(*clips.shape[:-1], 3).numpy())


def apart(count: int, some: int) -> torch.Tensor:
    """Numbers below `count`, evenly apart."""
    return torch.linspace(0, count - 1, some).round().long()
