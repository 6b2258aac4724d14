"""The game of the GANs that make clips, and the discriminator they share.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from vidpipe.models.augmentation import Augment
from vidpipe.models.noise import CODE, FromNoiseGenerator, Label, Noise, Prior
from vidpipe.models.pixels import to_float

Clips = Float[Tensor, "b c t h w"]
Frames = Float[Tensor, "b c h w"]
Kernel = tuple[int, int, int]
Norm = Literal["batch", "spectral", "none"]


class RealClips:
    """Clips to learn from: a window of each, half of them mirrored if that is allowed.

    Args:
        frames: All frames; may be mapped from a file that is larger than memory.
        clips: Rows of indices into `frames`.
        label: Number of what each clip shows.
        length: Frames of a window.
        mirror: Whether a mirrored clip is as good as a real one.
        device: Where they are wanted.
    """

    def __init__(
        self,
        frames: UInt8[np.ndarray, "n h w c"],
        clips: Int[np.ndarray, "k t"],
        label: Int[np.ndarray, "k"],
        *,
        length: int,
        mirror: bool,
        device: torch.device,
    ) -> None:
        self.frames, self.clips = frames, torch.from_numpy(clips)
        self.label = torch.from_numpy(label).long()
        self.length, self.mirror, self.device = length, mirror, device

    def draw(self, count: int, rng: torch.Generator) -> tuple[Clips, Label]:
        """That many windows, each at a random start, and their labels, these on the CPU."""
        chosen = torch.randint(len(self.clips), (count, 1), generator=rng)
        starts = self.clips.shape[1] - self.length + 1
        start = torch.randint(starts, (count, 1), generator=rng)
        index = self.clips[chosen, start + torch.arange(self.length)]
        pixels = torch.from_numpy(self.frames[index.numpy()]).to(self.device)
        clips = to_float(pixels).movedim(-1, 1)
        mirrored = torch.rand(count, generator=rng) < (0.5 if self.mirror else 0.0)
        seen = torch.where(
            mirrored.to(clips.device)[:, None, None, None, None], clips.flip(-1), clips
        )
        return seen, self.label[chosen[:, 0]]


class ClipGenerator(FromNoiseGenerator):
    """A network that makes clips.

    Attributes:
        frames: Of each.
        from_picture: Whether it starts from a picture too.
    """

    frames: int
    from_picture = False

    def source(self, noise: Noise, pictures: Frames) -> Any:
        """What it starts from; pictures that it does not start from are passed over."""
        return noise

    def apart(self, source: Any) -> dict[str, Clips]:
        """What a clip is put together from, by name; nothing if it is made in one."""
        return {}


class ClipsFromNoise:
    """Source, noise; target, a real clip. Where codes say what is shown, both show the same.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Where noise is drawn from.
    """

    def __init__(self, real: RealClips, *, batch: int, prior: Prior) -> None:
        self.real, self.batch, self.prior = real, batch, prior

    def draw(
        self, generator: Callable[[Noise], Clips], rng: torch.Generator
    ) -> tuple[Noise, Clips]:
        """A batch of (noise, real clips). The random numbers come from `rng`, on the CPU."""
        clips, label = self.real.draw(self.batch, rng)
        return self.prior.draw(self.batch, rng, label).to(clips.device), clips

    def make(
        self, generator: Callable[[Noise], Clips], source: Noise, target: Clips
    ) -> tuple[Clips, dict[str, Float[Tensor, ""]]]:
        """The generator's clips. It pays nothing beside the adversarial loss."""
        return generator(source), {}


