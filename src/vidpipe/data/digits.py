"""Augment a few glyphs, one picture each, to thousands: rotate, scale and shear them.

The report's first data set. Pictures are dark ink on light paper, uint8, 0 to 255.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from vidpipe.data.pictures import SUFFIXES, open_picture
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)

SIZE = 28  # side of the pictures
BOX = 22  # longest side of the ink, before it is transformed
SUPERSAMPLING = 2  # factor in width and height at which glyphs are stored and pictures sampled
CANVAS = SUPERSAMPLING * SIZE * 2  # side of a stored glyph, with room for transformed corners
FAINT = 32  # grey levels between ink and paper; with less, a picture is blank
TOLERATED = 0.02  # share of a glyph's ink that may fall out of the frame
CHUNK = 500  # pictures sampled at a time, to fit the processor's cache

Ink = Float[np.ndarray, "side side"]  # 0 is paper, 1 is ink


@dataclass(frozen=True)
class Digits:
    """The augmented pictures.

    Attributes:
        pictures: Dark ink on light paper.
        label: Number of each picture's glyph.
        split: `seen` or `held_out`, for each picture.
        names: Names of the glyphs.
    """

    pictures: UInt8[np.ndarray, "n 28 28"]
    label: Int[np.ndarray, "n"]
    split: np.ndarray
    names: list[str]


def read_glyphs(folder: Path) -> dict[str, Ink]:
    """Read the pictures of a folder, in the order of their names, as ink on a canvas.

    Colour counts as grey, transparency as paper, and light ink on dark paper is inverted. The ink
    is cropped, and fitted into a box in the middle of the canvas, whatever the picture's size.

    Raises:
        UserError: If there are fewer than two pictures, or one is blank or cannot be read.
    """
    files = sorted(
        (f for f in folder.glob("*") if f.suffix.lower() in SUFFIXES and f.is_file()),
        key=lambda file: (len(file.stem), file.stem) if file.stem.isdigit() else (0, file.stem),
    )
    if len(files) < 2:
        raise UserError(
            f"digits.glyphs: expected a folder with a picture for each numeral, two at least; "
            f"found {len(files)} in {folder}"
        )
    stems = Counter(file.stem for file in files)
    duplicates = [stem for stem, count in stems.items() if count > 1]
    if duplicates:
        raise UserError(
            f"digits.glyphs: {folder}: two pictures called {min(duplicates)}; rename one"
        )
    return {file.stem: _fit_to_canvas(_read_ink(file)) for file in files}


def expand(
    glyphs: dict[str, Ink],
    *,
    count: int,
    rotation: float,
    rescale: float,
    zoom: float,
    shear: float,
    held_out: float,
    gap: float,
    seed: int,
) -> Digits:
    """Make `count` pictures by random affine maps, glyph by glyph, equally many of each.

    The largest rotations are held out, so that none is a near-copy of a training picture.

    Args:
        glyphs: Glyphs by name, from `read_glyphs`.
        count: Number of pictures.
        rotation: Largest rotation either way, in degrees.
        rescale: Width and height are scaled by independent factors of up to 1 +- this.
        zoom: Both are scaled by a common factor of up to 1 +- this.
        shear: Largest slope of an upright stroke, either way.
        held_out: Share of the pictures, and of the range of rotations at its ends, held out.
        gap: Degrees between the rotations for training and those held out.
        seed: Seed of all draws.

    Raises:
        UserError: If ink would fall out of the frame, or too few angles or pictures are left.
    """
    rng = np.random.default_rng(seed)  # the order of the draws is part of the data set
    label = np.arange(count) * len(glyphs) // count
    is_held_out = _last_of_each(label, held_out, glyphs=len(glyphs))
    angle = _angles(rng, is_held_out, rotation=rotation, outer=rotation * (1 - held_out), gap=gap)
    matrices = _matrices(
        np.radians(angle),
        zoom=1 + zoom * rng.uniform(-1, 1, count),
        across=1 + rescale * rng.uniform(-1, 1, count),
        down=1 + rescale * rng.uniform(-1, 1, count),
        shear=shear * rng.uniform(-1, 1, count),
    )
    canvases = np.stack(list(glyphs.values()))
    ink = _sample(canvases, label, matrices)
    _refuse_lost_ink(ink, canvases, label, matrices)
    return Digits(
        pictures=np.rint(255 * (1 - ink)).astype(np.uint8),
        label=label.astype(np.int32),
        split=np.where(is_held_out, HELD_OUT, SEEN).astype("U8"),
        names=list(glyphs),
    )


def _angles(
    rng: np.random.Generator, is_held_out: np.ndarray, *, rotation: float, outer: float, gap: float
) -> Float[np.ndarray, "n"]:
    """Draw angles in degrees: held out from `outer` to `rotation`, the others below the gap."""
    if is_held_out.any() and outer <= gap:
        raise UserError(
            f"digits.gap: {gap:g} degrees leave nothing to be seen of turns up to {outer:g}; "
            "lower it, or raise digits.rotation"
        )
    side = rng.choice([-1.0, 1.0], len(is_held_out))
    share = rng.random(len(is_held_out))
    inner_angle = share * (outer - gap * is_held_out.any())
    return side * np.where(is_held_out, outer + share * (rotation - outer), inner_angle)


def _read_ink(file: Path) -> Float[np.ndarray, "height width"]:
    """Read a picture as ink: 0 is the paper's grey, 1 the grey farthest from it."""
    grey = np.asarray(open_picture(file).convert("L"))
    # The paper has the median grey of the edge.
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    darkest = paper - grey.min()
    lightest = grey.max() - paper
    strongest = max(darkest, lightest)
    if strongest < FAINT:
        raise UserError(f"digits.glyphs: {file}: expected a glyph, this picture is blank")
    inverted = lightest > darkest
    if inverted:
        log.info("%s: light ink on dark paper is turned about", file.name)
    difference = grey - paper if inverted else paper - grey
    return np.clip(difference / strongest, 0, 1)


