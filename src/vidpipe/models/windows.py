"""Windows of frames that a predictor looks at: k frames of each sample, the oldest first."""

from collections.abc import Sequence

import torch

from vidpipe.models.shapes import FrameBatch, WindowBatch


def stack_window(frames: Sequence[FrameBatch]) -> WindowBatch:
    """Stack frames, oldest first, each with channels last in memory, as convolutions like it."""
    return torch.stack([frame.movedim(1, -1) for frame in frames], dim=1).movedim(-1, 2)


def push(window: WindowBatch, frame: FrameBatch) -> WindowBatch:
    """Return the window one frame later: without its oldest frame, and with the new one."""
    if window.shape[1] == 1:
        # A view keeps the memory layout that the network left, and so the last bit of its sums.
        return frame.unsqueeze(1)
    return stack_window([*window.unbind(1)[1:], frame])
