"""convlstm_gan: the continuation of a picture, by noise and five ConvLSTM layers.

As the project report built it, with ConvLSTM after Shi et al. 2015, "Convolutional LSTM Network",
equation 3 (without the peepholes). Beyond the report: each frame has noise of its own, which goes
round each layer as well as through it, and the discriminator sees the picture too.

With an encoder, which is beyond the report too, each frame has codes of its motion (see
`clip_codes`). The clip begins with the picture; what moves is painted before a background, the
picture without it.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vidpipe.config.models import ConvlstmGanModel, ConvlstmGanTrain, TrainingConfig
from vidpipe.models.clip_codes import (
    MOTION_DIVERGENCE,
    CodedGenerator,
    Mask,
    coded_objective,
    coded_options,
)
from vidpipe.models.clip_encoder import Content, Motion
from vidpipe.models.clip_gan import (
    ClipData,
    ClipDiscriminator,
    ClipObjective,
    LatentDiscriminator,
    build_networks,
    clip_objective,
    stride_2,
)
from vidpipe.models.clip_painters import Stream
from vidpipe.models.noise import Noise
from vidpipe.models.painters import BASE, SLOPE, DoublingConv, doublings
from vidpipe.models.scene import Parts, mask_mean
from vidpipe.models.shapes import ClipBatch, FrameBatch
from vidpipe.training.adversarial import Networks
from vidpipe.training.distributed import own_share, whole

ModelConfig = ConvlstmGanModel
TrainConfig = ConvlstmGanTrain

NAME = "convlstm_gan"
LSTMS = 5
WALK_FEATURES = 32  # of the picture, which condition the walk
WALK_RATE = 2.0  # times the learning rate, at which the walk would fall behind the codes
LOOKS = 32  # features of the picture that condition the foreground
FOREGROUND = 2  # channels of its first maps, in multiples of the ConvLSTM layers', which are slow
ALONE = 8  # in training, one clip of so many has no background

Maps = Float[Tensor, "b _ h w"]
Volume = Float[Tensor, "b _ t h w"]


def build(config: TrainingConfig[ConvlstmGanModel, ConvlstmGanTrain], data: ClipData) -> Networks:
    """Make both networks."""
    latent = config.model.space == "latent"
    return build_networks(
        Generator,
        LatentContinuationDiscriminator if latent else Discriminator,
        config,
        data,
        skips=config.model.skips,
        **coded_options(NAME, config.model, data),
    )


def objective(
    config: TrainingConfig[ConvlstmGanModel, ConvlstmGanTrain], data: ClipData
) -> ClipObjective:
    """Make the objective: clips from noise and their own first frame."""
    if config.model.encoder:
        return coded_objective(config, data, mask_weight=config.train.mask_weight)
    return clip_objective(config, data)


def diagnostics(generator: "Generator", source: "Source") -> dict[str, float]:
    """Measure the mask's mean, if there is a mask."""
    return {"mask_mean": mask_mean(generator, source)} if generator.encoder else {}


class Source(NamedTuple):
    """Input of the generator."""

    noise: Noise
    image: FrameBatch


