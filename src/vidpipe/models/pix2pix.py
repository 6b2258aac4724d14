"""pix2pix as a next-frame predictor: the U-Net, the PatchGAN, and their objective.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
section 3 and appendix 6.1. The condition is a window of past frames, the target the frame after it.
The recipe `steady` adds, each by a parameter: a residual output, noise on the input frames
(Sanchez-Gonzalez et al. 2020, appendix), pushforward steps (Brandstetter et al. 2022,
section 3.1), and random views of some windows, the same for all their frames, so that the generator
learns to move what it has not learnt by heart.

Shapes: b batch, k frames of a window, c channels, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.config.models import Pix2pixModel, Pix2pixTrain, TrainingConfig
from vidpipe.data.splits import SEEN
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.models.windows import push, stack_window
from vidpipe.training.adversarial import Hyperparameters, Networks
from vidpipe.training.modes import evaluating

ModelConfig = Pix2pixModel

HISTORY = 1  # frames of a window


@dataclass(frozen=True)
class PairData:
    """Frames to predict, and which of them follow each other.

    Attributes:
        frames: All frames, in order; stay on the device as uint8.
        pairs: Rows (source, target) of indices into `frames`, of the split to train on.
    """

    frames: UInt8[Tensor, "n c h w"]
    pairs: Int[Tensor, "p 2"]

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], device: torch.device) -> "PairData":
        """Return the pairs of `pairs.npz` that are for training."""
        frames = torch.from_numpy(arrays["frames"]).permute(0, 3, 1, 2).contiguous()
        pairs = torch.from_numpy(arrays["pairs"][arrays["pair_split"] == SEEN]).long()
        return cls(frames.to(device), pairs)


def build(config: TrainingConfig[Pix2pixModel, Pix2pixTrain], data: PairData) -> Networks:
    """Make both networks."""
    _, channels, _, size = data.frames.shape
    architecture = {"size": size, "channels": channels, **config.model.model_dump()}
    generator = Generator(**architecture)
    discriminator = Discriminator(channels=channels, width=config.model.width)
    return Networks(generator, {"discriminator": discriminator}, architecture)


def objective(
    config: TrainingConfig[Pix2pixModel, Pix2pixTrain], data: PairData
) -> "NextFrameObjective":
    """Make the objective: the next frame of a window."""
    return NextFrameObjective(
        data.frames,
        data.pairs,
        batch=config.train.batch,
        l1_weight=config.train.l1_weight,
        noise=config.train.noise,
        views=config.train.views,
        pushforward=config.train.pushforward,
    )


def hyperparameters(train: Pix2pixTrain) -> Hyperparameters:
    """Return the paper's: binary cross-entropy without gradient penalties."""
    return Hyperparameters(
        loss="bce",
        r1=0.0,
        r2=0.0,
        penalty_every=1,
        learning_rate=train.learning_rate,
        beta1=train.beta1,
        beta2=0.999,
        adversarial_weight=train.adversarial_weight,
        ema=train.ema,
        cooldown=0.0,
    )


class Generator(nn.Module):
    """U-Net with skips: a window of frames goes down to 1x1 and comes up as the next frame.

    Args:
        size: Side of the square frames, a power of two from 64; sets the depth.
        channels: Colour channels of a frame.
        width: Channels of the first layer; they double down to eight times as many.
        dropout: Rate in the three innermost layers of the decoder, while training.
        residual: Predict the change to the last frame instead of the frame.
        history: Frames of a window.
    """

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        width: int,
        dropout: float,
        residual: bool,
        history: int = HISTORY,
    ) -> None:
        super().__init__()
        depth = size.bit_length() - 1
        widths = [width * min(2**level, 8) for level in range(depth)]
        self.size = size
        self.history = history
        self.residual = residual

        # The encoder halves the side down to 1; the decoder doubles it, with the encoder's skips.
        self.down = nn.ModuleList(
            _down(inner, outer, norm=0 < level < depth - 1, activate=level > 0)
            for level, (inner, outer) in enumerate(
                zip([history * channels, *widths[:-1]], widths, strict=True)
            )
        )
        self.up = nn.ModuleList(
            _up(
                widths[level] * (1 if level == depth - 1 else 2),
                widths[level - 1],
                dropout if level >= depth - 3 else 0.0,
            )
            for level in reversed(range(1, depth))
        )
        last = nn.ConvTranspose2d(2 * width, channels, 4, 2, 1)
        self.head = nn.Sequential(nn.ReLU(), last)
        self.apply(_initialise)
        if residual:  # an untrained generator copies the last frame
            nn.init.zeros_(last.weight)

    def forward(self, window: WindowBatch) -> FrameBatch:
        # Down: every layer's output is kept as a skip, but for the innermost.
        skips: list[Tensor] = []
        hidden = window.flatten(1, 2)
        for layer in self.down:
            hidden = layer(hidden)
            skips.append(hidden)
        hidden = skips.pop()

        # Up: each layer's output is joined with the skip of its size.
        for layer in self.up:
            hidden = torch.cat([layer(hidden), skips.pop()], dim=1)
        change = torch.tanh(self.head(hidden))
        return window[:, -1] + change if self.residual else change


