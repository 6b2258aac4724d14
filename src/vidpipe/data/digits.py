"""A few glyphs, one picture each, to thousands of small pictures: turned, stretched and sheared.

The report's first data set. Pictures are dark ink on light paper, uint8, 0 to 255.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)

SIZE = 28  # side of the pictures
BOX = 22  # the longest side of the ink, before it is turned and stretched
FINER = 2  # the glyphs are kept, and the pictures sampled, at this many times the pixels
CANVAS = FINER * SIZE * 2  # side of what is kept of a glyph: room for every stretched corner
FAINT = 32  # grey levels between ink and paper; with less, a picture is blank
TOLERATED = 0.02  # share of a glyph's ink that may fall out of the frame
CHUNK = 500  # pictures sampled at a time: what fits the processor's cache
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}

Ink = Float[np.ndarray, "side side"]  # 0 is paper, 1 is ink


@dataclass(frozen=True)
class Digits:
    """The expanded pictures.

    Attributes:
        pictures: Dark ink on light paper.
        label: Number of the glyph, picture by picture.
        split: `seen` or `held_out`, picture by picture.
        names: Of the glyphs.
    """

    pictures: UInt8[np.ndarray, "n 28 28"]
    label: Int[np.ndarray, "n"]
    split: np.ndarray
    names: list[str]


def read_glyphs(folder: Path) -> dict[str, Ink]:
    """The pictures of a folder, in the order of their names, as ink on a canvas.

    Colour is read as grey, transparency as paper, and light ink on dark paper turned about. The ink
    is cut out, and fitted into a box in the middle of the canvas, whatever the picture's size.

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
    twins = {file.stem for file in files if sum(file.stem == other.stem for other in files) > 1}
    if twins:
        raise UserError(f"digits.glyphs: {folder}: two pictures called {min(twins)}; rename one")
    return {file.stem: _canvas(_ink(file)) for file in files}


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
    """`count` pictures, as many of each glyph as of any other, glyph by glyph.

    Held out are those turned furthest, either way, so that none is a near-copy of a picture that
    training sees.

    Args:
        glyphs: What `read_glyphs` gave.
        count: Pictures in all.
        rotation: Largest turn either way, in degrees.
        rescale: Width and height are each scaled by up to 1 +- this, apart from one another.
        zoom: Both are scaled by up to 1 +- this.
        shear: Largest slope of an upright stroke, either way.
        held_out: Share of the range of turns, at both its ends, and of the pictures, held out.
        gap: Degrees between the turns that are seen and those held out.
        seed: Of all draws.

    Raises:
        UserError: If ink would fall out of the frame, or too few turns or pictures are left.
    """
    rng = np.random.default_rng(seed)
    label = np.arange(count) * len(glyphs) // count
    held = _last_of_each(label, held_out, glyphs=len(glyphs))
    turn = _turns(rng, held, rotation=rotation, outer=rotation * (1 - held_out), gap=gap)
    forward = _matrices(
        np.radians(turn),
        zoom=1 + zoom * rng.uniform(-1, 1, count),
        across=1 + rescale * rng.uniform(-1, 1, count),
        down=1 + rescale * rng.uniform(-1, 1, count),
        shear=shear * rng.uniform(-1, 1, count),
    )
    ink = _sample(np.stack(list(glyphs.values())), label, forward)
    _refuse_lost_ink(ink, np.stack(list(glyphs.values())), label, forward)
    return Digits(
        pictures=np.rint(255 * (1 - ink)).astype(np.uint8),
        label=label.astype(np.int32),
        split=np.where(held, HELD_OUT, SEEN).astype("U8"),
        names=list(glyphs),
    )


def _turns(
    rng: np.random.Generator, held: np.ndarray, *, rotation: float, outer: float, gap: float
) -> Float[np.ndarray, "n"]:
    """Degrees: those held out lie from `outer` to `rotation`, the others below the gap."""
    if held.any() and outer <= gap:
        raise UserError(
            f"digits.gap: {gap:g} degrees leave nothing to be seen of turns up to {outer:g}; "
            "lower it, or raise digits.rotation"
        )
    side = rng.choice([-1.0, 1.0], len(held))
    share = rng.random(len(held))
    seen = share * (outer - gap * held.any())
    return side * np.where(held, outer + share * (rotation - outer), seen)


def _ink(file: Path) -> Float[np.ndarray, "height width"]:
    try:
        with Image.open(file) as opened:
            rgba = opened.convert("RGBA")
    except (OSError, Image.DecompressionBombError) as error:
        raise UserError(f"digits.glyphs: {file}: cannot be read as a picture: {error}") from error
    grey = np.asarray(
        Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("L")
    )
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    darker, lighter = paper - grey.min(), grey.max() - paper
    strongest = max(darker, lighter)
    if strongest < FAINT:
        raise UserError(f"digits.glyphs: {file}: expected a glyph, this picture is blank")
    if lighter > darker:
        log.info("%s: light ink on dark paper is turned about", file.name)
    difference = grey - paper if lighter > darker else paper - grey
    return np.clip(difference / strongest, 0, 1)


