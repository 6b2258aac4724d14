"""pix2pix as a next-frame predictor: its networks and its objectives.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
section 3 and appendix 6.1. The condition is a window of past frames, the target the frame after it.
The recipe `steady` adds, each by a parameter: motion of the past that the generator carries on
(`flow_generator`), pushforward steps (Brandstetter et al. 2022, section 3.1), random views of some
windows, the same for all their frames, and, without motion, a residual output and noise on the
input frames (Sanchez-Gonzalez et al. 2020, appendix). Where motion is unsure, noise may choose one
of several futures, and the nearest of a few is learnt from (Fan et al. 2017).

Shapes: b batch, k frames of a window, c channels, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.config.models import Pix2pixModel, Pix2pixTrain, TrainingConfig
from vidpipe.data.pair_arrays import run_lengths, window_starts
from vidpipe.data.splits import SEEN
from vidpipe.models.flow import optical_flow
from vidpipe.models.flow_generator import FlowGenerator, fit_velocity, past_of
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import FrameBatch, WindowBatch
from vidpipe.models.windows import NextFrameGenerator, Past, stack_window
from vidpipe.training.adversarial import Hyperparameters, Networks
from vidpipe.training.distributed import own_share

ModelConfig = Pix2pixModel

BATCH = 16  # pairs of frames whose flow is estimated at a time
MOST_WINDOWS = 500  # that the velocity is fitted to
TURNS = 8  # ways to turn and mirror a square
TRIES = 3  # futures of a window, of which the nearest is learnt from, if noise chooses them
LEAST_CONTRAST = 0.7  # of a view, as a factor


@dataclass(frozen=True)
class PairData:
    """Frames to predict, and which of them follow each other.

    Attributes:
        frames: All frames, in order; stay on the device as uint8.
        runs: Frames to train on that follow each other from each frame on; see `run_lengths`.
    """

    frames: UInt8[Tensor, "n c h w"]
    runs: Int[np.ndarray, "n"]

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], device: torch.device) -> "PairData":
        """Return the frames of `pairs.npz`, of which those that are `seen` are for training."""
        frames = torch.from_numpy(arrays["frames"]).permute(0, 3, 1, 2).contiguous()
        return cls(frames.to(device), run_lengths(arrays, SEEN))

    def starts(self, *, history: int, ahead: int = 1) -> Int[Tensor, "_"]:
        """Return the first frames of the windows to train on that `ahead` frames follow."""
        return torch.from_numpy(window_starts(self.runs, history=history, ahead=ahead))


def build(config: TrainingConfig[Pix2pixModel, Pix2pixTrain], data: PairData) -> Networks:
    """Make both networks; of a generator that sees motion, the velocity is fitted."""
    _, channels, _, size = data.frames.shape
    model = config.model.model_dump(exclude={"discriminator_width"})
    if not model["latent"]:
        del model["latent"]  # so that weights without noise stay the bytes that they were
    architecture = {"size": size, "channels": channels, **model}
    generator = make_generator(**architecture)
    if isinstance(generator, FlowGenerator):
        # The best linear guess is the start: the network learns what it leaves over.
        velocity = fitted_velocity(data, generator.history)
        generator.velocity.data.copy_(velocity)
    discriminator = Discriminator(
        channels=channels, width=config.model.discriminator_width, history=config.model.history
    )
    return Networks(generator, {"discriminator": discriminator}, architecture)


def make_generator(
    *,
    size: int,
    channels: int,
    width: int,
    history: int,
    motion: str,
    dropout: float,
    residual: bool,
    latent: int = 0,
) -> NextFrameGenerator:
    """Make the generator of a configuration: the one that paints, or the one that sees motion."""
    if motion == "flow":
        return FlowGenerator(
            size=size, channels=channels, width=width, history=history, latent=latent
        )
    return UNetGenerator(
        size=size,
        channels=channels,
        width=width,
        history=history,
        dropout=dropout,
        residual=residual,
    )


def objective(
    config: TrainingConfig[Pix2pixModel, Pix2pixTrain], data: PairData
) -> "NextFrameObjective":
    """Make the objective: the next frame of a window."""
    train = config.train
    objective_of = NextFrameObjective if config.model.motion == "none" else MotionObjective
    return objective_of(
        data,
        history=config.model.history,
        batch=train.batch,
        l1_weight=train.l1_weight,
        noise=train.noise,
        views=train.views,
        pushforward=train.pushforward,
        history_dropout=train.history_dropout,
        latent=config.model.latent,
    )


def hyperparameters(train: Pix2pixTrain) -> Hyperparameters:
    """Return the numbers of the training; the loss is the paper's, binary cross-entropy."""
    return Hyperparameters(
        loss="bce",
        r1=0.0,
        r2=0.0,
        penalty_every=1,
        learning_rate=train.learning_rate,
        beta1=train.beta1,
        beta2=train.beta2,
        adversarial_weight=train.adversarial_weight,
        ema=train.ema,
        cooldown=train.cooldown,
    )