class Discriminator(nn.Module):
    """PatchGAN: a logit for each 70x70 patch, of whether the target follows the window.

    Args:
        channels: Colour channels of a frame.
        width: Channels of the first layer.
        history: Frames of a window.
    """

    def __init__(self, *, channels: int, width: int, history: int = HISTORY) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d((history + 1) * channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            *_patch(width, 2 * width, stride=2),
            *_patch(2 * width, 4 * width, stride=2),
            *_patch(4 * width, 8 * width, stride=1),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )
        self.apply(_initialise)

    def forward(self, window: WindowBatch, target: FrameBatch) -> Float[Tensor, "b 1 p q"]:
        logits: Tensor = self.layers(torch.cat([window.flatten(1, 2), target], dim=1))
        return logits


class NextFrameObjective:
    """Source, a window of frames; target, the frame after it.

    Args:
        frames: All frames, in order; stay on the device as uint8.
        pairs: Rows (source, target) of indices into `frames`.
        batch: Windows per draw.
        l1_weight: Weight of the mean absolute error (the paper's lambda).
        noise: Largest standard deviation of the noise on the window; each is drawn evenly from 0.
        views: Share of the draws that are turned, scaled, moved and half of them mirrored.
        pushforward: Most steps that the generator runs ahead, on its own output, before the step
            that is learnt from.
        history: Frames of a window.
    """

    def __init__(
        self,
        frames: UInt8[Tensor, "n c h w"],
        pairs: Int[Tensor, "p 2"],
        *,
        batch: int,
        l1_weight: float,
        noise: float,
        views: float,
        pushforward: int,
        history: int = HISTORY,
    ) -> None:
        self.frames = frames
        self.pairs = pairs
        self.batch = batch
        self.l1_weight = l1_weight
        self.noise = noise
        self.views = views
        self.history = history
        self.starts = _run_starts(pairs, history=history, pushforward=pushforward)

    def sample_batch(
        self, generator: Callable[[WindowBatch], FrameBatch], rng: torch.Generator
    ) -> tuple[WindowBatch, FrameBatch]:
        """Draw (windows, next frames). The random numbers come from `rng`, on the CPU."""
        # How many steps to run ahead, and from which first frame of a window.
        ahead = int(torch.randint(len(self.starts), (), generator=rng))
        starts = self.starts[ahead]
        first = starts[torch.randint(len(starts), (self.batch,), generator=rng)]

        # All frames of a row are seen through the same view; noise is on the window alone.
        view = self._view(rng)
        frames = [view(first + offset) for offset in range(self.history)]
        window = self._add_noise(stack_window(frames), rng)

        # Pushforward: the generator's own output becomes part of the window it learns from.
        with torch.no_grad():
            for _ in range(ahead):
                window = push(window, generator(window).clamp(-1, 1))
        return window, view(first + self.history + ahead)

    def generate_with_losses(
        self,
        generator: Callable[[WindowBatch], FrameBatch],
        source: WindowBatch,
        real: FrameBatch,
    ) -> tuple[FrameBatch, dict[str, Float[Tensor, ""]]]:
        """Return the predicted frames, and the weighted L1 loss beside the adversarial one."""
        fake = generator(source)
        return fake, {"l1": self.l1_weight * F.l1_loss(fake.float(), real)}

    def _add_noise(self, window: WindowBatch, rng: torch.Generator) -> WindowBatch:
        """Add noise of a random level to each window."""
        if self.noise == 0:
            return window
        level = self.noise * torch.rand(len(window), 1, 1, 1, 1, generator=rng)
        return window + (level * torch.randn(window.shape, generator=rng)).to(window)

    def _view(self, rng: torch.Generator) -> Callable[[Int[Tensor, "b"]], FrameBatch]:
        """Draw a view of each row of a batch, and return how frames look through it."""
        identity = torch.eye(2, 3).expand(self.batch, 2, 3)
        changed = torch.rand(self.batch, generator=rng) < self.views
        affine = torch.where(changed[:, None, None], random_affine(self.batch, rng), identity)

        def view(index: Int[Tensor, "b"]) -> FrameBatch:
            frames = to_float(self.frames[index.to(self.frames.device)])
            if changed.any():
                grid = F.affine_grid(affine, list(frames.shape), align_corners=False).to(frames)
                frames = F.grid_sample(frames, grid, padding_mode="reflection", align_corners=False)
            return frames.contiguous(memory_format=torch.channels_last)

        return view


