"""How much moves in clips, and what should stand still.

Mean difference between frames will not do: a still picture that flickers passes it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

Clips = UInt8[Tensor, "_ t h w c"]
CHANGE = 0.15 * 255  # of any channel from one frame to the next, for a pixel to have moved
FROZEN = 0.1  # of the share of pixels that move in real clips: fewer, and a clip is frozen


@dataclass(frozen=True)
class Motion:
    """What changes from frame to frame, clip by clip.

    Attributes:
        share: Of the pixels that move.
        flicker: Median change over all pixels and frames, mean of the channels, in grey levels:
            under half of a picture moves, so this is what the background does.
    """

    share: Float[Tensor, "n"]
    flicker: Float[Tensor, "n"]

    def frozen(self, real: "Motion") -> float:
        """Share of the clips that move less than a tenth of what real ones do on average.

        Of drawn actions 7 in 100 are so slow; a still picture never moves more, nor one that
        flickers by up to 0.15 of the range.
        """
        return (self.share < FROZEN * real.share.mean()).float().mean().item()


def motion(clips: Clips) -> Motion:
    """Compare each frame with the next."""
    parts = [_of_one(clip) for clip in clips]
    share, flicker = torch.tensor(parts, dtype=torch.float32).reshape(-1, 2).unbind(1)
    return Motion(share, flicker)


def _of_one(clip: UInt8[Tensor, "t h w c"]) -> tuple[float, float]:
    change = clip.to(torch.int16).diff(dim=0).abs()
    moves = (change.amax(-1) > CHANGE).float().mean()
    return moves.item(), change.float().mean(-1).median().item()
