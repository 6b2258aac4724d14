"""Motion of clips, and flicker of their background.

The mean difference between frames does not separate the two: a still picture that flickers has one.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from vidpipe.models.shapes import PixelClips

CHANGE = 0.15 * 255  # of any channel from one frame to the next, for a pixel to have moved
FROZEN = 0.1  # of the mean motion of real clips; a clip with less is frozen


@dataclass(frozen=True)
class Motion:
    """Changes from frame to frame, clip by clip.

    Attributes:
        moving_share: Share of the pixels that move.
        flicker: Median change over all pixels and frames, mean of the channels, in grey levels.
            Less than half of the pixels move, so this is the change of the background.
    """

    moving_share: Float[Tensor, "n"]
    flicker: Float[Tensor, "n"]

    def freezing_rate(self, real: "Motion") -> float:
        """Share of the clips that move less than a tenth of the mean of real clips.

        Of drawn actions 7 in 100 are so slow; a still picture never moves more, nor one that
        flickers by up to 0.15 of the range.
        """
        return (self.moving_share < FROZEN * real.moving_share.mean()).float().mean().item()


def measure_motion(clips: PixelClips) -> Motion:
    """Compare each frame with the next."""
    rows = [_moving_share_and_flicker(clip) for clip in clips]
    moving_share, flicker = torch.tensor(rows, dtype=torch.float32).reshape(-1, 2).unbind(1)
    return Motion(moving_share, flicker)


def _moving_share_and_flicker(clip: UInt8[Tensor, "t h w c"]) -> tuple[float, float]:
    change = clip.to(torch.int16).diff(dim=0).abs()
    moves = (change.amax(-1) > CHANGE).float().mean()
    return moves.item(), change.float().mean(-1).median().item()