def _run_starts(
    pairs: Int[Tensor, "p 2"], *, history: int, pushforward: int
) -> list[Int[Tensor, "_"]]:
    """Return, for k = 0, 1, ... steps ahead, the first frames of windows that can be followed so.

    A window of `history` frames and k + 1 frames after it take history + k pairs that follow each
    other.
    """
    # A run may not cross a cut or a split: every step of it must be a pair.
    sources = set(pairs[:, 0].tolist())
    runs = (
        [
            start
            for start in sorted(sources)
            if all(start + offset in sources for offset in range(history + k))
        ]
        for k in range(pushforward + 1)
    )
    return [torch.tensor(run) for run in runs if run]


def random_affine(count: int, rng: torch.Generator) -> Float[Tensor, "count 2 3"]:
    """Draw affine maps from picture to picture: mirrored or not, turned, scaled, moved.

    Turns are up to 0.2 radians, scales up to exp(0.3), moves up to 0.15 of the side.
    """
    # Uniform numbers in [-1, 1], then each to its range.
    turn, scale, across, down = 2 * torch.rand(4, count, generator=rng) - 1
    mirror = torch.where(torch.rand(count, generator=rng) < 0.5, -1.0, 1.0)
    turn = 0.2 * turn
    scale = torch.exp(0.3 * scale)
    rows = [
        torch.stack([mirror * scale * turn.cos(), -scale * turn.sin(), 0.3 * across], dim=1),
        torch.stack([mirror * scale * turn.sin(), scale * turn.cos(), 0.3 * down], dim=1),
    ]
    return torch.stack(rows, dim=1)


@torch.no_grad()
def predict(generator: nn.Module, window: WindowBatch) -> FrameBatch:
    """Predict the next frame: the same for the same window, dropout and batch statistics off."""
    with evaluating(generator):
        prediction: Tensor = generator(window).clamp(-1, 1)
    return prediction


def _down(inner: int, outer: int, *, norm: bool, activate: bool) -> nn.Sequential:
    """Return a layer of the encoder, which halves the side."""
    layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if activate else []
    layers.append(nn.Conv2d(inner, outer, 4, 2, 1, bias=not norm))
    if norm:
        layers.append(nn.BatchNorm2d(outer))
    return nn.Sequential(*layers)


def _up(inner: int, outer: int, dropout: float) -> nn.Sequential:
    """Return a layer of the decoder, which doubles the side."""
    layers = [
        nn.ReLU(),
        nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
        nn.BatchNorm2d(outer),
    ]
    return nn.Sequential(*layers, nn.Dropout(dropout)) if dropout else nn.Sequential(*layers)


def _patch(inner: int, outer: int, *, stride: int) -> list[nn.Module]:
    """Return a layer of the PatchGAN."""
    return [
        nn.Conv2d(inner, outer, 4, stride, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.LeakyReLU(0.2),
    ]


def _initialise(layer: nn.Module) -> None:
    """Draw weights from N(0, 0.02), scales of batch norm from N(1, 0.02) (appendix 6.2)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)
