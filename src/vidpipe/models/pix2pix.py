"""pix2pix as a next-frame predictor: the U-Net, the PatchGAN, and what they are fed.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
section 3 and appendix 6.1. The condition is a frame of a video, the target the frame
after it. What the recipe `steady` adds, each a parameter: a residual output, noise on the input
frames (Sanchez-Gonzalez et al. 2020, appendix), pushforward steps (Brandstetter et al. 2022,
section 3.1), and random views of some pairs, the same for both frames, so that the generator learns
to move what it has not learnt by heart.

Shapes: b batch, c channels, h w pixels of a square frame, float in [-1, 1].
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.modes import evaluating
from vidpipe.models.pixels import to_float

Frames = Float[Tensor, "b c h w"]


class Generator(nn.Module):
    """U-Net with skips: a frame goes down to 1x1 and comes up again as the next frame.

    Args:
        size: Side of the square frames, a power of two from 64; sets the depth.
        channels: Colour channels of a frame.
        width: Channels of the first layer; they double down to eight times as many.
        dropout: Rate in the three innermost layers of the decoder, while training.
        residual: Predict the change to the frame instead of the frame.
    """

    def __init__(
        self, *, size: int, channels: int, width: int, dropout: float, residual: bool
    ) -> None:
        super().__init__()
        depth = size.bit_length() - 1
        widths = [width * min(2**level, 8) for level in range(depth)]
        self.size, self.residual = size, residual
        self.down = nn.ModuleList(
            _down(inner, outer, norm=0 < level < depth - 1, activate=level > 0)
            for level, (inner, outer) in enumerate(
                zip([channels, *widths[:-1]], widths, strict=True)
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
        if residual:  # start as copy-last-frame
            nn.init.zeros_(last.weight)

    def forward(self, frame: Frames) -> Frames:
        skips: list[Tensor] = []
        hidden = frame
        for layer in self.down:
            hidden = layer(hidden)
            skips.append(hidden)
        hidden = skips.pop()
        for layer in self.up:
            hidden = torch.cat([layer(hidden), skips.pop()], dim=1)
        change = torch.tanh(self.head(hidden))
        return frame + change if self.residual else change


class Discriminator(nn.Module):
    """PatchGAN: is each 70x70 patch of the target a real successor of the source?

    Args:
        channels: Colour channels of a frame.
        width: Channels of the first layer.
    """

    def __init__(self, *, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2 * channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            *_patch(width, 2 * width, stride=2),
            *_patch(2 * width, 4 * width, stride=2),
            *_patch(4 * width, 8 * width, stride=1),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )
        self.apply(_initialise)

    def forward(self, source: Frames, target: Frames) -> Float[Tensor, "b 1 p q"]:
        logits: Tensor = self.layers(torch.cat([source, target], dim=1))
        return logits


class NextFrame:
    """The game pix2pix plays: source, a frame; target, the frame after it.

    Args:
        frames: All frames, in order; stay on the device as uint8.
        pairs: Rows (source, target) of indices into `frames`.
        batch: Pairs per draw.
        l1_weight: Weight of the mean absolute error (the paper's lambda).
        noise: Largest standard deviation of the noise on the source; each is drawn evenly from 0.
        views: Share of the draws that are seen turned, scaled, moved and half of them mirrored.
        pushforward: Most steps the generator runs ahead, on its own output, to make the source.
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
    ) -> None:
        self.frames, self.pairs, self.batch = frames, pairs, batch
        self.l1_weight, self.noise, self.views = l1_weight, noise, views
        # starts[k]: sources of the runs of k + 1 pairs that follow each other
        sources = set(pairs[:, 0].tolist())
        runs = (
            [s for s in sorted(sources) if all(s + i in sources for i in range(k + 1))]
            for k in range(pushforward + 1)
        )
        self.starts = [torch.tensor(run) for run in runs if run]

    def draw(
        self, generator: Callable[[Frames], Frames], rng: torch.Generator
    ) -> tuple[Frames, Frames]:
        """A batch of (source, target). The random numbers come from `rng`, on the CPU."""
        ahead = int(torch.randint(len(self.starts), (), generator=rng))
        starts = self.starts[ahead]
        first = starts[torch.randint(len(starts), (self.batch,), generator=rng)]
        view = self._view(rng)
        source = self._noisy(view(first), rng)
        with torch.no_grad():
            for _ in range(ahead):
                source = generator(source).clamp(-1, 1)
        return source, view(first + ahead + 1)

    def make(
        self, generator: Callable[[Frames], Frames], source: Frames, target: Frames
    ) -> tuple[Frames, dict[str, Float[Tensor, ""]]]:
        """The next frames, and what the generator pays for them beside the adversarial loss."""
        fake = generator(source)
        return fake, {"l1": self.l1_weight * F.l1_loss(fake.float(), target)}

    def _noisy(self, frame: Frames, rng: torch.Generator) -> Frames:
        if self.noise == 0:
            return frame
        level = self.noise * torch.rand(len(frame), 1, 1, 1, generator=rng)
        return frame + (level * torch.randn(frame.shape, generator=rng)).to(frame)

    def _view(self, rng: torch.Generator) -> Callable[[Int[Tensor, "b"]], Frames]:
        """How each row of a batch is seen: the same in all its frames."""
        plain = torch.eye(2, 3).expand(self.batch, 2, 3)
        chosen = torch.rand(self.batch, generator=rng) < self.views
        affine = torch.where(chosen[:, None, None], random_affine(self.batch, rng), plain)

        def view(index: Int[Tensor, "b"]) -> Frames:
            frames = to_float(self.frames[index.to(self.frames.device)])
            if chosen.any():
                grid = F.affine_grid(affine, list(frames.shape), align_corners=False).to(frames)
                frames = F.grid_sample(frames, grid, padding_mode="reflection", align_corners=False)
            return frames.contiguous(memory_format=torch.channels_last)

        return view


