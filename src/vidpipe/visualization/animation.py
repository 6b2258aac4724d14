"""Moving pictures that loop: at their rate on average, with a pause before they start anew."""

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import UInt8
from PIL import Image

Page = UInt8[np.ndarray, "height width 3"]

PAUSE = 0.5  # seconds on the last page: played backwards, footage would show what never happened
UNIT = 10  # milliseconds: GIF counts hundredths of a second
# A walk through noise ends where it began: places that it passes, and pages from one to the next.
WALK_STOPS = 6
WALK_BETWEEN = 12
SAMPLED = 8  # pages that the palette is chosen from, the first and the last among them


def with_pause(pages: Sequence[Page], fps: int) -> list[Page]:
    """Return the pages, the last of them repeated for as long as the pause takes."""
    return [*pages, *[pages[-1]] * round(PAUSE * fps)]


def gif(pages: Sequence[Page], *, fps: int, colours: int = 256) -> bytes:
    """Encode a looping GIF with one palette for all pages, so that still parts do not flicker.

    Equal pages in a row become one that is shown for as long.
    """
    sampled = np.linspace(0, len(pages) - 1, min(SAMPLED, len(pages))).round().astype(int)
    palette = Image.fromarray(np.concatenate([pages[n] for n in sampled])).quantize(
        colours, method=Image.Quantize.MEDIANCUT
    )
    first, *others = (
        Image.fromarray(page).quantize(palette=palette, dither=Image.Dither.NONE) for page in pages
    )
    # Each page ends at the unit nearest to its time, so that errors do not add up.
    ends = [round(1000 / UNIT * n / fps) for n in range(len(pages) + 1)]
    durations = [UNIT * (end - start) for start, end in pairwise(ends)]
    buffer = io.BytesIO()
    first.save(buffer, "gif", save_all=True, append_images=others, duration=durations, loop=0)
    return buffer.getvalue()
