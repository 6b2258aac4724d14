"""Progress of long work: a bar on a terminal, a line of the log now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)
SECONDS_PER_LINE = 15.0  # of the log, at the least

Item = TypeVar("Item")


def progress(
    items: Iterable[Item], *, total: int, name: str, unit: str, done: int = 0
) -> Iterator[Item]:
    """Yield the items, and show position, speed and time left.

    Args:
        items: Each counts as one unit of work. Reports of a training, which have `step` and
            `values`, give their own position, and show these.
        total: Units of work in all.
        name: Of the work.
        unit: What is counted, in the singular.
        done: Units that were done before.
    """
    terminal = sys.stderr.isatty()
    begun = last_line = time.monotonic()
    position = done
    with tqdm(
        total=total,
        initial=done,
        desc=name,
        unit=unit,
        disable=not terminal,
        dynamic_ncols=True,
    ) as bar:
        for item in items:
            step = getattr(item, "step", position + 1)
            values = getattr(item, "values", {}) if hasattr(item, "step") else {}
            losses = {key: f"{value:.3g}" for key, value in values.items()}
            bar.set_postfix(losses, refresh=False)
            bar.update(step - position)
            position = step

            # Without a terminal, log the first line after 15 seconds, and the last in any case.
            now = time.monotonic()
            if not terminal and (now - last_line > SECONDS_PER_LINE or position == total):
                last_line = now
                speed = (position - done) / max(now - begun, 1e-9)
                log.info(
                    "%s: %d of %d %ss, %.2f %ss/s, %s left%s",
                    name,
                    position,
                    total,
                    unit,
                    speed,
                    unit,
                    _duration((total - position) / speed),
                    "".join(f", {key} {value}" for key, value in losses.items()),
                )
            yield item


def _duration(seconds: float) -> str:
    """Return a time as a person says it: `40 s`, `16 min`, `2 h 5 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