def random_affine(count: int, rng: torch.Generator) -> Float[Tensor, "count 2 3"]:
    """Maps from picture to picture: mirrored or not, turned, scaled, moved.

    Turns are up to 0.2 radians, scales up to exp(0.3), moves up to 0.15 of the side.
    """
    turn, scale, across, down = 2 * torch.rand(4, count, generator=rng) - 1
    side = torch.where(torch.rand(count, generator=rng) < 0.5, -1.0, 1.0)
    turn, scale = 0.2 * turn, torch.exp(0.3 * scale)
    rows = [
        torch.stack([side * scale * turn.cos(), -scale * turn.sin(), 0.3 * across], dim=1),
        torch.stack([side * scale * turn.sin(), scale * turn.cos(), 0.3 * down], dim=1),
    ]
    return torch.stack(rows, dim=1)


@torch.no_grad()
def predict(generator: nn.Module, frame: Frames) -> Frames:
    """The next frame, always the same for the same input: dropout and batch statistics off."""
    with evaluating(generator):
        prediction: Tensor = generator(frame).clamp(-1, 1)
    return prediction


def _down(inner: int, outer: int, *, norm: bool, activate: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if activate else []
    layers.append(nn.Conv2d(inner, outer, 4, 2, 1, bias=not norm))
    if norm:
        layers.append(nn.BatchNorm2d(outer))
    return nn.Sequential(*layers)


def _up(inner: int, outer: int, dropout: float) -> nn.Sequential:
    layers = [
        nn.ReLU(),
        nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
        nn.BatchNorm2d(outer),
    ]
    return nn.Sequential(*layers, nn.Dropout(dropout)) if dropout else nn.Sequential(*layers)


def _patch(inner: int, outer: int, *, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inner, outer, 4, stride, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.LeakyReLU(0.2),
    ]


def _initialise(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), scales of batch norm from N(1, 0.02) (appendix 6.2)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)
