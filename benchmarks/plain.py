"""What one takes or writes without this project: published networks, and plain training loops.

PyTorch's defaults throughout: fp32 tensors, channels first, unfused Adam, a DataLoader. Networks of
pix2pix follow Isola et al. 2017, appendix 6.1, those of dcgan the rules of Radford et al. 2016,
section 3, in the sizes that the project's recipe `report` has. GANs of clips are the project's own
design, so their networks are the project's, and only the loop is plain.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, RandomSampler

from benchmarks.games import CLIP_MODULES, ENOUGH, networks
from vidpipe.config.schema import Params
from vidpipe.data.splits import SEEN
from vidpipe.models.clip_gan import ClipWindows, Windows
from vidpipe.models.dcgan import DoubledConv2d
from vidpipe.training.runtime import Machine

# ------------------------------------------------------------------------------ published networks


class UNet(nn.Module):
    """The generator of pix2pix: 256x256 to 1x1 and back, with skips; 54.4 M weights at width 64."""

    def __init__(self, *, size: int = 256, width: int = 64) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(size.bit_length() - 1)]
        last = len(widths) - 1
        self.down = nn.ModuleList()
        for level, (inner, outer) in enumerate(pairwise([3, *widths])):
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            normed = 0 < level < last
            layers.append(nn.Conv2d(inner, outer, 4, 2, 1, bias=not normed))
            self.down.append(nn.Sequential(*layers, *[nn.BatchNorm2d(outer)] * normed))
        self.up = nn.ModuleList()
        for level in range(last, 0, -1):
            inner, outer = widths[level] * (1 if level == last else 2), widths[level - 1]
            layers = [
                nn.ReLU(),
                nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outer),
            ]
            self.up.append(nn.Sequential(*layers, *[nn.Dropout(0.5)] * (level >= last - 2)))
        self.head = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, 3, 4, 2, 1), nn.Tanh())

    def forward(self, frame: Tensor) -> Tensor:
        """From (b 3 h w) to (b 3 h w), in [-1, 1]."""
        skips = [frame]
        for layer in self.down:
            skips.append(layer(skips[-1]))
        hidden = skips.pop()
        for layer in self.up:
            hidden = torch.cat([layer(hidden), skips.pop()], 1)
        return self.head(hidden)


class PatchGan(nn.Sequential):
    """The 70x70 discriminator of pix2pix on (b 6 h w); 2.8 M weights at width 64."""

    def __init__(self, *, width: int = 64) -> None:
        layers: list[nn.Module] = [nn.Conv2d(6, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inner, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
            layers += [
                nn.Conv2d(inner, 2 * inner, 4, stride, 1, bias=False),
                nn.BatchNorm2d(2 * inner),
                nn.LeakyReLU(0.2),
            ]
        super().__init__(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


def drawn_weights(layer: nn.Module) -> None:
    """Draw the first weights as both papers do, from N(0, 0.02)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def dcgan_networks(*, latent: int = 100, dropout: float = 0.25) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of pictures of 28x28."""
    generator = nn.Sequential(
        nn.Linear(latent, 128 * 7 * 7),
        nn.Unflatten(1, (128, 7, 7)),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(128, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(64, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 1, 3, padding=1),
        nn.Tanh(),
    )
    layers: list[nn.Module] = []
    for level, (inner, outer) in enumerate(pairwise((1, 32, 64, 64, 256))):
        layers.append(nn.Conv2d(inner, outer, 3, 2 if level < 3 else 1, 1))
        layers += [*[nn.BatchNorm2d(outer)] * (level > 0), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
    return generator, nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 4 * 256, 1))


# -------------------------------------------------------------------------------------------- data


class PngPairs(Dataset):  # type: ignore[type-arg]
    """Pairs of frames as pix2pix publishes its data: a PNG with both, side by side."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture = torch.from_numpy(np.array(Image.open(self.files[index]).convert("RGB")))
        frame, target = (picture.permute(2, 0, 1).float() / 127.5 - 1).chunk(2, dim=2)
        return frame, target


