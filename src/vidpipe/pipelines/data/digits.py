"""Stage `digits`: a picture of each numeral becomes thousands."""

import logging
from pathlib import Path

import numpy as np

from vidpipe.config.schema import Digits
from vidpipe.data.digits import expand, read_glyphs
from vidpipe.visualization.sheets import grid, png

log = logging.getLogger(__name__)
SHOWN = 10  # pictures of each glyph on the sheet


def make_digits(glyphs: Path, digits: Digits) -> tuple[dict[str, np.ndarray], bytes]:
    """Turn, scale and shear the glyphs, and draw ten of each.

    Returns:
        Arrays for `digits.npz`, and a PNG.

    Raises:
        UserError: If the glyphs or the ranges are not usable.
    """
    read = read_glyphs(glyphs)
    made = expand(read, **digits.model_dump(exclude={"glyphs"}))
    log.info("%d glyphs, %d pictures", len(read), len(made.pictures))
    rows = []
    for number in range(len(made.names)):
        of_it = np.flatnonzero(made.label == number)
        chosen = of_it[np.linspace(0, len(of_it) - 1, SHOWN).round().astype(int)]
        rows.append([np.repeat(made.pictures[i, :, :, None], 3, axis=2) for i in chosen])
    arrays = {
        "pictures": made.pictures,
        "label": made.label,
        "split": made.split,
        "names": np.array(made.names),
    }
    return arrays, png(grid(rows, names=made.names, tile=56))