class UNetGenerator(NextFrameGenerator):
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
        history: int,
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
        # Twice the width: beside the decoder's maps it sees those of the first layer.
        last = nn.ConvTranspose2d(2 * width, channels, 4, 2, 1)
        self.head = nn.Sequential(nn.ReLU(), last)
        self.apply(_initialise)
        if residual:  # an untrained generator copies the last frame
            nn.init.zeros_(last.weight)

    def advance(self, past: Past) -> tuple[FrameBatch, Past]:
        """Predict the next frame, and return the past that it is the last frame of."""
        frame = self._paint(past.frames)
        return frame, past.after(frame)

    def _paint(self, window: WindowBatch) -> FrameBatch:
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

    def __init__(self, *, channels: int, width: int, history: int) -> None:
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

    def forward(self, past: Past, target: FrameBatch) -> Float[Tensor, "b 1 p q"]:
        logits: Tensor = self.layers(torch.cat([past.frames.flatten(1, 2), target], dim=1))
        return logits


class NextFrameObjective:
    """Source, a window of frames; target, the frame after it.

    Args:
        data: Frames, and which of them follow each other.
        history: Frames of a window.
        batch: Windows per draw.
        l1_weight: Weight of the mean absolute error (the paper's lambda).
        noise: Largest standard deviation of the noise on the window; each is drawn evenly from 0.
        views: Share of the draws that are seen in another way.
        pushforward: Most steps that the generator runs ahead, on its own output, before the step
            that is learnt from.
        history_dropout: Share of the draws in which the window begins with a still.
        latent: Dimension of the noise that chooses a future; 0: there is one. Of several futures
            the one that comes nearest to the real frame is learnt from; others may go elsewhere.
    """

    def __init__(
        self,
        data: PairData,
        *,
        history: int,
        batch: int,
        l1_weight: float,
        noise: float,
        views: float,
        pushforward: int,
        history_dropout: float,
        latent: int,
    ) -> None:
        self.frames = data.frames
        self.history = history
        self.batch = batch
        self.l1_weight = l1_weight
        self.noise = noise
        self.views = views
        self.history_dropout = history_dropout
        self.latent = latent

        # By the steps that the generator runs ahead, as far as any shot is long enough.
        by_steps = (data.starts(history=history, ahead=1 + k) for k in range(pushforward + 1))
        self.starts = [starts for starts in by_steps if len(starts)]

    def sample_batch(self, generator: Any, rng: torch.Generator) -> tuple[Past, FrameBatch]:
        """Draw (windows, next frames). The random numbers come from `rng`, on the CPU.

        Args:
            generator: A `NextFrameGenerator`.
            rng: Source of all randomness.
        """
        # How many steps to run ahead, and from which first frame of a window.
        ahead = int(torch.randint(len(self.starts), (), generator=rng))
        starts = self.starts[ahead]
        first = starts[torch.randint(len(starts), (self.batch,), generator=rng)]
        # Shared before the generator runs: its steps are the expensive part.
        past, target, choices = own_share((*self._draw(first, ahead, rng), self._choices(rng)))

        # Pushforward: the generator's own output becomes part of the window it learns from.
        with torch.no_grad():
            if choices is not None:
                return self._nearest(generator, past, target, choices, ahead), target
            for _ in range(ahead):
                _, past = generator.advance(past)
        return past, target

    def _choices(self, rng: torch.Generator) -> Float[Tensor, "b tries latent"] | None:
        """Draw noise of several futures for each window; of the first it is 0."""
        if not self.latent:
            return None
        choices = torch.randn(self.batch, TRIES, self.latent, generator=rng)
        # What is predicted where no future is chosen must be learnt as well.
        choices[:, 0] = 0
        return choices

    def _nearest(
        self,
        generator: NextFrameGenerator,
        past: Past,
        target: FrameBatch,
        choices: Float[Tensor, "b tries latent"],
        ahead: int,
    ) -> Past:
        """Run ahead to each future, and return the past of that which comes nearest to the target.

        The least of several errors, for each window (Fan et al. 2017, "A Point Set Generation
        Network for 3D Object Reconstruction from a Single Image", the min-of-N loss).
        """
        windows, tries, _ = choices.shape
        rows = torch.arange(windows).repeat_interleave(tries).to(target.device)
        past = replace(past.take(rows), noise=choices.flatten(0, 1).to(target))
        for _ in range(ahead):
            _, past = generator.advance(past)
        error = (generator(past).float() - target[rows]).abs().flatten(1).mean(1)
        nearest = error.view(windows, tries).argmin(1)
        return past.take(nearest + tries * torch.arange(windows).to(nearest))

    def generate_with_losses(
        self, generator: Callable[[Past], FrameBatch], source: Past, real: FrameBatch
    ) -> tuple[FrameBatch, dict[str, Float[Tensor, ""]]]:
        """Return the predicted frames, and the weighted L1 loss beside the adversarial one."""
        fake = generator(source)
        return fake, {"l1": self.l1_weight * F.l1_loss(fake.float(), real)}

    def _draw(
        self, first: Int[Tensor, "b"], ahead: int, rng: torch.Generator
    ) -> tuple[Past, FrameBatch]:
        """Return the windows that begin at some frames, and the frames `ahead` + 1 after them."""
        # All frames of a row are seen through the same view; noise is on the window alone.
        view = self._view(rng)
        frames = [view(first + offset) for offset in range(self.history)]
        window = self._add_noise(stack_window(self._forget(frames, rng)), rng)
        return Past(window), view(first + self.history + ahead)

    def _forget(self, frames: list[FrameBatch], rng: torch.Generator) -> list[FrameBatch]:
        """Let some windows begin with a still, as one from a picture does."""
        if self.history == 1 or self.history_dropout == 0:
            return frames
        forgetful = torch.rand(self.batch, generator=rng) < self.history_dropout
        # Drawn for each window, forgetful or not, so that draws stay in step.
        known = torch.randint(1, self.history, (self.batch,), generator=rng)
        first_known = torch.where(forgetful, self.history - known, 0)
        index = torch.maximum(torch.arange(self.history)[:, None], first_known)
        return list(torch.stack(frames)[index, torch.arange(self.batch)])

    def _add_noise(self, window: WindowBatch, rng: torch.Generator) -> WindowBatch:
        """Add noise of a random level to each window."""
        if self.noise == 0:
            return window
        # A level for each window: the generator meets clean ones too, as in use.
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


