"""The numbers of a GAN of clips, and beside them those of real clips, of stills and of noise."""

import logging

import numpy as np
import pandas as pd
import torch

from vidpipe.data.clips import Stretches
from vidpipe.evaluation.clip_measures import Clips, Measured, Pictures, floors, nearest, score
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)

# What is scored; each one's numbers end so.
MADE, HELD_OUT, COPY_FIRST, NOISE = "", "_held_out", "_copy_first", "_noise"
OF_REAL = ("freezing_rate", "flicker", "diversity", "actions_covered", "confident_share")


def check_halves(seen: Stretches, count: int) -> None:
    """That the real clips can be divided in two, video by video, and each half is large enough.

    Raises:
        UserError: If a half would hold less than two clips.
    """
    each = np.sort(np.unique(seen.video, return_counts=True)[1])
    half = int(each[: len(each) // 2].sum())
    if half < 2:
        raise UserError(
            "clips.npz: expected clips for training from several videos, for real ones are scored "
            f"against real ones of others; got {len(seen)} clips of {len(each)} videos. "
            "Bring more videos, or lower sources.clips.test"
        )
    if half < count:
        log.warning(
            "only %d real clips: the floors are those of %d samples, not of %d, and so too high",
            len(seen), half, count,
        )  # fmt: skip


def beside(
    made: Clips, given: Pictures, held_out: Stretches, rng: torch.Generator
) -> dict[str, Clips]:
    """All that is scored alike, by how its numbers end.

    Args:
        made: What the model made.
        given: Real pictures, one for each: they are the stills.
        held_out: Real clips of videos that training did not see.
        rng: Of the noise.
    """
    rows = {
        MADE: made,
        COPY_FIRST: given[:, None].expand_as(made),
        NOISE: torch.randint(256, made.shape, generator=rng, dtype=torch.uint8),
    }
    if len(held_out) > 1:
        rows[HELD_OUT] = torch.from_numpy(held_out.pixels)
    else:
        log.warning("clips.npz: no clips are for testing: nothing to score there")
    return rows


def scores(
    rows: dict[str, Measured], seen: Measured, videos: np.ndarray, *, seed: int
) -> dict[str, float]:
    """Each row against what training saw, and what real clips have themselves.

    Args:
        rows: What is scored, by how its numbers end.
        seen: Clips that training saw.
        videos: What those were cut from.
        seed: Of the floors.

    Returns:
        Numbers by name: those of `evaluation.clips.score`, the floors, and N.
    """
    made = rows[MADE]
    numbers = {
        f"{name}{row}": number
        for row, measured in rows.items()
        for name, number in score(measured, seen).items()
    }
    own = score(seen, seen)
    numbers |= {f"{name}_real": own[name] for name in OF_REAL if name in own}
    numbers |= floors(seen, videos, count=len(made.clips), seed=seed)
    for row in (MADE, HELD_OUT):
        if row in rows:
            numbers[f"nearest_train{row}"] = nearest(rows[row].clips, seen.clips)
    numbers |= {"samples": len(made.clips), "seen": len(seen.clips)}
    if HELD_OUT in rows:
        numbers["held_out"] = len(rows[HELD_OUT].clips)
    return numbers


def table(numbers: dict[str, float]) -> pd.DataFrame:
    """A row for each of what is scored, and one for the floors; a column for each score."""
    names = [name for name in numbers if f"{name}{NOISE}" in numbers]
    titles = {MADE: "made", "_real": "seen", HELD_OUT: "held out", "_floor": "floor",
              COPY_FIRST: "copy of the first frame", NOISE: "noise"}  # fmt: skip
    return pd.DataFrame(
        [
            {"clips": title, **{name: numbers.get(f"{name}{row}") for name in names}}
            for row, title in titles.items()
        ]
    ).round(5)
