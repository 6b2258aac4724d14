"""Generator of the next frame that moves the last real one, as the motion of the past goes on.

The velocity to come is a weighted sum of past flows (fitted before training, then learnt) and a
correction by a U-Net. Displacements add up over a rollout, and every frame is made of the
last *real* one: a blend of it looked up at several multiples of the displacement, and a change of
colours. So detail is resampled once, not once a step, and what was learnt by heart shows in motion
more than in colours: a scene that was never seen is moved as well.

Shapes: b batch, k frames of a window, c channels, h w pixels; flow as in `flow`.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.flow import (
    Flow,
    Maps,
    compose,
    halve,
    look_up,
    look_up_sharp,
    optical_flow,
)
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.models.windows import Motion, NextFrameGenerator, Past

WHOLE_SIDE = 4  # of the smallest maps
MULTIPLES = (0.0, 0.6, 1.2, 2.0)  # of the displacement, at which the last real frame is looked up
EXPECTED_MULTIPLE = 0.8  # before training, weight lies around it
# Computed here: arithmetic on the meta device, where weights are checked, imports torch's compiler,
# which takes longer than a prediction.
FIRST_BLEND = (-2 * (torch.tensor(MULTIPLES) - EXPECTED_MULTIPLE).abs()).tolist()
MISFIT_SCALE = 4.0  # of what the last flow left unexplained, in [-1, 1]
RIDGE = 1e-3  # of the fitted velocity; with still footage alone, it is 0


class FlowGenerator(NextFrameGenerator):
    """Past flows to a velocity, and the last real frame moved by it.

    Args:
        size: Side of the square frames, a power of two from 64.
        channels: Colour channels of a frame.
        width: Channels of the first layer.
        history: Frames of a window, at least 2.
        latent: Dimension of the noise that chooses a future; 0: there is one.
    """

    def __init__(
        self, *, size: int, channels: int, width: int, history: int, latent: int = 0
    ) -> None:
        super().__init__()
        self.size = size
        self.history = history
        self.latent = latent
        flows = history - 1

        # Weights of each past flow and of its mean over the picture, the newest first.
        self.velocity = nn.Parameter(torch.zeros(2, flows))

        # A U-Net: at half the side, at a quarter and at an eighth.
        self.enter = nn.Conv2d(4 * 2 * channels + 4 * flows + 2, width, 3, 1, 1)
        widths = [width, width * 3 // 2, 2 * width]
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(outer, inner, 3, 2, 1), ResidualBlock(inner), ResidualBlock(inner)
            )
            for outer, inner in pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Conv2d(inner, outer, 3, 1, 1) for outer, inner in pairwise(widths)
        )
        self.join = nn.Conv2d(width, width, 3, 1, 1)

        # What the whole picture tells: down to 4x4, and one vector that is added everywhere.
        self.whole = nn.Sequential()
        channels_in = widths[-1]
        for _ in range((size // 8 // WHOLE_SIDE).bit_length() - 1):
            self.whole.extend([nn.LeakyReLU(0.2), nn.Conv2d(channels_in, 4 * width, 3, 2, 1)])
            channels_in = 4 * width
        self.whole.extend(
            [
                nn.LeakyReLU(0.2),
                nn.Flatten(),
                nn.Linear(channels_in * WHOLE_SIDE**2, 4 * width),
                nn.LeakyReLU(0.2),
                nn.Linear(4 * width, widths[-1]),
            ]
        )

        # What the noise chooses is added there too: one vector, for a camera moves all at once.
        self.choose = nn.Linear(latent, widths[-1], bias=False) if latent else None

        # Its output: correction of the velocity, weights of the blend, change of colours.
        self.parts = [2, len(MULTIPLES), channels]
        self.head = nn.Conv2d(width, 4 * sum(self.parts), 1)
        # An untrained network corrects nothing, and looks near the expected multiple.
        nn.init.zeros_(self.head.weight)
        bias = torch.tensor([0.0, 0.0, *FIRST_BLEND, *[0.0] * channels])
        self.head.bias = nn.Parameter(bias.repeat_interleave(4))

    def begin(self, window: WindowBatch) -> Past:
        """Return the past that a window of real frames is, its flows estimated."""
        flows = optical_flow(window[:, :-1].flatten(0, 1), window[:, 1:].flatten(0, 1))
        past = past_of(window, torch.unflatten(flows, 0, (len(window), -1)))
        return replace(past, noise=self.mean_noise(window))

    def advance(self, past: Past) -> tuple[FrameBatch, Past]:
        """Predict the next frame, and return the past that it is the last frame of."""
        motion = past.motion
        assert motion is not None  # made by `begin`
        correction, blend, change = self._unet(past, motion)

        # Where each pixel of the next frame lies in the last real one.
        velocity = extrapolate(motion.flows, self.velocity) + correction
        displacement = compose(motion.displacement, velocity)

        # A blend of looks at several multiples of the way: detail is kept where it is sure.
        weights = torch.split(blend.softmax(1), 1, dim=1)
        looks = [look_up_sharp(motion.last_real, multiple * displacement) for multiple in MULTIPLES]
        frame = change.tanh()
        for weight, look in zip(weights, looks, strict=True):
            frame = frame + weight * look

        # The predicted velocity becomes the newest flow, from which the next step is predicted.
        flows = torch.cat([motion.flows[:, 1:], velocity.unsqueeze(1)], dim=1)
        moved = Motion(flows, motion.last_real, displacement)
        return frame, past.after(frame, moved)

    def _unet(self, past: Past, motion: Motion) -> list[Maps]:
        """Return a correction of the velocity, logits of the blend, and a change of colours."""
        # What the last flow did not explain: a new velocity, or what has come into sight.
        explained = look_up(past.frames[:, -2], motion.flows[:, -1])
        misfit = MISFIT_SCALE * (past.last - explained)
        frames = F.pixel_unshuffle(torch.cat([past.last, misfit], dim=1), 2)
        means = motion.flows.mean((3, 4)).flatten(1)[:, :, None, None]
        smooth = halve(torch.cat([motion.flows.flatten(1, 2), motion.displacement / 4], dim=1))
        inputs = torch.cat([frames, smooth, means.expand(-1, -1, *frames.shape[2:])], dim=1)

        # Down with a skip at each size, what the whole picture tells added at the bottom, and up.
        skip = F.leaky_relu(self.enter(inputs.contiguous(memory_format=torch.channels_last)), 0.2)
        skips = [skip]
        for down in self.down:
            skips.append(down(F.leaky_relu(skips[-1], 0.2)))
        hidden = skips.pop()
        whole = self.whole(hidden)
        if self.choose is not None:
            whole = whole + self.choose(past.noise)
        hidden = hidden + whole[:, :, None, None]
        for up in reversed(self.up):
            hidden = up(F.leaky_relu(hidden, 0.2))
            hidden = skips.pop() + F.interpolate(hidden, scale_factor=2)
        hidden = F.leaky_relu(self.join(F.leaky_relu(hidden, 0.2)), 0.2)
        return list(torch.split(F.pixel_shuffle(self.head(hidden), 2), self.parts, dim=1))


class ResidualBlock(nn.Module):
    """Two convolutions, added to their input.

    Args:
        width: Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1)
        self.second = nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, maps: Maps) -> Maps:
        inner = self.first(F.leaky_relu(maps, 0.2))
        added: Maps = maps + self.second(F.leaky_relu(inner, 0.2))
        return added