class MotionObjective(NextFrameObjective):
    """Windows with their flows, which are estimated once, and turned with the frames.

    A view turns and mirrors a window, lowers its contrast, and runs half of them backwards.
    """

    def __init__(self, data: PairData, **options: Any) -> None:
        super().__init__(data, **options)
        # Flow i leads from frame i + 1 to the one before it; run backwards, to the one after it.
        frames = data.frames
        index = data.starts(history=1)
        self.forward_flows = frames.new_zeros(len(frames) - 1, 2, *frames.shape[2:]).float()
        self.backward_flows = torch.zeros_like(self.forward_flows)
        for part in torch.split(index, BATCH):
            first, second = to_float(frames[part]), to_float(frames[part + 1])
            self.forward_flows[part] = optical_flow(first, second)
            self.backward_flows[part] = optical_flow(second, first)

    def _draw(
        self, first: Int[Tensor, "b"], ahead: int, rng: torch.Generator
    ) -> tuple[Past, FrameBatch]:
        # Row by row: windows turn, and run, each in its own way.
        rows = [self._draw_row(int(start), ahead, rng) for start in first]
        windows, flows, targets = (list(part) for part in zip(*rows, strict=True))
        window = torch.stack(windows)
        past = past_of(window, torch.stack(flows))
        noisy = Past(self._add_noise(window, rng), past.motion)
        return noisy, torch.stack(targets)

    def _draw_row(
        self, first: int, ahead: int, rng: torch.Generator
    ) -> tuple[Float[Tensor, "k c h w"], Float[Tensor, "k1 2 h w"], Float[Tensor, "c h w"]]:
        """Return a window, its flows, and the frame `ahead` + 1 after it, in some view."""
        frames = to_float(self.frames[first : first + self.history + ahead + 1])
        flows = self.forward_flows[first : first + self.history - 1]

        # All numbers are drawn, used or not, so that draws stay in step.
        changed, backwards, contrast, still = torch.rand(4, generator=rng).tolist()
        turn = int(torch.randint(TURNS, (), generator=rng))
        known = int(torch.randint(1, self.history, (), generator=rng))
        if changed < self.views:
            if backwards < 0.5:
                frames = frames.flip(0)
                last = first + self.history + ahead
                # Backwards, the first frames of the window are the last that were read.
                flows = self.backward_flows[last - self.history + 1 : last].flip(0)
            # The flow of a turned film is the turned flow, so it need not be estimated again.
            frames, flows = turned(frames, turn), turned_flow(flows, turn)
            frames = frames * (LEAST_CONTRAST + (1 - LEAST_CONTRAST) * contrast)

        # Without some of its history, a window begins with a still, as one from a picture does.
        if still < self.history_dropout:
            unknown = self.history - known
            frames = torch.cat([frames[unknown].expand_as(frames[:unknown]), frames[unknown:]])
            flows = torch.cat([torch.zeros_like(flows[:unknown]), flows[unknown:]])
        return frames[: self.history], flows, frames[-1]


