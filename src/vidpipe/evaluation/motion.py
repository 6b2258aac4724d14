"""Motion of clips, and flicker of their background.

The mean difference between frames does not separate the two: a still picture that flickers has one.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int16, UInt8
from torch import Tensor

from vidpipe.models.shapes import PixelClips

Change = Int16[Tensor, "*n steps h w c"]

MOVES = 0.15  # change of any channel from one frame to the next, of its range, of what moves
FAINT, STRONG = 0.06, 0.25  # the same for motion that is faint or strong: blur loses the strong
FROZEN = 0.1  # of the mean motion of real clips; a clip with less is frozen
GREY_LEVELS = 255
FLICKERS = 2  # times the flicker of a clip, by which its changes must exceed MOVES to be kept


@dataclass(frozen=True)
class Motion:
    """Changes from frame to frame, clip by clip.

    Attributes:
        moving_shares: Share of the pixels that move, by the change that counts as motion.
        flicker: Median change over all pixels and frames, mean of the channels, in grey levels.
            Less than half of the pixels move, so this is the change of the background.
    """

    moving_shares: dict[float, Float[Tensor, "n"]]
    flicker: Float[Tensor, "n"]

    @property
    def moving_share(self) -> Float[Tensor, "n"]:
        """Share of the pixels that change by more than `MOVES`."""
        return self.moving_shares[MOVES]

    def freezing_rate(self, real: "Motion") -> float:
        """Share of the clips that move less than a tenth of the mean of real clips.

        Of drawn actions 7 in 100 are so slow; a still picture never moves more, nor one that
        flickers by up to 0.15 of the range.
        """
        return (self.moving_share < FROZEN * real.moving_share.mean()).float().mean().item()


def measure_motion(clips: PixelClips) -> Motion:
    """Compare each frame with the next."""
    changes = (MOVES, FAINT, STRONG)
    rows = []
    for clip in clips:
        change = change_of(clip)
        shares = [moves(change, least).float().mean().item() for least in changes]
        rows.append([*shares, _flicker(change)])
    *by_change, flicker = torch.tensor(rows, dtype=torch.float32).reshape(-1, 4).unbind(1)
    return Motion(dict(zip(changes, by_change, strict=True)), flicker)


def gated_change(clips: PixelClips) -> Change:
    """Return the change from each frame to the next where something moves, and 0 elsewhere.

    A pixel moves if it changes by more than `MOVES` and twice the flicker of its clip. So flicker
    passes neither alone nor on top of faint motion: the more a clip flickers, the more it loses.
    """
    moving = []
    for clip in clips:
        change = change_of(clip)
        least = MOVES + FLICKERS * _flicker(change) / GREY_LEVELS
        moving.append(change * moves(change, least)[..., None])
    return torch.stack(moving)


def change_of(clip: UInt8[Tensor, "*n t h w c"]) -> Change:
    """Return the change from each frame to the next, in grey levels."""
    return clip.to(torch.int16).diff(dim=-4)


def moves(change: Change, least: float = MOVES) -> Bool[Tensor, "*n steps h w"]:
    """Tell where any channel changes by more than a share of its range."""
    return change.abs().amax(-1) > least * GREY_LEVELS


def _flicker(change: Change) -> float:
    return change.abs().float().mean(-1).median().item()
