"""Identity within a clip: background and actor of its second half against those of its first."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from vidpipe.evaluation.motion import GREY_LEVELS, MOVES, change_of, moves
from vidpipe.models.shapes import PixelClips

Half = UInt8[Tensor, "t h w c"]
Moving = Bool[Tensor, "steps h w"]

QUANTILES = 16  # of the colours that are compared


@dataclass(frozen=True)
class Drift:
    """Change from one half of a clip to the other, clip by clip, in grey levels.

    Attributes:
        background: Mean difference of the median pictures of both halves, where nothing moves.
        actor: Distance of the colours of what moves; not a number for clips in which nothing does.
    """

    background: Float[Tensor, "n"]
    actor: Float[Tensor, "n"]

    @property
    def mean_actor(self) -> float:
        """Mean over the clips in which something moves, so that stills do not lower it."""
        return self.actor.nanmean().nan_to_num().item()


def measure_drift(clips: PixelClips) -> Drift:
    """Compare the halves of each clip; a middle frame is left out.

    Clips of fewer than four frames have halves in which nothing can move.
    """
    frames = clips.shape[1] // 2
    rows = []
    for clip in clips:
        halves = (clip[:frames], clip[len(clip) - frames :])
        rows.append([_background_drift(*halves), _actor_drift(*halves)])
    background, actor = torch.tensor(rows, dtype=torch.float32).reshape(-1, 2).unbind(1)
    return Drift(background, actor)


def _background_drift(first: Half, second: Half) -> float:
    """Mean difference of the medians over time, of pixels that keep near them in both halves."""
    medians = [_median(half) for half in (first, second)]
    still = torch.stack(
        [
            (half.short() - median).abs().amax((0, -1)) <= MOVES * GREY_LEVELS
            for half, median in zip((first, second), medians, strict=True)
        ]
    ).all(0)
    # Where all moves, as in noise, there is no background to single out.
    difference = (medians[0] - medians[1]).abs().float()
    return (difference[still] if still.any() else difference).mean().item()


def _median(half: Half) -> Tensor:
    # By sorting, for medians along a dimension are refused on CUDA where bits are promised.
    return half.sort(0).values[(len(half) - 1) // 2].short()


def _actor_drift(first: Half, second: Half) -> float:
    """Mean difference of the quantiles of each channel: the colours alone count, not the places.

    Colours of a pixel count before and after it changes, so those of uncovered background do too.
    If nothing moves in one half, its colours are taken where the other moves: an actor who stops
    is still there, one who vanishes is not.
    """
    moving = [moves(change_of(half)) for half in (first, second)]
    if not any(mask.any() for mask in moving):
        return float("nan")
    places = [
        mask if mask.any() else other.any(0).expand_as(mask)
        for mask, other in (moving, moving[::-1])
    ]
    colours = [_colours(half, mask) for half, mask in zip((first, second), places, strict=True)]
    return (colours[0] - colours[1]).abs().mean().item()


def _colours(half: Half, moving: Moving) -> Float[Tensor, "c q"]:
    """Quantiles of the colours of what moves, channel by channel."""
    colours = torch.cat([half[:-1][moving], half[1:][moving]])
    # Counting grey levels is many times as fast as sorting, with the same quantiles.
    counts = torch.stack([channel.bincount(minlength=GREY_LEVELS + 1) for channel in colours.T])
    ranks = ((torch.arange(QUANTILES) + 0.5) / QUANTILES * len(colours)).long().to(half.device)
    return torch.searchsorted(counts.cumsum(1), ranks.repeat(len(counts), 1), right=True).float()
