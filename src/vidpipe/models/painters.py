"""Networks that paint all frames of clips by 2-D convolutions, the frames folded into the batch.

Shapes: n frames, those of all clips of a batch.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Vectors = Float[Tensor, "n _"]
Maps = Float[Tensor, "n _ _ _"]  # channels, height and width, which layers change
Volume = Float[Tensor, "b _ t _ _"]  # those of clips
Time = Literal["shift", "kernel"]

BASE = 4  # side of the first maps
SLOPE = 0.2  # of leaky ReLU
SHRINK = 2**-0.8  # channels after a doubling, as a share of those before
SHIFTED = 8  # an eighth of the channels comes from the frame before, an eighth from the one after


class TransposedPainter(nn.Sequential):
    """A vector to a picture by transposed convolutions, batch norm and ReLU.

    Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks", section 3.

    Args:
        numbers: Of the vector.
        size: Side of the pictures, 4 times a power of two.
        width: Channels of the first maps; each layer halves them.
        channels: Of the pictures.
    """

    def __init__(self, *, numbers: int, size: int, width: int, channels: int) -> None:
        widths = [width // 2**level for level in range(doublings(size))]
        super().__init__(
            nn.Linear(numbers, width * BASE**2),
            nn.Unflatten(1, (width, BASE, BASE)),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        for inner, outer in pairwise(widths):
            layer = nn.ConvTranspose2d(inner, outer, 4, 2, 1)
            self.extend([layer, nn.BatchNorm2d(outer), nn.ReLU()])
        # No norm after the last layer: colours are not to depend on the rest of the batch.
        self.append(nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1))


class ConditionalPainter(nn.Module):
    """A vector for each frame to a picture, by layers that the vector steers.

    Each layer is a conditional norm, leaky ReLU, and a convolution that sees the adjacent frames
    and doubles the side. Where fewer than two of them reach the full size, a residual layer that
    keeps it follows.

    Args:
        numbers: Of the vector that the first maps are made from.
        condition: Of the vector that norms are conditioned on.
        size: Side of the pictures, 4 times a power of two.
        width: Channels of the first maps.
        channels: Of the pictures.
        time: How convolutions see the adjacent frames: `shift`, some channels are theirs; `kernel`,
            they are 3-D.
    """

    def __init__(
        self,
        *,
        numbers: int,
        condition: int,
        size: int,
        width: int,
        channels: int,
        time: Time = "shift",
    ) -> None:
        super().__init__()
        widths = shrinking_widths(width, doublings(size))
        self.width = width
        self.dense = nn.Linear(numbers, width * BASE**2)
        self.layers = nn.ModuleList(
            SteeredLayer(inner, outer, condition, double=True, time=time)
            for inner, outer in pairwise(widths)
        )
        # One layer sees the frame before and the one after; two see as many again on each side.
        if len(self.layers) < 2:
            last = widths[-1]
            self.layers.append(SteeredLayer(last, last, condition, double=False, time=time))
        self.colours = nn.Conv2d(widths[-1], channels, 3, 1, 1)

    def forward(self, vectors: Vectors, condition: Vectors, frames: int) -> Maps:
        """Paint pictures.

        Args:
            vectors: One for each frame, those of a clip one after another.
            condition: The same.
            frames: Of a clip.
        """
        return self.enlarge(self.first_maps(vectors), condition, frames)

    def first_maps(self, vectors: Vectors) -> Maps:
        """Return the first maps of each frame."""
        # The layout of the weights: in another, each convolution would reorder the maps.
        maps = self.dense(vectors).unflatten(1, (self.width, BASE, BASE))
        ordered: Maps = maps.contiguous(memory_format=torch.channels_last)
        return ordered

    def enlarge(self, maps: Maps, condition: Vectors, frames: int) -> Maps:
        """Paint pictures from their first maps."""
        for layer in self.layers:
            maps = layer(maps, condition, frames)
        painted: Maps = self.colours(F.leaky_relu(maps, SLOPE))
        return painted


class SteeredLayer(nn.Module):
    """A conditional norm, leaky ReLU, and a convolution that sees the adjacent frames.

    Args:
        inner: Channels of the input.
        outer: Channels of the output.
        condition: Numbers of the vector that the norm is conditioned on.
        double: The side doubles; else it stays, and the input is added to the output.
        time: `shift`: channels are shifted in time before a 2-D convolution; `kernel`: it is 3-D.
    """

    def __init__(
        self, inner: int, outer: int, condition: int, *, double: bool, time: Time = "shift"
    ) -> None:
        super().__init__()
        self.norm = ConditionalNorm(inner, condition)
        self.doubles = double
        self.time = time
        self.convolution: nn.Module
        if time == "shift":
            self.convolution = (
                DoublingConv(inner, outer) if double else nn.Conv2d(inner, outer, 3, 1, 1)
            )
        else:
            self.convolution = (
                DoublingConv3d(inner, outer) if double else nn.Conv3d(inner, outer, 3, 1, 1)
            )

    def forward(self, maps: Maps, condition: Vectors, frames: int) -> Maps:
        active = F.leaky_relu(self.norm(maps, condition), SLOPE)
        changed: Maps
        if self.time == "shift":
            # Right before the convolution: it joins the frames for no product more.
            changed = self.convolution(shifted_in_time(active, frames))
        else:
            clips = torch.unflatten(active, 0, (-1, frames)).transpose(1, 2)
            changed = self.convolution(clips).transpose(1, 2).flatten(0, 1)
        return changed if self.doubles else maps + changed


class ConditionalNorm(nn.Module):
    """Batch norm whose scale and shift are made from a vector (de Vries et al. 2017, section 3).

    Args:
        channels: Of the maps.
        condition: Numbers of the vector.
    """

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        # No scale and shift of its own: the condition makes them.
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.steer = nn.Linear(condition, 2 * channels)

    def forward(self, maps: Maps, condition: Vectors) -> Maps:
        scale, shift = self.steer(condition)[:, :, None, None].chunk(2, dim=1)
        # Around 1, so that an untrained condition leaves the norm as it is.
        return torch.addcmul(shift, self.norm(maps), 1 + scale)


class DoublingConv(nn.Conv2d):
    """A 3x3 convolution of maps whose side was doubled by repeating each value.

    Computed as one transposed convolution of kernel 4 and stride 2, of the same result with less
    than half of the products: where values repeat, weights add up.

    Args:
        inner: Channels of the input.
        outer: Channels of the output.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__(inner, outer, 3, 1, 1)

    def forward(self, input: Maps) -> Maps:
        kernel = _of_copies(self.weight.flip(2, 3).transpose(0, 1))
        return F.conv_transpose2d(input, kernel, self.bias, stride=2, padding=1)