def fitted_velocity(data: PairData, history: int) -> Float[Tensor, "2 k1"]:
    """Fit the velocity that past flows predict to the windows: all, or evenly some."""
    starts = data.starts(history=history)
    frames = data.frames
    # Two numbers for each past flow: some hundred windows determine them well.
    if len(starts) > MOST_WINDOWS:
        starts = starts[torch.linspace(0, len(starts) - 1, MOST_WINDOWS).round().long()]

    def flows_of(part: Int[Tensor, "b"]) -> Float[Tensor, "b k 2 h w"]:
        """Estimate the flows within windows, and to the frame after each."""
        index = (part[:, None] + torch.arange(history)).flatten().to(frames.device)
        flows = optical_flow(to_float(frames[index]), to_float(frames[index + 1]))
        return torch.unflatten(flows, 0, (len(part), history))

    flows = [flows_of(part) for part in torch.split(starts, BATCH // history or 1)]
    return fit_velocity((part[:, :-1] for part in flows), (part[:, -1] for part in flows))


def turned(maps: Float[Tensor, "*n h w"], turn: int) -> Float[Tensor, "*n h w"]:
    """Turn and mirror squares in one of eight ways."""
    if turn & 1:
        maps = maps.flip(-1)
    if turn & 2:
        maps = maps.flip(-2)
    return maps.transpose(-1, -2) if turn & 4 else maps


def turned_flow(flow: Float[Tensor, "n 2 h w"], turn: int) -> Float[Tensor, "n 2 h w"]:
    """Turn and mirror flow as `turned` does frames: its arrows turn too."""
    signs = torch.tensor([-1.0 if turn & 1 else 1.0, -1.0 if turn & 2 else 1.0])
    flow = turned(flow, turn) * signs.to(flow).view(2, 1, 1)
    return flow.flip(-3) if turn & 4 else flow


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
