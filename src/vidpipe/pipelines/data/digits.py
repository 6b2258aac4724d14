"""Stage `digits`: thousands of pictures from one of each numeral."""

import logging
from pathlib import Path

import numpy as np

from vidpipe.config.schema import Digits
from vidpipe.data.digits import expand, read_glyphs
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)
COLUMNS = 10  # pictures of each glyph on the sheet


def make_digits(glyphs: Path, digits: Digits) -> tuple[dict[str, np.ndarray], bytes]:
    """Rotate, scale and shear the glyphs, and draw ten pictures of each.

    Returns:
        Arrays for `digits.npz`, and a PNG.

    Raises:
        UserError: If the glyphs or the ranges are not usable.
    """
    canvases = read_glyphs(glyphs)
    augmented = expand(canvases, **digits.model_dump(exclude={"glyphs"}))
    log.info("%d glyphs, %d pictures", len(canvases), len(augmented.pictures))
    # Pictures of a glyph, evenly chosen, in a row.
    rows = []
    for number in range(len(augmented.names)):
        pictures = augmented.pictures[augmented.label == number]
        even = pictures[np.linspace(0, len(pictures) - 1, COLUMNS).round().astype(int)]
        rows.append([np.repeat(picture[:, :, None], 3, axis=2) for picture in even])
    arrays = {
        "pictures": augmented.pictures,
        "label": augmented.label,
        "split": augmented.split,
        "names": np.array(augmented.names),
    }
    return arrays, png(grid(rows, names=augmented.names, tile=56))