class Generator(CodedGenerator):
    """Picture and noise joined, five ConvLSTM layers, and layers that enlarge space.

    Args:
        latent: Numbers of noise.
        size: Side of the frames, a power of two from 32; with an encoder, from 8.
        frames: Of a clip.
        channels: Of a frame.
        width: Channels of the ConvLSTM layers.
        skips: Join the picture's features at every size on the way up (Ronneberger et al. 2015);
            without an encoder.
        bounded: Frames are in [-1, 1]; else of any value.
        encoder: Channels of the encoder's first layer; 0: there is none.
        options: Further keyword arguments of `CodedGenerator`.
    """

    from_picture = True
    # Who is seen is in the picture. Content of the clip would be relied on, and noise cannot know
    # it: it would show someone else before the picture.
    encodes_content = False
    # At the full weight codes of motion say little: recurrent layers are slow to use them.
    motion_divergence = MOTION_DIVERGENCE / 5

    def __init__(
        self,
        *,
        latent: int,
        size: int,
        frames: int,
        channels: int,
        width: int,
        skips: bool,
        bounded: bool = True,
        encoder: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            latent=latent,
            size=size,
            frames=frames,
            channels=channels,
            encoder=encoder,
            conditions=WALK_FEATURES,
            **options,
        )
        if encoder:
            # The motion to come depends on where the picture shows what moves.
            self.walk_features = _features(size, channels, width, WALK_FEATURES)
            self.rate_factors = {"walk": WALK_RATE, "walk_features": WALK_RATE}
            self.continuation = Continuation(
                content=self.content.codes,
                motion=self.motion,
                size=size,
                width=width,
                channels=channels,
                bounded=bounded,
            )
        else:
            self.report = Report(
                latent=latent, size=size, frames=frames, channels=channels, width=width, skips=skips
            )

    def source(self, noise: Noise, pictures: FrameBatch) -> Source:
        """Return noise and pictures as one input."""
        return Source(noise, pictures)

    def forward(self, source: Source) -> ClipBatch:
        if self.encoder:
            return super().forward(source)
        clips: ClipBatch = self.report(*source)
        return clips

    def noise_of(self, source: Source) -> Noise:
        """Return the noise in the generator's input."""
        return source.noise

    def condition(self, source: Source) -> Float[Tensor, "b numbers"]:
        """Return what conditions the walk: what noise names, and features of the picture."""
        return torch.cat([super().condition(source), self.walk_features(source.image)], dim=1)

    def parts(self, source: Source) -> Parts:
        """Return foreground, mask and background apart."""
        return self._parts(source, *self.unroll(source))

    def components(self, source: Source) -> dict[str, ClipBatch]:
        """Return foreground, mask and background as clips of colours, if there are parts."""
        return self.parts(source).shown() if self.encoder else {}

    def compose(
        self, source: Source, content: Content, motion: Motion
    ) -> tuple[ClipBatch, Mask | None]:
        """Return clips, and the mask of what moves before the background."""
        parts = self._parts(source, content, motion)
        return parts.clips, parts.mask

    def _parts(self, source: Source, content: Content, motion: Motion) -> Parts:
        # What noise has beside its codes would say who is seen, and the picture shows that.
        return self.continuation.parts(content[:, : self.content.codes], motion, source.image)