def _canvas(ink: Float[np.ndarray, "height width"]) -> Ink:
    """The ink, cut out and fitted into the box in the middle of a canvas."""
    rows, columns = (np.flatnonzero((ink > FAINT / 255).any(axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = FINER * BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    small = Image.fromarray(np.rint(cut * 255).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    canvas = np.zeros((CANVAS, CANVAS), np.float32)
    top, left = (CANVAS - height) // 2, (CANVAS - width) // 2
    canvas[top : top + height, left : left + width] = np.asarray(small, np.float32) / 255
    return canvas


def _last_of_each(label: Int[np.ndarray, "n"], share: float, *, glyphs: int) -> np.ndarray:
    """True for the last `share` of each label's pictures."""
    counts = np.bincount(label, minlength=glyphs)
    kept = np.rint(counts * (1 - share)).astype(int)
    if not ((kept > 0) & (kept < counts)).all():
        raise UserError(
            f"digits.count: {len(label)} pictures of {glyphs} glyphs are too few for each glyph to "
            f"be both seen and held out (digits.held_out: {share:g}); raise it"
        )
    place = np.arange(len(label)) - (counts.cumsum() - counts)[label]
    held: np.ndarray = place >= kept[label]
    return held


def _matrices(
    turn: Float[np.ndarray, "n"],
    *,
    zoom: Float[np.ndarray, "n"],
    across: Float[np.ndarray, "n"],
    down: Float[np.ndarray, "n"],
    shear: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n 2 2"]:
    """Glyph to picture, (x, y): stretched, then sheared, then turned.

    Rounded, for the last bit of a sine depends on the processor.
    """
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = zoom * across, zoom * down
    matrix = np.stack([cos * x, (cos * shear - sin) * y, sin * x, (sin * shear + cos) * y], axis=1)
    return np.round(matrix * 2**20).reshape(-1, 2, 2) / 2**20


def _sample(
    canvases: Float[np.ndarray, "g side side"],
    label: Int[np.ndarray, "n"],
    forward: Float[np.ndarray, "n 2 2"],
) -> Float[np.ndarray, "n 28 28"]:
    """Look back from each fine pixel into the glyph, bilinearly, then average to the pixels."""
    side = FINER * SIZE
    ticks = (np.arange(side) - (side - 1) / 2).astype(np.float32)
    (a, b), (c, d) = np.moveaxis(forward, 0, 2)
    determinant = a * d - b * c
    back = np.stack([d, -b, -c, a]) / determinant
    flat = canvases.reshape(-1)
    pictures = np.empty((len(label), SIZE, SIZE), np.float32)
    for start in range(0, len(label), CHUNK):
        some = slice(start, start + CHUNK)
        xx, xy, yx, yy = back[:, some, None, None].astype(np.float32)
        middle = np.float32((CANVAS - 1) / 2)
        x = xx * ticks + xy * ticks[:, None] + middle
        y = yx * ticks + yy * ticks[:, None] + middle
        np.clip(x, 0, CANVAS - 1.001, out=x)
        np.clip(y, 0, CANVAS - 1.001, out=y)
        left, top = x.astype(np.int32), y.astype(np.int32)
        x -= left
        y -= top
        corner = (label[some, None, None] * CANVAS + top) * CANVAS + left
        upper = flat[corner] * (1 - x) + flat[corner + 1] * x
        lower = flat[corner + CANVAS] * (1 - x) + flat[corner + CANVAS + 1] * x
        fine = upper * (1 - y) + lower * y
        pictures[some] = fine.reshape(-1, SIZE, FINER, SIZE, FINER).mean(axis=(2, 4))
    return pictures


def _refuse_lost_ink(
    ink: Float[np.ndarray, "n 28 28"],
    canvases: Float[np.ndarray, "g side side"],
    label: Int[np.ndarray, "n"],
    forward: Float[np.ndarray, "n 2 2"],
) -> None:
    area = np.abs(np.linalg.det(forward)) / FINER**2
    lost = 1 - ink.sum((1, 2)) / (canvases.sum((1, 2))[label] * area)
    cut = int((lost > TOLERATED).sum())
    if cut:
        raise UserError(
            f"digits: these ranges push ink out of the frame in {cut} of {len(ink)} pictures, up "
            f"to {lost.max():.0%} of it; lower digits.zoom, rescale, shear or rotation"
        )
