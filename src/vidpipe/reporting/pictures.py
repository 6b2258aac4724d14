"""Films and stills of models for a page, or what stands in their place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vidpipe.reporting import films
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import MARGIN, from_png, grid

CLIP_TILE, FRAME_TILE, DIGIT_TILE = 144, 256, 56  # as films of samples are composed with
TRIM = 2  # pixels around a tile of a video, whose odd sides were padded
LINES = 30  # quality of films of strokes on white, which are many and sharp
WALL = 5  # rows and columns of a wall of numerals
REAL, MADE, MADE_TOO = 0, 1, 2  # rows of the film of real clips and of generated ones
SEEN_ROW, HELD_OUT_ROW = 0, 1  # of the film of predictions
ROLLOUT, FLOW, COPY = 2, 3, 4  # its columns; the first is real


@dataclass(frozen=True)
class Picture:
    """A film or a still on a page, or what stands in its place.

    Attributes:
        title: Name of the model or of the predictor; `real` of real data.
        uri: Data URI; empty if there is none.
        why: Why there is none.
        facts: Short lines below it.
        mark: A word beside the title.
        still: It does not move.
        width: Pixels.
        height: Pixels.
        fps: Frames per second.
    """

    title: str
    uri: str = ""
    why: str = ""
    facts: Sequence[str] = ()
    mark: str = ""
    still: bool = False
    width: int = 1
    height: int = 1
    fps: int = 1


def film(
    title: str,
    make: Callable[[], films.Film],
    *,
    facts: Sequence[str] = (),
    mark: str = "",
    quality: int = films.QUALITY,
) -> Picture:
    """Return a film for a page, or the reason why there is none."""
    try:
        frames, fps = make()
    except UserError as error:
        return Picture(title, why=str(error), facts=facts, mark=mark)
    height, width = (side + side % 2 for side in frames[0].shape[:2])
    uri = films.mp4_uri(frames, fps, quality=quality)
    return Picture(title, uri, facts=facts, mark=mark, width=width, height=height, fps=fps)


def clip_wall(samples: Path | None, row: int) -> films.Film:
    """Return a row of the film of real and generated clips as a wall.

    Raises:
        UserError: If the film is not there, or not whole.
    """
    pages, fps = films.read_film(_inside(samples, "real_and_made.gif"))
    rows = films.tiles(pages, tile=CLIP_TILE, rows=3)
    return films.wall(rows[row]), fps


def prediction_film(samples: Path | None, split: int, column: int) -> films.Film:
    """Return a column of the film of predictions, on one split.

    Args:
        samples: Folder of samples.
        split: Row of the film.
        column: Column of the film.

    Raises:
        UserError: If the film is not there, or not whole.
    """
    path = _inside(samples, "samples.mp4")
    pages, fps = _predictions(path, path.stat().st_mtime_ns if path.is_file() else 0)
    rows = (pages[0].shape[0] - MARGIN) // (FRAME_TILE + MARGIN)
    tiles = films.tiles(pages, tile=FRAME_TILE, rows=rows, columns=5)
    if split >= rows:
        raise UserError(f"samples.mp4: expected {split + 1} splits, got {rows}")
    return [frame[TRIM:-TRIM, TRIM:-TRIM] for frame in tiles[split][column]], fps


def digit_walk(samples: Path | None) -> films.Film:
    """Return the walk through noise of a generator of numerals.

    Raises:
        UserError: If it is not there, or not whole.
    """
    return films.read_film(_inside(samples, "samples.gif"))


def sheet(title: str, samples: Path | None) -> Picture:
    """Return the sheet of samples as a still, or the reason why there is none."""
    facts = ["the first pictures accepted as each numeral; last row: rejected ones"]
    try:
        path = _inside(samples, "samples.png")
        page = from_png(path.read_bytes())[..., :3]
    except (UserError, OSError, SyntaxError) as error:
        why = str(error) if isinstance(error, UserError) else "samples.png: not there, or not whole"
        return Picture(title, why=why, facts=facts)
    height, width = page.shape[:2]
    return Picture(title, films.png_uri(page), facts=facts, still=True, width=width, height=height)


@lru_cache(maxsize=1)
def _predictions(path: Path, written: int) -> films.Film:
    """Return a film that is read once for all its columns, unless it is written anew."""
    return films.read_film(path)


def _inside(folder: Path | None, name: str) -> Path:
    if folder is None:
        raise UserError("no films yet")
    return folder / name


def real_digits(
    digits: Mapping[str, np.ndarray] | str, *, facts: Sequence[str], mark: str
) -> Picture:
    """Return a wall of real numerals, one of each in turn.

    Args:
        digits: Arrays of `digits.npz`, or why there are none.
        facts: Lines below it.
        mark: Word beside its title.
    """
    if isinstance(digits, str):
        return Picture("real", why=digits, mark=mark, facts=facts)
    labels = digits["label"]
    classes = int(labels.max()) + 1
    indices = [
        np.flatnonzero(labels == place % classes)[place // classes]
        for place in range(WALL**2)
        if np.count_nonzero(labels == place % classes) > place // classes
    ]
    rgb = [np.repeat(digits["pictures"][i][..., None], 3, axis=2) for i in indices]
    page = grid([rgb[i : i + WALL] for i in range(0, len(rgb), WALL)], tile=DIGIT_TILE)
    height, width = page.shape[:2]
    return Picture(
        "real",
        films.png_uri(page),
        mark=mark,
        still=True,
        facts=facts,
        width=width,
        height=height,
    )