def _fit_to_canvas(ink: Float[np.ndarray, "height width"]) -> Ink:
    """Crop the ink, and fit it into the box in the middle of a canvas."""
    rows, columns = (np.flatnonzero((ink > FAINT / 255).any(axis)) for axis in (1, 0))
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = SUPERSAMPLING * BOX / max(crop.shape)
    height, width = (max(1, round(side * scale)) for side in crop.shape)
    small = Image.fromarray(np.rint(crop * 255).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    canvas = np.zeros((CANVAS, CANVAS), np.float32)
    top, left = (CANVAS - height) // 2, (CANVAS - width) // 2
    canvas[top : top + height, left : left + width] = np.asarray(small, np.float32) / 255
    return canvas


def _last_of_each(label: Int[np.ndarray, "n"], share: float, *, glyphs: int) -> np.ndarray:
    """Return a mask of the last `share` of each label's pictures."""
    counts = np.bincount(label, minlength=glyphs)
    train_counts = np.rint(counts * (1 - share)).astype(int)
    if not ((train_counts > 0) & (train_counts < counts)).all():
        raise UserError(
            f"digits.count: {len(label)} pictures of {glyphs} glyphs are too few for each glyph to "
            f"be both seen and held out (digits.held_out: {share:g}); raise it"
        )
    place = np.arange(len(label)) - (counts.cumsum() - counts)[label]
    is_held_out: np.ndarray = place >= train_counts[label]
    return is_held_out


def _matrices(
    angle: Float[np.ndarray, "n"],
    *,
    zoom: Float[np.ndarray, "n"],
    across: Float[np.ndarray, "n"],
    down: Float[np.ndarray, "n"],
    shear: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n 2 2"]:
    """Return the matrices from glyph to picture, (x, y): scale, then shear, then rotate.

    They are rounded, for the last bit of a sine depends on the processor.
    """
    cos = np.cos(angle)
    sin = np.sin(angle)
    x = zoom * across
    y = zoom * down
    matrix = np.stack([cos * x, (cos * shear - sin) * y, sin * x, (sin * shear + cos) * y], axis=1)
    return np.round(matrix * 2**20).reshape(-1, 2, 2) / 2**20


def _sample(
    canvases: Float[np.ndarray, "g side side"],
    label: Int[np.ndarray, "n"],
    matrices: Float[np.ndarray, "n 2 2"],
) -> Float[np.ndarray, "n 28 28"]:
    """Sample the glyphs bilinearly at each subpixel, by the inverse maps, and average to pixels."""
    side = SUPERSAMPLING * SIZE
    ticks = (np.arange(side) - (side - 1) / 2).astype(np.float32)
    (a, b), (c, d) = np.moveaxis(matrices, 0, 2)
    determinant = a * d - b * c
    inverse = np.stack([d, -b, -c, a]) / determinant
    flat = canvases.reshape(-1)
    pictures = np.empty((len(label), SIZE, SIZE), np.float32)
    for start in range(0, len(label), CHUNK):
        # Position of each subpixel on the canvas.
        batch = slice(start, start + CHUNK)
        xx, xy, yx, yy = inverse[:, batch, None, None].astype(np.float32)
        middle = np.float32((CANVAS - 1) / 2)
        x = xx * ticks + xy * ticks[:, None] + middle
        y = yx * ticks + yy * ticks[:, None] + middle
        np.clip(x, 0, CANVAS - 1.001, out=x)
        np.clip(y, 0, CANVAS - 1.001, out=y)
        # Bilinear weights are the fractions of the position.
        left = x.astype(np.int32)
        top = y.astype(np.int32)
        x -= left
        y -= top
        corner = (label[batch, None, None] * CANVAS + top) * CANVAS + left
        upper = flat[corner] * (1 - x) + flat[corner + 1] * x
        lower = flat[corner + CANVAS] * (1 - x) + flat[corner + CANVAS + 1] * x
        fine = upper * (1 - y) + lower * y
        fine = fine.reshape(-1, SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING)
        pictures[batch] = fine.mean(axis=(2, 4))
    return pictures


def _refuse_lost_ink(
    ink: Float[np.ndarray, "n 28 28"],
    canvases: Float[np.ndarray, "g side side"],
    label: Int[np.ndarray, "n"],
    matrices: Float[np.ndarray, "n 2 2"],
) -> None:
    """Compare the ink of each picture with the glyph's, scaled by the area."""
    area = np.abs(np.linalg.det(matrices)) / SUPERSAMPLING**2
    lost = 1 - ink.sum((1, 2)) / (canvases.sum((1, 2))[label] * area)
    lossy = int((lost > TOLERATED).sum())
    if lossy:
        raise UserError(
            f"digits: these ranges push ink out of the frame in {lossy} of {len(ink)} pictures, up "
            f"to {lost.max():.0%} of it; lower digits.zoom, rescale, shear or rotation"
        )
