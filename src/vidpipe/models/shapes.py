"""Names of the arrays that models, scores and films pass on.

b samples of a batch, n of any number, c channels, t frames of a clip, k frames of a
window, h w pixels of a frame.
"""

from jaxtyping import Float, Int, UInt8
from torch import Tensor

# What networks see: floats in [-1, 1], channels before time and space.
FrameBatch = Float[Tensor, "b c h w"]
WindowBatch = Float[Tensor, "b k c h w"]
ClipBatch = Float[Tensor, "b c t h w"]
Labels = Int[Tensor, "b"]

# What files and films hold: bytes in 0..255, channels last.
PixelFrames = UInt8[Tensor, "n h w c"]
PixelClips = UInt8[Tensor, "n t h w c"]