def past_of(window: WindowBatch, flows: Float[Tensor, "b k1 2 h w"]) -> Past:
    """Return the past that a window of real frames is, with its flows."""
    last = window[:, -1]
    return Past(window, Motion(flows, last, torch.zeros_like(flows[:, -1])))


def extrapolate(flows: Float[Tensor, "b k1 2 h w"], weights: Float[Tensor, "2 k1"]) -> Flow:
    """Return the velocity to come: a weighted sum of past flows and of their means.

    Args:
        flows: Flows of the past, the oldest first.
        weights: Weights of the flows, and of their means over the picture; the newest first.
    """
    newest_first = flows.flip(1)
    means = newest_first.mean((3, 4), keepdim=True)
    local, shared = weights[:, None, :, None, None, None]
    return (local * newest_first + shared * means).sum(1)


def fit_velocity(
    flows: Iterable[Float[Tensor, "b k1 2 h w"]], following: Iterable[Flow]
) -> Float[Tensor, "2 k1"]:
    """Fit the weights of `extrapolate` by least squares.

    Args:
        flows: Batches of past flows.
        following: The flow that followed each.
    """
    squares = products = torch.zeros(())
    pixels = 0
    for past, target in zip(flows, following, strict=True):
        # In double precision: sums over millions of pixels, whose matrix is then inverted.
        newest_first = past.flip(1).double()
        means = newest_first.mean((3, 4), keepdim=True).expand_as(newest_first)
        terms = torch.cat([newest_first, means], dim=1).movedim(1, 0).flatten(1)
        squares = squares + terms @ terms.T
        products = products + terms @ target.double().flatten()
        pixels += terms.shape[1]
    ridge = RIDGE * pixels * torch.eye(len(squares)).to(squares)
    return torch.linalg.solve(squares + ridge, products).float().view(2, -1)
