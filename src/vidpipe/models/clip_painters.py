"""Clips from codes, frame by frame: in one stream, or before a still background.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.models.clip_encoder import Content, Motion
from vidpipe.models.painters import (
    SLOPE,
    BackgroundPainter,
    ConditionalPainter,
    Time,
    Vectors,
)
from vidpipe.models.scene import Parts
from vidpipe.models.shapes import ClipBatch


class Stream(nn.Module):
    """Frames by layers that content and motion steer.

    Args:
        content: Numbers of the content.
        motion: Numbers of motion per frame.
        size: Side of the frames.
        width: Channels of the first feature maps.
        channels: Of a frame.
        bounded: Frames are in [-1, 1]; else of any value.
        time: How layers see the adjacent frames; see `ConditionalPainter`.

    Attributes:
        masks: Channels beside those of a frame.
    """

    masks = 0

    def __init__(
        self,
        *,
        content: int,
        motion: int,
        size: int,
        width: int,
        channels: int,
        bounded: bool,
        time: Time = "shift",
    ) -> None:
        super().__init__()
        self.squash = nn.Tanh() if bounded else nn.Identity()
        self.channels = channels
        vector = width // 2
        self.look = nn.Linear(content, width)
        self.move = nn.Linear(motion, 2 * width)
        # From the start motion counts as much as content.
        nn.init.normal_(self.move.weight, std=0.5)
        self.mix = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Linear(width, vector), nn.LeakyReLU(SLOPE))
        self.foreground = ConditionalPainter(
            numbers=vector,
            condition=vector + content,
            size=size,
            width=width,
            channels=channels + self.masks,
            time=time,
        )

    def forward(self, content: Content, motion: Motion) -> ClipBatch:
        clips: ClipBatch = self.squash(self.paint(content, motion))
        return clips

    def paint(self, content: Content, motion: Motion) -> Float[Tensor, "b maps t h w"]:
        """Return the frames, and what is beside them, before they are squashed."""
        frames = motion.shape[1]
        painted = self.foreground(*self.steer(content, motion), frames)
        clips: Tensor = painted.unflatten(0, (-1, frames)).movedim(1, 2)
        return clips

    def steer(self, content: Content, motion: Motion) -> tuple[Vectors, Vectors]:
        """Return a vector for each frame, and what conditions its norms."""
        # Content, of which motion scales and shifts each number.
        scale, shift = self.move(motion).chunk(2, dim=2)
        look = self.look(content).unsqueeze(1)
        vectors = self.mix(torch.addcmul(shift, look, 1 + scale))

        # The label, which is part of the content, conditions all norms.
        repeated = content.unsqueeze(1).expand(-1, motion.shape[1], -1)
        condition = torch.cat([vectors, repeated], dim=2)
        return vectors.flatten(0, 1), condition.flatten(0, 1)


class Scene(Stream):
    """Foreground and mask from a vector of each frame, and a still background from the content.

    Args:
        content: Numbers of the content.
        size: Side of the frames.
        width: Channels of the first feature maps of the foreground; the background's have half.
        channels: Of a frame.
        options: Further keyword arguments of `Stream`.
    """

    masks = 1

    def __init__(
        self, *, content: int, size: int, width: int, channels: int, **options: Any
    ) -> None:
        super().__init__(content=content, size=size, width=width, channels=channels, **options)
        # Half as wide: it makes one picture of a clip, the foreground one of each frame.
        self.background = BackgroundPainter(
            numbers=content, size=size, width=width // 2, channels=channels
        )

    def forward(self, content: Content, motion: Motion) -> ClipBatch:
        return self.parts(content, motion).clips

    def parts(self, content: Content, motion: Motion) -> Parts:
        """Return foreground, mask and background apart."""
        moving = self.paint(content, motion)
        foreground, mask = torch.split(moving, [self.channels, self.masks], dim=1)
        # From the content alone, so that it is the same behind all frames.
        background = self.background(content).unsqueeze(2)
        return Parts(self.squash(foreground), mask.sigmoid(), self.squash(background))
