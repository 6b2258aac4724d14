"""Encoder of clips, and motion as a walk through its codes.

A generator that also makes real clips again, from what an encoder saw in them, need not find out by
the discriminator alone what holds together (Larsen et al. 2016, "Autoencoding beyond pixels using a
learned similarity metric", section 3). What the encoder says of each frame becomes predictable: a
recurrent cell learns to tell it from the frames before (Denton and Fergus 2018, "Stochastic Video
Generation with a Learned Prior", section 3), and then makes such codes from noise.

Shapes: b batch, c channels, t frames, h w pixels of a square frame.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.clip_gan import WithChange
from vidpipe.models.shapes import ClipBatch
from vidpipe.training.distributed import own_share, whole

SLOPE = 0.2  # of leaky ReLU
BASE = 4  # side of the last maps of a frame
SPAN = 5  # frames that a code of motion is told from
SCALE = 3.0  # of the cell's input and of its steps: the codes themselves are small
PARTS = 5  # of the mixture that a step is drawn from
LOG_2_PI = math.log(2 * math.pi)
LOG_VARIANCE = (-6.0, 2.0)  # least and most: a code is neither exact nor lost in noise

Codes = Float[Tensor, "b *t numbers"]
Content = Float[Tensor, "b content"]
Motion = Float[Tensor, "b frames motion"]


class Gaussian(NamedTuple):
    """Normal distributions of codes, all numbers independent.

    Attributes:
        mean: Of each number.
        log_variance: Logarithm of its variance.
    """

    mean: Codes
    log_variance: Codes

    @classmethod
    def of(cls, mean: Codes, log_variance: Codes) -> "Gaussian":
        """Return the distributions, their variances held to sensible ones."""
        return cls(mean, log_variance.clamp(*LOG_VARIANCE))

    def at(self, noise: Codes) -> Codes:
        """Return the codes that standard noise stands for."""
        return torch.addcmul(self.mean, (self.log_variance / 2).exp(), noise)

    def draw(self) -> Codes:
        """Draw codes, by torch's global generator, which each step seeds."""
        # For the whole batch, so that numbers do not depend on the number of devices.
        count, *numbers = self.mean.shape
        return self.at(own_share(torch.randn(whole(count), *numbers)).to(self.mean))

    def entropy(self) -> Float[Tensor, ""]:
        """Return the differential entropy in nats, the mean over clips."""
        each: Codes = 1 + LOG_2_PI + self.log_variance
        return each.flatten(1).sum(1).mean() / 2

    def divergence(self) -> Float[Tensor, ""]:
        """Return the Kullback-Leibler divergence from N(0, 1), in nats, the mean over clips."""
        each: Codes = self.log_variance.exp() + self.mean.square() - 1 - self.log_variance
        return each.flatten(1).sum(1).mean() / 2