class Volume(nn.Module):
    """Noise to feature maps of a whole clip: dense, then four transposed 3-D convolutions.

    All four double space, so the first maps have a sixteenth of the side; the first three double
    time.

    Args:
        latent: Numbers of noise.
        size: Side of the frames, a multiple of 16.
        frames: Of a clip, a multiple of 8.
        width: Channels of the first maps; each layer halves them.
    """

    def __init__(self, *, latent: int, size: int, frames: int, width: int) -> None:
        super().__init__()
        self.base = (frames // 8, size // 16, size // 16)
        widths = [width // 2**level for level in range(5)]
        self.channels = widths[-1]
        self.dense = nn.Linear(latent, width * math.prod(self.base))
        self.layers = nn.Sequential(nn.BatchNorm3d(width), nn.LeakyReLU(0.2))
        for level, (inner, outer) in enumerate(pairwise(widths)):
            layer = nn.ConvTranspose3d(inner, outer, *halving(time=level < 3))
            # At full size a norm costs as much as the layer.
            norm = [nn.BatchNorm3d(outer)] if level < 3 else []
            self.layers.extend([layer, *norm, nn.LeakyReLU(0.2)])

    def forward(self, noise: Noise) -> Float[Tensor, "b maps t h w"]:
        base = self.dense(noise).unflatten(1, (-1, *self.base))
        maps: Tensor = self.layers(base.contiguous(memory_format=torch.channels_last_3d))
        return maps


class ClipDiscriminator(nn.Module):
    """3-D convolutions of kernel 4 and stride 2, and one judgement on what is left.

    Where time has shrunk to 1, kernel and stride are 1 in time (Keras's *same* padding, with which
    the report was made, hides this).

    Args:
        size: Side of the frames, at least `2**layers`.
        frames: Of a clip.
        channels: Of a frame, and of what is joined to it.
        width: Channels of the first convolution; they double from layer to layer.
        norm: What steadies the layers: `batch` norm, `spectral` norm (Miyato et al. 2018), `none`.
        dropout: Rate after each convolution, while training.
        frame_judge: Also judge one frame, picked at random, by 2-D convolutions of the same widths
            (Tulyakov et al. 2018, "MoCoGAN", section 3.2).
        augment: How much clips are altered before they are judged, 0 to 1.
        labels: How many the noise may name; a clip is judged as one of what is named (Miyato and
            Koyama 2018, "cGANs with Projection Discriminator", equation 3). 0: none is.

    Attributes:
        layers: Convolutions; a model says how many.
    """

    layers: int

    def __init__(
        self,
        *,
        size: int,
        frames: int,
        channels: int,
        width: int,
        norm: Norm,
        dropout: float,
        frame_judge: bool,
        augment: float,
        labels: int = 0,
    ) -> None:
        super().__init__()
        self.augment, self.labels = Augment(augment), labels
        widths = [channels, *(width * 2**level for level in range(self.layers))]
        self.clip_judge = nn.Sequential()
        for level, (inner, outer) in enumerate(pairwise(widths)):
            layer = nn.Conv3d(inner, outer, *halving(time=frames > 2**level))
            self.clip_judge.extend(_block(layer, nn.BatchNorm3d, norm, dropout, first=level == 0))
        features = widths[-1] * (size // 2**self.layers) ** 2 * max(1, frames // 2**self.layers)
        self.clip_judge.append(nn.Flatten())
        self.clip_logit = _steadied(nn.Linear(features, 1), norm)
        if labels:
            self.named = _steadied(nn.Linear(labels, features, bias=False), norm)
        self.frame_judge = nn.Sequential() if frame_judge else None
        if self.frame_judge is not None:
            for level, (inner, outer) in enumerate(pairwise(widths)):
                flat = nn.Conv2d(inner, outer, 4, 2, 1)
                self.frame_judge.extend(
                    _block(flat, nn.BatchNorm2d, norm, dropout, first=level == 0)
                )
            features = widths[-1] * (size // 2**self.layers) ** 2
            self.frame_judge.extend([nn.Flatten(), _steadied(nn.Linear(features, 1), norm)])

    def forward(self, source: Noise, clips: Clips) -> Float[Tensor, "b judges"]:
        """Of the noise only the label is looked at: a real clip has no more."""
        return self.judge(source, self.augment(clips))

    def judge(self, noise: Noise, clips: Clips) -> Float[Tensor, "b judges"]:
        """A logit for each clip, and one for one of its frames if there is a judge of those."""
        found = self.clip_judge(clips)
        logits = [self.clip_logit(found)]
        if self.labels:
            named = self.named(noise[:, : self.labels] / CODE)
            logits[0] = logits[0] + (named * found).sum(1, keepdim=True)
        if self.frame_judge is not None:
            picked = torch.randint(clips.shape[2], (len(clips),), device="cpu").tolist()
            frames = [clip[:, t] for clip, t in zip(clips, picked, strict=True)]
            logits.append(self.frame_judge(torch.stack(frames)))
        return torch.cat(logits, dim=1)


def halving(*, time: bool) -> tuple[Kernel, Kernel, Kernel]:
    """Kernel, stride and padding that halve space, or double it, and time with it or not."""
    return ((4, 4, 4), (2, 2, 2), (1, 1, 1)) if time else ((1, 4, 4), (1, 2, 2), (0, 1, 1))


def _block(
    layer: nn.Conv2d | nn.Conv3d,
    batch_norm: type[nn.BatchNorm2d | nn.BatchNorm3d],
    norm: Norm,
    dropout: float,
    *,
    first: bool,
) -> list[nn.Module]:
    normed = [batch_norm(layer.out_channels)] if norm == "batch" and not first else []
    return [_steadied(layer, norm), *normed, nn.LeakyReLU(0.2), nn.Dropout(dropout)]


def _steadied(layer: nn.Module, norm: Norm) -> nn.Module:
    steadied: nn.Module = spectral_norm(layer) if norm == "spectral" else layer
    return steadied
