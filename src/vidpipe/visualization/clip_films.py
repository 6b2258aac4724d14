"""Films and sheets of a GAN of clips, as files."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from vidpipe.data.video import encode
from vidpipe.evaluation.clip_evaluation import ClipEvaluation
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.models.shapes import PixelClips, PixelFrames
from vidpipe.visualization.animation import gif, with_pause
from vidpipe.visualization.sheets import grid, png

Clip = UInt8[np.ndarray, "t h w 3"]
Page = UInt8[np.ndarray, "height width 3"]

TILE = 144  # pixels of a side, in a film: labels are as large as they must be to be read
SHEET_TILE = 112  # the same on a sheet
LONGEST_LABEL = 17  # characters that fit over a tile
WALL = 4  # rows and columns of a wall
SHEET_ROWS = 6  # generated clips on the sheet
WALKS = 4  # rows of the latent walk
WALK_STEPS = 8  # clips in each of them
LOOPS = 4  # of an mp4, which players do not repeat
MAX_ACTIONS = 9  # side by side


def draw_films(evaluation: ClipEvaluation, actions: Sequence[str], *, fps: int) -> dict[str, bytes]:
    """Return all films and sheets as files by name.

    Args:
        evaluation: Result of the evaluation; its random numbers go on.
        actions: Names of the labels.
        fps: Frames per second.
    """
    sampler = evaluation.sampler
    rng = evaluation.rng

    def moving(pages: list[Page]) -> bytes:
        return gif(with_pause(pages, fps), fps=fps)

    labels = list[str]()
    if evaluation.requested is not None:
        labels = [actions[label] for label in evaluation.requested[: WALL**2]]
    samples = wall_film(evaluation.made[: WALL**2], labels=labels)
    walk = latent_walk(sampler, WALKS, rng, evaluation.held_out_frames)
    files = {
        "samples.gif": moving(samples),
        "samples.mp4": encode(with_pause(samples, fps) * LOOPS, fps=fps),
        "walk.gif": moving(walk),
        "walk.mp4": encode(with_pause(walk, fps) * LOOPS, fps=fps),
        "samples.png": png(sample_sheet(evaluation, actions)),
        "real_and_made.gif": moving(comparison_film(evaluation, actions)),
    }
    if sampler.generator.from_picture:
        files["one_image.gif"] = moving(
            continuations_film(sampler, evaluation.held_out_frames, rng)
        )
    if pages := components_film(sampler, evaluation.first_frames, rng):
        files["parts.gif"] = moving(pages)
        files["parts.png"] = png(pages[len(pages) // 2])
    return files


def wall_film(clips: PixelClips, *, labels: Sequence[str] = (), tile: int = TILE) -> list[Page]:
    """All clips at once, in a grid that is as square as possible, each below its label if any."""
    across = math.ceil(math.sqrt(len(clips)))
    tiles = to_rgb(clips)
    rows = [tiles[i : i + across] for i in range(0, len(tiles), across)]
    return _pages(rows, captions=labels, tile=tile)


def frame_sheet(clips: PixelClips, *, names: Sequence[str] = (), tile: int = SHEET_TILE) -> Page:
    """Return a page with a clip in each row, a frame in each column."""
    columns = [f"frame {t}" for t in range(1, clips.shape[1] + 1)]
    return grid([list(clip) for clip in to_rgb(clips)], names=names, columns=columns, tile=tile)


def sample_sheet(evaluation: ClipEvaluation, actions: Sequence[str]) -> Page:
    """Return a page with a real clip and the first generated ones, frame by frame."""
    middle = len(evaluation.train_clips) // 2
    real = torch.from_numpy(evaluation.train_clips.pixels[middle : middle + 1])
    clips = torch.cat([real, evaluation.made[:SHEET_ROWS]])
    names = [f"made {n}" for n in range(1, len(clips))]
    if evaluation.requested is not None:
        names = [actions[label] for label in evaluation.requested[:SHEET_ROWS]]
    return frame_sheet(clips, names=["real", *names])


def latent_walk(
    sampler: ClipSampler,
    count: int,
    rng: torch.Generator,
    pictures: PixelFrames,
    *,
    tile: int = TILE,
) -> list[Page]:
    """Clips along `count` walks through noise, a walk in each row; each keeps its picture."""
    prior = sampler.generator.prior
    steps = prior.walk(count, stops=2, between=WALK_STEPS - 1, rng=rng)[:WALK_STEPS]
    of_row = pictures[torch.arange(count) % len(pictures)]
    columns = [to_rgb(sampler(noise, of_row)) for noise in steps]
    titles = [f"step {step}" for step in range(1, WALK_STEPS + 1)]
    return _pages(list(zip(*columns, strict=True)), columns=titles, tile=tile)


def comparison_film(evaluation: ClipEvaluation, actions: Sequence[str]) -> list[Page]:
    """A real clip of each action, and the first two generated clips of it.

    A generated clip is of the action that it was asked for; where noise names none, of the
    likeliest one.
    """
    train_clips = evaluation.train_clips
    generated = evaluation.generated
    assert generated.classification
    labels = evaluation.requested
    if labels is None:
        labels = generated.classification.label
    labels_of_clips = labels.cpu().numpy()
    columns = np.unique(train_clips.label)[:MAX_ACTIONS]

    # Clips stand in the order of their actors: taken evenly spaced, each is of another one.
    real = []
    for column, action in enumerate(columns):
        candidates = np.flatnonzero(train_clips.label == action)
        example = candidates[evenly_spaced(len(candidates), len(columns))[column]]
        real.append(train_clips.pixels[example])

    rows = [real]
    blank = np.full(real[0].shape, 255, np.uint8)
    for nth in range(2):
        matches = [np.flatnonzero(labels_of_clips == action)[nth : nth + 1] for action in columns]
        rows.append([evaluation.made[i[0]].numpy() if len(i) else blank for i in matches])
    tiles = [to_rgb(torch.from_numpy(np.stack(row))) for row in rows]
    names = [actions[action] for action in columns]
    return _pages(tiles, names=["real", "made", "made"], columns=names)


def continuations_film(
    sampler: ClipSampler, pictures: PixelFrames, rng: torch.Generator
) -> list[Page]:
    """A picture in each row, and its continuations with the same noises in all rows."""
    noise = sampler.generator.prior.draw(WALL, rng)
    rows = []
    for picture in pictures[evenly_spaced(len(pictures), WALL - 1)]:
        still = picture.expand(1, sampler.generator.frames, *picture.shape)
        clips = sampler(noise, picture.expand(WALL, *picture.shape))
        rows.append(to_rgb(torch.cat([still, clips])))
    return _pages(rows, columns=["picture", *(f"noise {n}" for n in range(1, WALL + 1))])


def components_film(
    sampler: ClipSampler, pictures: PixelFrames, rng: torch.Generator
) -> list[Page]:
    """A clip and its components in each row; no pages if the generator has no components."""
    noise = sampler.generator.prior.draw(WALL, rng)
    first = pictures[:1].expand(WALL, -1, -1, -1)
    components = sampler.components(noise, first)
    if not components:
        return []
    columns = {"clip": sampler(noise, first), **components}
    rows = list(zip(*map(to_rgb, columns.values()), strict=True))
    return _pages(rows, columns=list(columns))


def to_rgb(clips: PixelClips) -> list[Clip]:
    """Return clips as arrays of three channels; grey ones are repeated."""
    return list(clips.expand(*clips.shape[:-1], 3).numpy())


def evenly_spaced(count: int, number: int) -> Int[Tensor, "number"]:
    """Return `number` indices below `count`, evenly spaced."""
    return torch.linspace(0, count - 1, number).round().long()


def _pages(
    rows: Sequence[Sequence[Clip]],
    *,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    captions: Sequence[str] = (),
    tile: int = TILE,
) -> list[Page]:
    """Return a page for each frame, on which clips of one length play at once."""
    return [
        grid(
            [[clip[t] for clip in row] for row in rows],
            names=names,
            columns=[_shortened(title) for title in columns],
            captions=[_shortened(caption) for caption in captions],
            tile=tile,
        )
        for t in range(len(rows[0][0]))
    ]


def _shortened(label: str) -> str:
    """Return a label that does not reach into the tile beside its own."""
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 2]}.."