class ClipEncoder(nn.Module):
    """A clip to codes of what stays, and of each frame.

    Args:
        size: Side of the frames, 4 times a power of two.
        channels: Of a frame.
        width: Channels of the first layer; later ones have up to 4 times as many.
        content: Numbers of what stays; 0: content is not encoded.
        motion: Numbers of each frame.
    """

    def __init__(self, *, size: int, channels: int, width: int, content: int, motion: int) -> None:
        super().__init__()
        halvings = (size // BASE).bit_length() - 1
        widths = [width * 2 ** min(level, 2) for level in range(halvings + 1)]
        seen = 3 * width
        # What changes is shown apart: frames that follow each other are much alike.
        self.change = WithChange()
        self.frame = nn.Sequential(nn.Conv2d(2 * channels, widths[0], 3, 1, 1), nn.LeakyReLU(SLOPE))
        for inner, outer in pairwise(widths):
            self.frame.extend([nn.Conv2d(inner, outer, 4, 2, 1), nn.LeakyReLU(SLOPE)])
        self.frame.extend(
            [nn.Flatten(), nn.Linear(widths[-1] * BASE**2, seen), nn.LeakyReLU(SLOPE)]
        )
        self.time = nn.Sequential(nn.Conv1d(seen, seen, SPAN, 1, SPAN // 2), nn.LeakyReLU(SLOPE))
        self.content = nn.Linear(2 * seen, 2 * content) if content else None
        self.motion = nn.Linear(seen, 2 * motion)
        # Near N(0, 1) before it has learnt anything.
        for head in filter(None, (self.content, self.motion)):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, clips: ClipBatch) -> tuple[Gaussian | None, Gaussian]:
        """Return distributions of the content, if it is encoded, and of each frame's motion."""
        frames = self.change(clips).movedim(1, 2)
        each = self.frame(frames.flatten(0, 1)).unflatten(0, frames.shape[:2]).movedim(1, 2)
        each = each + self.time(each)
        motion = Gaussian.of(*self.motion(each.movedim(1, 2)).chunk(2, dim=2))
        if self.content is None:
            return None, motion
        content = self.content(torch.cat([each.mean(2), each[:, :, 0]], dim=1))
        return Gaussian.of(*content.chunk(2, dim=1)), motion


class Mixture(NamedTuple):
    """Mixtures of normal distributions of codes.

    Attributes:
        log_weights: Logarithms of the shares of the parts, b t parts.
        parts: The distributions, each of b t parts numbers.
    """

    log_weights: Float[Tensor, "b *t parts"]
    parts: Gaussian

    def at(self, noise: Float[Tensor, "b *t noise"]) -> Codes:
        """Return the codes that standard noise stands for; its last number chooses the part."""
        position = torch.special.ndtr(noise[..., -1:])
        chosen = (self.log_weights.exp().cumsum(-1)[..., :-1] < position).sum(-1)
        index = chosen[..., None, None].expand(*chosen.shape, 1, noise.shape[-1] - 1)
        part = Gaussian(*(values.gather(-2, index).squeeze(-2) for values in self.parts))
        return part.at(noise[..., :-1])

    def log_density(self, codes: Codes) -> Float[Tensor, ""]:
        """Return the logarithm of the density at some codes, the mean over clips of its sum."""
        mean, log_variance = self.parts
        distance = (codes.unsqueeze(-2) - mean).square() * (-log_variance).exp()
        each = -(distance + log_variance + LOG_2_PI).sum(-1) / 2
        return (self.log_weights + each).logsumexp(-1).flatten(1).sum(1).mean()

    def detach(self) -> "Mixture":
        """Return the distributions without a gradient."""
        weights, *parts = (values.detach() for values in (self.log_weights, *self.parts))
        return Mixture(weights, Gaussian(*parts))


class MotionWalk(nn.Module):
    """Codes of motion frame by frame: each the one before, and a step that a GRU cell tells.

    A step is a mixture: a foot that is lifted may go on or be put down, but nowhere between (Ha and
    Schmidhuber 2018, "World Models", section 2.2). The cell sees what noise names, not the rest of
    the content: that of real clips is narrower than noise, and a cell that depended on it would err
    where clips are made from noise.

    Args:
        category: Numbers that the walk is conditioned on: what is shown, whose clip it is, features
            of a picture; 0: there are none.
        motion: Numbers of a code.
        memory: Numbers of the cell's state.

    Attributes:
        noise: Numbers of noise for each frame.
    """

    def __init__(self, *, category: int, motion: int, memory: int) -> None:
        super().__init__()
        self.motion = motion
        self.noise = noise_numbers(motion)
        self.cell = nn.GRU(category + motion, memory, batch_first=True)
        self.step = nn.Linear(memory, PARTS * (1 + 2 * motion))
        # Small steps of about N(0, 1) before it has learnt any.
        nn.init.normal_(self.step.weight, std=0.05 / SCALE)
        nn.init.zeros_(self.step.bias)

    def forward(
        self, category: Float[Tensor, "b category"], noise: Float[Tensor, "b frames noise"]
    ) -> Motion:
        """Return the codes that noise, new in each frame, stands for."""
        state = None
        codes = [noise.new_zeros(len(noise), 1, self.motion)]
        for new in torch.split(noise, 1, dim=1):
            step, state = self._steps(category, codes[-1], state)
            codes.append(step.at(new))
        return torch.cat(codes[1:], dim=1)

    def predict(self, category: Float[Tensor, "b category"], codes: Motion) -> Mixture:
        """Return the distribution of each code, given those before it."""
        return self._steps(category, F.pad(codes, (0, 0, 1, -1)))[0]

    def _steps(
        self, category: Tensor, before: Tensor, state: Tensor | None = None
    ) -> tuple[Mixture, Tensor]:
        """Return the distributions of the codes that follow some, and the cell's last state."""
        repeated = category.unsqueeze(1).expand(-1, before.shape[1], -1)
        states, last = self.cell(torch.cat([repeated, SCALE * before], dim=2), state)
        sizes = [PARTS, 2 * PARTS * self.motion]
        weights, steps = (SCALE * self.step(states)).split(sizes, dim=2)
        change, log_variance = steps.unflatten(2, (PARTS, -1)).chunk(2, dim=3)
        parts = Gaussian.of(before.unsqueeze(2) + change, log_variance)
        return Mixture(weights.log_softmax(2), parts), last


def noise_numbers(motion: int) -> int:
    """Return how many numbers of noise make a code: its own, and one that chooses a part."""
    return motion + 1