class DoublingConv3d(nn.Conv3d):
    """A 3x3x3 convolution of clips whose side was doubled by repeating each value; time stays.

    Args:
        inner: Channels of the input.
        outer: Channels of the output.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__(inner, outer, 3, 1, 1)

    def forward(self, input: Volume) -> Volume:
        kernel = _of_copies(self.weight.flip(2, 3, 4).transpose(0, 1))
        return F.conv_transpose3d(input, kernel, self.bias, stride=(1, 2, 2), padding=1)


def _of_copies(turned: Tensor) -> Tensor:
    """Return the kernel of 4x4 places that a value reaches by a turned 3x3 one from 2x2 copies."""
    corners = [(0, 1, 0, 1), (1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 1, 0)]
    first, *others = [F.pad(turned, corner) for corner in corners]
    return sum(others, start=first)


class BackgroundPainter(nn.Sequential):
    """A vector to a picture by doubling convolutions, batch norm and leaky ReLU.

    Args:
        numbers: Of the vector.
        size: Side of the pictures, 4 times a power of two.
        width: Channels of the first maps.
        channels: Of the pictures.
    """

    def __init__(self, *, numbers: int, size: int, width: int, channels: int) -> None:
        # Doublings as in the foreground, without its conditions: nothing here changes in time.
        widths = shrinking_widths(width, doublings(size))
        super().__init__(
            nn.Linear(numbers, width * BASE**2),
            nn.Unflatten(1, (width, BASE, BASE)),
        )
        for inner, outer in pairwise(widths):
            self.extend([nn.BatchNorm2d(inner), nn.LeakyReLU(SLOPE), DoublingConv(inner, outer)])
        self.extend([nn.LeakyReLU(SLOPE), nn.Conv2d(widths[-1], channels, 3, 1, 1)])


def shifted_in_time(maps: Maps, frames: int) -> Maps:
    """Take some channels from the frame before, and as many from the one after.

    Lin et al. 2019, "TSM: Temporal Shift Module for Efficient Video Understanding", section 3. The
    first and the last frame of a clip, which lack a neighbour, keep their own.

    Args:
        maps: Those of a clip one after another.
        frames: Of a clip.
    """
    # Channels last, as the layout is in memory.
    _, channels, *sides = maps.shape
    clips = maps.permute(0, 2, 3, 1).reshape(-1, frames, *sides, channels)
    share = channels // SHIFTED
    before, after, own = clips.tensor_split((share, 2 * share), dim=-1)
    # Repeated, not zeros: those would mark the ends of a clip.
    before = torch.cat([before[:, :1], before[:, :-1]], dim=1)
    after = torch.cat([after[:, 1:], after[:, -1:]], dim=1)
    return torch.cat([before, after, own], dim=-1).flatten(0, 1).permute(0, 3, 1, 2)


def doublings(size: int) -> int:
    """Return how often the side of the first maps doubles until it is `size`."""
    return (size // BASE).bit_length() - 1


def shrinking_widths(width: int, layers: int) -> Sequence[int]:
    """Return the channels before and after each of some layers that double the side.

    They shrink more slowly than the side grows; multiples of 8, which kernels like.
    """
    return [max(8, 8 * round(width * SHRINK**level / 8)) for level in range(layers + 1)]