class Continuation(Stream):
    """A moving foreground before the background of a picture, by ConvLSTM layers.

    Args:
        content: Numbers of the content.
        size: Side of the frames, 4 times a power of two.
        width: Channels of the ConvLSTM layers; the foreground's first maps have twice as many.
        channels: Of a frame.
        bounded: Frames are in [-1, 1]; else of any value.
        options: Further keyword arguments of `Stream`.
    """

    masks = 1

    def __init__(
        self,
        *,
        content: int,
        size: int,
        width: int,
        channels: int,
        bounded: bool,
        **options: Any,
    ) -> None:
        super().__init__(
            content=content + LOOKS,
            size=size,
            width=FOREGROUND * width,
            channels=channels,
            bounded=bounded,
            **options,
        )
        self.picture = nn.Sequential(*_halving([channels, *[width] * doublings(size)]))
        self.looks = _features(size, channels, width, LOOKS)
        # Not tanh, which would change the picture's own pixels.
        self.limit = nn.Hardtanh() if bounded else nn.Identity()
        self.background = Background(size=size, width=width, channels=channels)
        self.narrow = nn.Conv2d(FOREGROUND * width, width, 1)
        self.widen = nn.Conv2d(width, FOREGROUND * width, 1)
        self.first_lstm = ConvLstm(2 * width, width)
        self.lstms = nn.ModuleList(ConvLstm(width, width) for _ in range(LSTMS - 1))

    def parts(self, content: Content, motion: Motion, picture: FrameBatch) -> Parts:
        """Return foreground, mask and background apart."""
        # The first maps of each frame; ConvLSTM layers add what the picture and earlier frames say.
        frames = motion.shape[1]
        content = torch.cat([content, self.looks(picture)], dim=1)
        vectors, condition = self.steer(content, motion)
        first_maps = self.foreground.first_maps(vectors)
        maps = torch.unflatten(self.narrow(first_maps), 0, (-1, frames)).unbind(1)
        layers = [self.first_lstm, *self.lstms]
        recurrent = torch.stack(_recurrent(layers, self.picture(picture), list(maps)), dim=1)
        first_maps = first_maps + self.widen(recurrent.flatten(0, 1))

        painted = self.foreground.enlarge(first_maps, condition, frames)
        moving = torch.unflatten(painted, 0, (-1, frames)).movedim(1, 2)
        foreground, mask = torch.split(moving, [self.channels, self.masks], dim=1)
        # The background is right long before the foreground, and would close the mask for good.
        # Some clips have none while training, so that the foreground must be right alone.
        mask = mask.sigmoid()
        if self.training:
            clips = whole(len(mask))
            # Of those that are made again, which have odd places, the last of the first eight. Of
            # fewer than four clips, one is made again, which keeps its background.
            place = min(ALONE, clips) // 2 * 2 - 1
            alone = (torch.arange(clips) % ALONE == place) & (clips > 3)
            alone = own_share(alone).to(mask.device)
            mask = torch.where(alone[:, None, None, None, None], 1.0, mask)

        # The clip begins with the picture itself.
        mask = torch.cat([torch.zeros_like(mask[:, :, :1]), mask[:, :, 1:]], dim=2)
        background = (
            self.limit(self.background(picture)).unsqueeze(2).expand(-1, -1, frames - 1, -1, -1)
        )
        background = torch.cat([picture.unsqueeze(2), background], dim=2)
        return Parts(self.squash(foreground), mask, background)


class Background(nn.Module):
    """A picture with what is to move painted over, by a small U-Net (Ronneberger et al. 2015).

    Args:
        size: Side of the picture, 4 times a power of two.
        width: Channels of the maps.
        channels: Of the picture.
    """

    def __init__(self, *, size: int, width: int, channels: int) -> None:
        super().__init__()
        widths = [channels, *[width] * doublings(size)]
        self.down = nn.ModuleList(_halving(widths))
        # Each doubling but the first has the maps of its side on the way down as well.
        skips = [0, *reversed(widths[1:-1])]
        self.up = nn.ModuleList(
            nn.Sequential(DoublingConv(width + skip, width), nn.LeakyReLU(SLOPE)) for skip in skips
        )
        self.change = nn.Conv2d(width + channels, channels, 3, 1, 1)
        # Close to the picture itself, before anything is learnt.
        nn.init.normal_(self.change.weight, std=0.01)

    def forward(self, picture: FrameBatch) -> FrameBatch:
        # Maps of all sizes wait for the way up.
        maps = [picture]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        painted = maps.pop()
        for layer in self.up:
            painted = torch.cat([layer(painted), maps.pop()], dim=1)
        background: FrameBatch = picture + self.change(painted)
        return background


