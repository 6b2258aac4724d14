"""Generators of the next frame that have nothing to learn."""

import torch

from vidpipe.models.windows import NextFrameGenerator


class Adding(NextFrameGenerator):
    """The last frame, and something added; keeps the mode in which it was called.

    Args:
        step: What is added.
        history: Frames of a window.
    """

    def __init__(self, step=0.0, history=1):
        super().__init__()
        self.step = step
        self.history = history
        self.calls = []

    def advance(self, past):
        self.calls.append({"gradients": torch.is_grad_enabled(), "training": self.training})
        frame = past.last + self.step
        return frame, past.after(frame, past.motion)