class Rows(Dataset):  # type: ignore[type-arg]
    """Pairs of frames, or pictures: whatever stands in a row of indices."""

    def __init__(self, pixels: np.ndarray, rows: np.ndarray) -> None:
        self.pixels, self.rows = pixels, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> list[Tensor]:
        return [
            torch.from_numpy(self.pixels[one]).permute(2, 0, 1).float() / 127.5 - 1
            for one in np.atleast_1d(self.rows[index])
        ]


def seen_pairs(arrays: Mapping[str, np.ndarray]) -> Rows:
    """Pairs of frames that are for training."""
    return Rows(arrays["frames"], arrays["pairs"][arrays["pair_split"] == SEEN])


def seen_digits(arrays: Mapping[str, np.ndarray]) -> Rows:
    """Pictures of numerals that are for training."""
    return Rows(arrays["pictures"][..., None], np.flatnonzero(arrays["split"] == SEEN))


class OneByOne(Dataset[tuple[Tensor, Windows]]):
    """Windows of clips or of their latents, one at a time, each with what it shows."""

    def __init__(self, real: ClipWindows) -> None:
        self.real = real

    def __len__(self) -> int:
        return len(self.real.clips)

    def __getitem__(self, index: int) -> tuple[Tensor, Windows]:
        real = self.real
        begin = int(torch.randint(real.clips.shape[1] - real.length + 1, ()))
        rows = real.clips[index, begin : begin + real.length]
        flip = torch.rand(()) < 0.5
        frames = real.mirrored if flip and real.mirrored is not None else real.frames
        clip = torch.from_numpy(frames[rows.numpy()]).permute(3, 0, 1, 2)
        if clip.dtype == torch.uint8:
            clip = clip.float() / 127.5 - 1
        clip = clip.flip(-1) if flip and real.mirrored is None else clip
        return clip, Windows(rows, flip, real.label[index], real.group[index])


def loader(data: Dataset, batch: int, *, workers: int) -> DataLoader:  # type: ignore[type-arg]
    """Batches without end, into pinned memory if there is a GPU."""
    return DataLoader(
        data,
        batch,
        sampler=RandomSampler(data, replacement=True, num_samples=ENOUGH * batch),  # type: ignore[arg-type]
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )


# ------------------------------------------------------------------------------------------- loops