class Report(nn.Module):
    """The report's network: maps of each frame from noise, and transposed convolutions.

    Args:
        latent: Numbers of noise.
        size: Side of the frames, a power of two from 32. The ConvLSTM layers work at a sixteenth of
            it, at least 4x4.
        frames: Of a clip.
        channels: Of a frame.
        width: Channels of the ConvLSTM layers; each transposed convolution halves them, down
            to 8.
        skips: Join the picture's features at every size on the way up.
    """

    def __init__(
        self, *, latent: int, size: int, frames: int, channels: int, width: int, skips: bool
    ) -> None:
        super().__init__()
        self.frames = frames
        self.skips = skips
        self.base = max(4, size // 16)
        levels = (size // self.base).bit_length()
        widths = [max(8, width // 2**level) for level in range(levels)]

        # The encoder of the picture, from full size down to the size of the ConvLSTM layers.
        self.look = nn.ModuleList(_halving([channels, *reversed(widths[:-1])]))

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
                nn.LeakyReLU(SLOPE),
                nn.ConvTranspose3d(inner + skip, outer, *stride_2(time=False)),
            )
            for (inner, outer), skip in zip(pairwise(widths), skip_widths, strict=False)
        )
        self.colours = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Conv3d(widths[-1] + skip_widths[-1], channels, (1, 3, 3), 1, (0, 1, 1)),
        )

    def forward(self, noise: Noise, picture: FrameBatch) -> ClipBatch:
        # Encode the picture; features of all sizes wait for the way up.
        features = [picture]
        for layer in self.look:
            features.append(layer(features[-1]))
        smallest = features.pop()

        stacked = self.dense(noise).unflatten(1, (self.frames, -1, self.base, self.base))
        maps = _recurrent([self.first_lstm, *self.lstms], smallest, list(stacked.unbind(1)))

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

    Args:
        inner: Channels of the input.
        outer: Channels of cell and hidden state.
    """

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.outer = outer
        self.from_input = nn.Conv2d(inner, 4 * outer, 3, 1, 1)
        self.from_hidden = nn.Conv2d(outer, 4 * outer, 3, 1, 1, bias=False)

    def forward(self, maps: list[Maps]) -> list[Maps]:
        # Inputs of all frames are convolved at once; only the hidden state must wait its turn.
        inputs = self.from_input(torch.cat(maps)).chunk(len(maps))

        # Both states start at zero.
        cell = torch.zeros_like(inputs[0][:, : self.outer])
        hidden = cell
        outputs = []
        for frame_input in inputs:
            # Equation 3: forget some of the cell, add the candidate, show some of it.
            gates = (frame_input + self.from_hidden(hidden)).chunk(4, dim=1)
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


class LatentContinuationDiscriminator(LatentDiscriminator):
    """The discriminator of latents: real and generated clips begin with the picture."""

    def forward(  # type: ignore[override]  # fed by another objective
        self, source: Source, clips: ClipBatch
    ) -> Float[Tensor, "b logits"]:
        """Return logits of clips."""
        return super().forward(source.noise, clips)


def _halving(widths: list[int]) -> Iterable[nn.Module]:
    """Make layers, each of which halves the side, between these channels."""
    for inner, outer in pairwise(widths):
        yield nn.Sequential(nn.Conv2d(inner, outer, 4, 2, 1), nn.LeakyReLU(SLOPE))


def _features(size: int, channels: int, width: int, features: int) -> nn.Sequential:
    """Return layers from a picture to numbers, normed over all of them (Ba et al. 2016)."""
    widths = [width * 2 ** min(level, 2) for level in range(doublings(size) + 1)]
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 1, 1),
        nn.LeakyReLU(SLOPE),
        *_halving(widths),
        nn.Flatten(),
        nn.Linear(widths[-1] * BASE**2, 3 * width),
        nn.LeakyReLU(SLOPE),
        nn.Linear(3 * width, features),
        nn.LayerNorm(features),
    )


def _recurrent(layers: list["ConvLstm"], picture: Maps, maps: list[Maps]) -> list[Maps]:
    """Pass maps of all frames through recurrent layers, the first of which has the picture too."""
    # Each layer's maps are added to its input: else next to nothing reaches a fifth layer.
    inputs = [torch.cat([picture, frame_maps], dim=1) for frame_maps in maps]
    for layer in layers:
        maps = [before + output for before, output in zip(maps, layer(inputs), strict=True)]
        inputs = maps
    return maps
