"""Training as a person watches it: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from vidpipe.training.loop import Report

log = logging.getLogger(__name__)
LINES_EVERY = 15.0  # seconds, where there is no terminal


def shown(reports: Iterable[Report], *, total: int, name: str, done: int = 0) -> Iterator[Report]:
    """Pass reports on, and show losses, steps per second and the time left.

    Args:
        reports: Of a training.
        total: Steps in all.
        name: Of the model.
        done: Steps made by an earlier process.
    """
    terminal = sys.stderr.isatty()
    with tqdm(
        total=total,
        initial=done,
        desc=name,
        unit="step",
        disable=not terminal,
        dynamic_ncols=True,
    ) as bar:
        begun = told = time.monotonic()
        for report in reports:
            losses = {key: f"{value:.3g}" for key, value in report.losses.items()}
            bar.set_postfix(losses, refresh=False)
            bar.update(report.step - bar.n if terminal else 0)
            now = time.monotonic()
            if not terminal and (now - told > LINES_EVERY or report.step == total):
                told = now
                speed = (report.step - done) / (now - begun)
                log.info(
                    "%s step %d of %d, %.2f steps/s, %.0f s left: %s",
                    name,
                    report.step,
                    total,
                    speed,
                    (total - report.step) / speed,
                    " ".join(f"{key} {value}" for key, value in losses.items()),
                )
            yield report