def adam(network: nn.Module, rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam as it comes."""
    return torch.optim.Adam(network.parameters(), rate, betas)


def pix2pix(
    generator: nn.Module,
    discriminator: nn.Module,
    batches: DataLoader,  # type: ignore[type-arg]
    device: torch.device,
) -> Iterator[None]:
    """The loop of pix2pix, with its published numbers.

    Args:
        generator: From a frame to the next.
        discriminator: From both, joined, to logits of patches.
        batches: Of (frame, next frame).
        device: Of networks and batches.
    """
    adams = [adam(network, 2e-4, (0.5, 0.999)) for network in (generator, discriminator)]
    loss = nn.BCEWithLogitsLoss()
    for pair in batches:
        frame, target = (frames.to(device, non_blocking=True) for frames in pair)
        fake = generator(frame)
        real_logits = discriminator(torch.cat([frame, target], 1))
        fake_logits = discriminator(torch.cat([frame, fake.detach()], 1))
        d_loss = 0.5 * (
            loss(real_logits, torch.ones_like(real_logits))
            + loss(fake_logits, torch.zeros_like(fake_logits))
        )
        adams[1].zero_grad()
        d_loss.backward()
        adams[1].step()
        discriminator.requires_grad_(False)
        logits = discriminator(torch.cat([frame, fake], 1))
        g_loss = loss(logits, torch.ones_like(logits)) + 100 * F.l1_loss(fake, target)
        adams[0].zero_grad()
        g_loss.backward()
        adams[0].step()
        discriminator.requires_grad_(True)
        yield


def dcgan(
    generator: nn.Module,
    discriminator: nn.Module,
    batches: DataLoader,  # type: ignore[type-arg]
    device: torch.device,
    *,
    latent: int = 100,
) -> Iterator[None]:
    """The loop of dcgan, with its published numbers."""
    adams = [adam(network, 2e-4, (0.5, 0.999)) for network in (generator, discriminator)]
    loss = nn.BCEWithLogitsLoss()
    for (pictures,) in batches:
        real = pictures.to(device, non_blocking=True)
        fake = generator(torch.randn(len(real), latent, device=device))
        real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        d_loss = 0.5 * (
            loss(real_logits, torch.ones_like(real_logits))
            + loss(fake_logits, torch.zeros_like(fake_logits))
        )
        adams[1].zero_grad()
        d_loss.backward()
        adams[1].step()
        logits = discriminator(fake)
        adams[0].zero_grad()
        loss(logits, torch.ones_like(logits)).backward()
        adams[0].step()
        yield


def from_noise(
    name: str,
    params: Params,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
    *,
    workers: int,
) -> Iterator[None]:
    """The project's networks and losses of a GAN that starts from noise, in a plain loop.

    Nearest up-sampling and a convolution take the place of the project's `DoubledConv2d`. All parts
    of the generator learn at one rate.
    """
    machine = Machine(device, lambda: torch.autocast(device.type, enabled=False))
    state, objective = networks(name, params, arrays, machine)
    generator, discriminator = state.generator, state.discriminators[0]
    _take_plain_layers(generator)
    generator.to(device)
    for network in (generator, discriminator):
        for weight in network.parameters():
            weight.data = weight.data.contiguous()
    train = getattr(params, name).train
    if name in CLIP_MODULES:
        batches: Any = loader(OneByOne(objective.real), train.batch, workers=workers)
    else:
        seen = loader(seen_digits(arrays), train.batch, workers=workers)
        batches = ((real, None) for (real,) in seen)
    adams = [
        adam(network, train.learning_rate, (train.beta1, train.beta2))
        for network in (generator, discriminator)
    ]
    average = {key: value.clone() for key, value in generator.state_dict().items()}
    for step, (pixels, windows) in enumerate(batches, 1):
        real = pixels.to(device, non_blocking=True)
        source = _source(generator, objective, real, windows)
        fake, penalties = objective.generate_with_losses(generator, source, real)
        steep = step % train.penalty_every == 0
        sides = [real.requires_grad_(steep), fake.detach().requires_grad_(steep)]
        logits = [discriminator(source, side) for side in sides]
        loss = F.softplus(logits[1] - logits[0]).mean()
        for weight, side, judged in zip((train.r1, train.r2), sides, logits, strict=True):
            if steep:
                (slope,) = torch.autograd.grad(judged.sum(), side, create_graph=True)
                penalty = 0.5 * slope.square().flatten(1).sum(1).mean()
                loss = loss + train.penalty_every * weight * penalty
        adams[1].zero_grad()
        loss.backward()
        adams[1].step()
        loss = F.softplus(logits[0].detach() - discriminator(source, fake)).mean()
        adams[0].zero_grad()
        (loss + sum(penalties.values())).backward()
        adams[0].step()
        with torch.no_grad():
            for key, value in generator.state_dict().items():
                if value.is_floating_point():
                    average[key].lerp_(value, 1 - train.ema)
        yield


def _source(generator: Any, objective: Any, real: Tensor, windows: Windows | None) -> Any:
    """What fakes start from: noise and, of clips, what the real ones show."""
    rng = torch.default_generator
    if windows is None:
        return generator.prior.draw(len(real), rng).to(real.device)
    return generator.source(objective.draw_noise(windows, rng).to(real.device), real[:, :, 0])


def _take_plain_layers(network: nn.Module) -> None:
    """Put up-sampling and a convolution where the project sums the kernel up beforehand."""
    for name, layer in list(network.named_modules()):
        if isinstance(layer, DoubledConv2d):
            outer, inner = layer.weight.shape[:2]
            plain = nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(inner, outer, 3, padding=1)
            )
            network.set_submodule(name, plain)
