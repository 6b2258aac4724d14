"""convlstm_gan: the continuation of a picture, by noise and five ConvLSTM layers.

As the project report built it, with ConvLSTM after Shi et al. 2015, "Convolutional LSTM Network",
equation 3 (without the peepholes). Beyond the report: each frame has noise of its own, which goes
round each layer as well as through it, and the discriminator sees the picture too.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.config.models import ConvlstmGanModel, ConvlstmGanTrain, TrainingConfig
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipGenerator,
    ClipObjective,
    build_networks,
    clip_objective,
    stride_2,
)
from vidpipe.models.noise import Noise, Prior
from vidpipe.models.shapes import ClipBatch, FrameBatch
from vidpipe.training.adversarial import Networks

ModelConfig = ConvlstmGanModel
TrainConfig = ConvlstmGanTrain

Maps = Float[Tensor, "b _ h w"]
Volume = Float[Tensor, "b _ t h w"]
LSTMS = 5


def build(config: TrainingConfig[ConvlstmGanModel, ConvlstmGanTrain], data: ClipData) -> Networks:
    """Make both networks."""
    return build_networks(Generator, Discriminator, config, data, skips=config.model.skips)


def objective(
    config: TrainingConfig[ConvlstmGanModel, ConvlstmGanTrain], data: ClipData
) -> ClipObjective:
    """Make the objective: clips from noise and their own first frame."""
    return clip_objective(config, data)


class Source(NamedTuple):
    """Input of the generator."""

    noise: Noise
    image: FrameBatch


class Generator(ClipGenerator):
    """Picture and noise joined, five ConvLSTM layers, transposed convolutions that enlarge space.

    Args:
        latent: Numbers of noise.
        codes: Number of categorical codes among them.
        size: Side of the frames, a power of two from 32. The ConvLSTM layers work at a sixteenth of
            it, at least 4x4.
        frames: Of a clip.
        channels: Of a frame.
        width: Channels of the ConvLSTM layers; each transposed convolution halves them, down
            to 8.
        skips: Join the picture's features at every size on the way up (Ronneberger et al. 2015).
        labels: What the codes name, if they name what a clip is to show.
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
        self.prior = Prior(latent, codes, tuple(labels))
        self.frames = frames
        self.skips = skips
        self.base = max(4, size // 16)
        doublings = (size // self.base).bit_length() - 1
        widths = [max(8, width // 2**level) for level in range(doublings + 1)]

        # The encoder of the picture, from full size down to the size of the ConvLSTM layers.
        self.look = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inner, outer, 4, 2, 1), nn.LeakyReLU(0.2))
            for inner, outer in pairwise([channels, *reversed(widths[:-1])])
        )

        # Maps of its own for each frame: from the same ones in all, training found no way to move.
        self.dense = nn.Linear(latent, frames * width * self.base**2)
        self.first_lstm = ConvLstm(2 * width, width)
        self.lstms = nn.ModuleList(ConvLstm(width, width) for _ in range(LSTMS - 1))

        # The decoder, which enlarges space only; skips add the encoder's channels of that size.
        skip_widths = [0, *widths[1:-1], channels] if skips else [0] * len(widths)
        self.enlarge = nn.ModuleList(
            # The norm keeps what differs from frame to frame from being drowned by what does not.
            nn.Sequential(
                nn.BatchNorm3d(inner + skip),
                nn.LeakyReLU(0.2),
                nn.ConvTranspose3d(inner + skip, outer, *stride_2(time=False)),
            )
            for (inner, outer), skip in zip(pairwise(widths), skip_widths, strict=False)
        )
        self.colours = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv3d(widths[-1] + skip_widths[-1], channels, (1, 3, 3), 1, (0, 1, 1)),
        )

    def source(self, noise: Noise, pictures: FrameBatch) -> Source:
        """Return noise and pictures as one input."""
        return Source(noise, pictures)

    def forward(self, source: Source) -> ClipBatch:
        # Encode the picture; features of all sizes wait for the way up.
        features = [source.image]
        for layer in self.look:
            features.append(layer(features[-1]))
        smallest = features.pop()

        # Each layer's maps are added to its input: else a fifth layer hears next to nothing.
        stacked = self.dense(source.noise).unflatten(1, (self.frames, -1, self.base, self.base))
        maps = list(stacked.unbind(1))
        joined = [torch.cat([smallest, frame_maps], dim=1) for frame_maps in maps]
        maps = _add(maps, self.first_lstm(joined))
        for lstm in self.lstms:
            maps = _add(maps, lstm(maps))

        # Enlarge all frames together.
        volume = torch.stack(maps, dim=2).contiguous(memory_format=torch.channels_last_3d)
        for layer in self.enlarge:
            volume = self._join(layer(volume), features.pop())
        return torch.tanh(self.colours(volume))

    def _join(self, volume: Volume, features: Maps) -> Volume:
        """Join features of the picture to every frame, if there are skips."""
        if not self.skips:
            return volume
        repeated = features.unsqueeze(2).expand(-1, -1, self.frames, -1, -1)
        return torch.cat([volume, repeated], dim=1)


class ConvLstm(nn.Module):
    """A recurrent layer whose products are convolutions: maps in, maps out, frame by frame.

    The names of its convolutions are keys of weight files: `see` works on the input, `recall`
    on the hidden state.

    Args:
        inner: Channels of the input.
        outer: Channels of cell and hidden state.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.outer = outer
        self.see = nn.Conv2d(inner, 4 * outer, 3, 1, 1)
        self.recall = nn.Conv2d(outer, 4 * outer, 3, 1, 1, bias=False)

    def forward(self, maps: list[Maps]) -> list[Maps]:
        # Inputs of all frames are convolved at once; only the hidden state must wait its turn.
        inputs = self.see(torch.cat(maps)).chunk(len(maps))

        # Both states start at zero.
        cell = torch.zeros_like(inputs[0][:, : self.outer])
        hidden = cell
        outputs = []
        for from_input in inputs:
            # Equation 3: forget some of the cell, add the candidate, show some of it.
            gates = (from_input + self.recall(hidden)).chunk(4, dim=1)
            forget_gate, input_gate, output_gate, candidate = gates
            cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
            hidden = output_gate.sigmoid() * cell.tanh()
            outputs.append(hidden)
        return outputs


class Discriminator(ClipDiscriminator):
    """Five 3-D convolutions, to tell whether a clip is the continuation of its picture.

    Args:
        channels: Of a frame.
        options: Further keyword arguments of `ClipDiscriminator`.
    """

    layers = 5

    def __init__(self, *, channels: int, **options: Any) -> None:
        super().__init__(channels=2 * channels, **options)

    def forward(  # type: ignore[override]  # fed by another objective
        self, source: Source, clips: ClipBatch
    ) -> Float[Tensor, "b logits"]:
        """Return logits; the picture is joined to the first frame: to all, those stood still."""
        augmented = self.augment(torch.cat([source.image.unsqueeze(2), clips], dim=2))
        image = augmented[:, :, :1]
        clips = augmented[:, :, 1:]
        joined = torch.cat([image, torch.zeros_like(clips[:, :, 1:])], dim=2)
        return self.logits(source.noise, torch.cat([clips, joined], dim=1))


def _add(maps: list[Maps], outputs: list[Maps]) -> list[Maps]:
    """Add a layer's output to its input, frame by frame."""
    return [before + output for before, output in zip(maps, outputs, strict=True)]
