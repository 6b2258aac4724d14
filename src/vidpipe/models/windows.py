"""The past that a predictor looks at: a window of frames and, for some, how they move.

Shapes: b batch, k frames of a window, the oldest first, c channels, h w pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vidpipe.models.flow import Flow
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.training.modes import evaluating

FutureNoise = Float[Tensor, "b latent"]


@dataclass(frozen=True)
class Motion:
    """Motion of the frames of a window.

    Attributes:
        flows: Flow from each frame to the one before it, the oldest first.
        last_real: Last frame of the window that was not predicted.
        displacement: Flow from the window's last frame to `last_real`; 0 where they are the same.
    """

    flows: Float[Tensor, "b k1 2 h w"]
    last_real: FrameBatch
    displacement: Flow

    def take(self, index: Int[Tensor, "n"]) -> "Motion":
        """Return the motion of some windows."""
        return Motion(self.flows[index], self.last_real[index], self.displacement[index])


@dataclass(frozen=True)
class Past:
    """Knowledge of the past that a predictor has.

    Attributes:
        frames: The window, real frames or predicted ones.
        motion: How they move, for a predictor that wants it.
        noise: Which of several futures is to come, the same throughout a rollout; for a predictor
            that knows more than one.
    """

    frames: WindowBatch
    motion: Motion | None = None
    noise: FutureNoise | None = None

    @property
    def last(self) -> FrameBatch:
        """The last frame of the window."""
        return self.frames[:, -1]

    def take(self, index: Int[Tensor, "n"]) -> "Past":
        """Return the past of some windows."""
        motion = None if self.motion is None else self.motion.take(index)
        noise = None if self.noise is None else self.noise[index]
        return Past(self.frames[index], motion, noise)

    def after(self, frame: FrameBatch, motion: Motion | None = None) -> "Past":
        """Return the past one frame later."""
        return Past(push(self.frames, frame.clamp(-1, 1)), motion, self.noise)


class NextFrameGenerator(nn.Module):
    """A generator of the frame after a window.

    Attributes:
        size: Side of the square frames.
        history: Frames of a window.
        latent: Dimension of the noise that chooses a future; 0: there is one.
    """

    size: int
    history: int
    latent: int = 0

    def begin(self, window: WindowBatch) -> Past:
        """Return the past that a window of real frames is; its noise, if any, is 0."""
        return Past(window, noise=self.mean_noise(window))

    def mean_noise(self, window: WindowBatch) -> FutureNoise | None:
        """Return the noise of the future that is predicted where none is chosen: 0."""
        return window.new_zeros(len(window), self.latent) if self.latent else None

    def advance(self, past: Past) -> tuple[FrameBatch, Past]:
        """Predict the next frame, and return the past that it is the last frame of."""
        raise NotImplementedError

    def forward(self, past: Past) -> FrameBatch:
        return self.advance(past)[0]


def stack_window(frames: Sequence[FrameBatch]) -> WindowBatch:
    """Stack frames, oldest first, each with channels last in memory, as convolutions like it."""
    return torch.stack([frame.movedim(1, -1) for frame in frames], dim=1).movedim(-1, 2)


def push(window: WindowBatch, frame: FrameBatch) -> WindowBatch:
    """Return the window one frame later: without its oldest frame, and with the new one."""
    if window.shape[1] == 1:
        # A view keeps the memory layout that the network left, and so the last bit of its sums.
        return frame.unsqueeze(1)
    return stack_window([*window.unbind(1)[1:], frame])


def padded(window: WindowBatch, history: int) -> Float[Tensor, "b history c h w"]:
    """Lengthen a window that is too short: before its first frame, all stood still."""
    missing = history - window.shape[1]
    return torch.cat([window[:, :1].expand(-1, missing, -1, -1, -1), window], dim=1)


@torch.no_grad()
def roll_out(
    generator: NextFrameGenerator, window: WindowBatch, steps: int
) -> Float[Tensor, "b steps c h w"]:
    """Predict the `steps` frames after a window, each prediction pushed into it.

    The same for the same window: dropout and batch statistics are off.
    """
    with evaluating(generator):
        return go_on(generator, generator.begin(window[:, -generator.history :]), steps)


@torch.no_grad()
def go_on(generator: NextFrameGenerator, past: Past, steps: int) -> Float[Tensor, "b steps c h w"]:
    """Predict the `steps` frames after a past, as `roll_out` does."""
    frames = []
    with evaluating(generator):
        for _ in range(steps):
            frame, past = generator.advance(past)
            # As `advance` has it in the window that it goes on from.
            frames.append(frame.clamp(-1, 1))
    return torch.stack(frames, dim=1)
