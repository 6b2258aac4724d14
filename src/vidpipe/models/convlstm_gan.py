"""convlstm_gan: how a picture goes on, by noise and five ConvLSTM layers.

As the project report built it, with ConvLSTM after Shi et al. 2015, "Convolutional LSTM Network",
equation 3 (without the peepholes). Beyond the report: each frame has noise of its own, which goes
round each layer as well as through it, and the discriminator sees the picture too.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.models.clip_gan import (
    ClipDiscriminator,
    ClipGenerator,
    Clips,
    Frames,
    RealClips,
    halving,
)
from vidpipe.models.noise import Noise, Prior

Maps = Float[Tensor, "b _ h w"]
Volume = Float[Tensor, "b _ t h w"]
LSTMS = 5


class Source(NamedTuple):
    """What a clip is made from."""

    noise: Noise
    image: Frames


class Generator(ClipGenerator):
    """Picture and noise joined, five ConvLSTM layers, transposed convolutions that enlarge space.

    Args:
        latent: Numbers of noise.
        codes: How many of them are one choice.
        size: Side of the frames, a power of two from 32. The ConvLSTM layers work at a sixteenth of
            it, at least 4x4.
        frames: Of a clip.
        channels: Of a frame.
        width: Channels of the ConvLSTM layers; each transposed convolution halves them, down
            to 8.
        skips: Show the picture again at every size on the way up (Ronneberger et al. 2015).
        labels: If any, what the choice says that a clip is to show; as many as codes.
    """

    from_picture = True

    def __init__(
        self,
        *,
        latent: int,
        codes: int,
        size: int,
        frames: int,
        channels: int,
        width: int,
        skips: bool,
        labels: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.prior, self.frames, self.skips = Prior(latent, codes, tuple(labels)), frames, skips
        self.base = max(4, size // 16)
        doublings = (size // self.base).bit_length() - 1
        narrowing = [max(8, width // 2**level) for level in range(doublings + 1)]
        self.look = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inner, outer, 4, 2, 1), nn.LeakyReLU(0.2))
            for inner, outer in pairwise([channels, *reversed(narrowing[:-1])])
        )
        # Maps of its own for each frame: from the same ones in all, training found no way to move.
        self.dense = nn.Linear(latent, frames * width * self.base**2)
        self.first_lstm = ConvLstm(2 * width, width)
        self.lstms = nn.ModuleList(ConvLstm(width, width) for _ in range(LSTMS - 1))
        seen = [0, *narrowing[1:-1], channels] if skips else [0] * len(narrowing)
        self.enlarge = nn.ModuleList(
            # The norm keeps what differs from frame to frame from being drowned by what does not.
            nn.Sequential(
                nn.BatchNorm3d(inner + also),
                nn.LeakyReLU(0.2),
                nn.ConvTranspose3d(inner + also, outer, *halving(time=False)),
            )
            for (inner, outer), also in zip(pairwise(narrowing), seen, strict=False)
        )
        self.colours = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv3d(narrowing[-1] + seen[-1], channels, (1, 3, 3), 1, (0, 1, 1)),
        )

    def source(self, noise: Noise, pictures: Frames) -> Source:
        """Both."""
        return Source(noise, pictures)

    def forward(self, source: Source) -> Clips:
        seen = [source.image]
        for layer in self.look:
            seen.append(layer(seen[-1]))
        small = seen.pop()
        # Each layer's maps are added to those it saw: else a fifth layer hears next to nothing.
        maps = self.dense(source.noise).unflatten(1, (self.frames, -1, self.base, self.base))
        maps = list(maps.unbind(1))
        maps = _sum(maps, self.first_lstm([torch.cat([small, now], dim=1) for now in maps]))
        for lstm in self.lstms:
            maps = _sum(maps, lstm(maps))
        volume = torch.stack(maps, dim=2).contiguous(memory_format=torch.channels_last_3d)
        for layer in self.enlarge:
            volume = self._beside(layer(volume), seen.pop())
        return torch.tanh(self.colours(volume))

    def _beside(self, volume: Volume, seen: Maps) -> Volume:
        """What is seen of the picture, joined to every frame."""
        if not self.skips:
            return volume
        return torch.cat([volume, seen.unsqueeze(2).expand(-1, -1, self.frames, -1, -1)], dim=1)


class ConvLstm(nn.Module):
    """A recurrent layer whose products are convolutions: maps in, maps out, frame by frame.

    Args:
        inner: Channels that come in.
        outer: Channels of its memory, and that go out.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.outer = outer
        self.see = nn.Conv2d(inner, 4 * outer, 3, 1, 1)
        self.recall = nn.Conv2d(outer, 4 * outer, 3, 1, 1, bias=False)

    def forward(self, maps: list[Maps]) -> list[Maps]:
        # All frames are seen at once; only what is recalled must wait for the frame before.
        seen = self.see(torch.cat(maps)).chunk(len(maps))
        memory = shown = torch.zeros_like(seen[0][:, : self.outer])
        out = []
        for now in seen:
            keep, write, show, new = (now + self.recall(shown)).chunk(4, dim=1)
            memory = keep.sigmoid() * memory + write.sigmoid() * new.tanh()
            shown = show.sigmoid() * memory.tanh()
            out.append(shown)
        return out


class Discriminator(ClipDiscriminator):
    """Five 3-D convolutions, to judge whether a clip is how its picture goes on.

    Args:
        channels: Of a frame.
        how: See `ClipDiscriminator`.
    """

    layers = 5

    def __init__(self, *, channels: int, **how: Any) -> None:
        super().__init__(channels=2 * channels, **how)

    def forward(  # type: ignore[override]  # fed by another task
        self, source: Source, clips: Clips
    ) -> Float[Tensor, "b judges"]:
        """The picture is seen beside the first frame: beside all, those stood still with it."""
        altered = self.augment(torch.cat([source.image.unsqueeze(2), clips], dim=2))
        image, clips = altered[:, :, :1], altered[:, :, 1:]
        seen = torch.cat([image, torch.zeros_like(clips[:, :, 1:])], dim=2)
        return self.judge(source.noise, torch.cat([clips, seen], dim=1))


class Game:
    """Source, noise and the first frame of a clip; target, the clip.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Where noise is drawn from.
    """

    def __init__(self, real: RealClips, *, batch: int, prior: Prior) -> None:
        self.real, self.batch, self.prior = real, batch, prior

    def draw(
        self, generator: Callable[[Source], Clips], rng: torch.Generator
    ) -> tuple[Source, Clips]:
        """A batch of (source, real clips). The random numbers come from `rng`, on the CPU."""
        clips, label = self.real.draw(self.batch, rng)
        noise = self.prior.draw(self.batch, rng, label).to(clips.device)
        return Source(noise, clips[:, :, 0]), clips

    def make(
        self, generator: Callable[[Source], Clips], source: Source, target: Clips
    ) -> tuple[Clips, dict[str, Float[Tensor, ""]]]:
        """The generator's clips. It pays nothing beside the adversarial loss."""
        return generator(source), {}


def _sum(one: list[Maps], other: list[Maps]) -> list[Maps]:
    return [before + after for before, after in zip(one, other, strict=True)]
