"""Autoencoder of frames: small maps of numbers, the latents, and frames again.

GANs of clips that work on latents see an eighth of the side: the shape and the colours of a frame
cost them little, its edges nothing. (The idea: Rombach et al. 2022, "High-Resolution Image
Synthesis with Latent Diffusion Models", section 3.1.)

Shapes: b batch, c channels, h w pixels of a square frame, float in [-1, 1]; z channels of latents,
s their side. Names of layers are keys of committed weight files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.shapes import FrameBatch
from vidpipe.training import weights
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS
from vidpipe.utils.errors import UserError

LatentBatch = Float[Tensor, "b z s s"]
FramePairs = Float[Tensor, "b 2 c h w"]
LatentClips = Float[Tensor, "b z t s s"]
Latents = Float[np.ndarray, "n s s z"]
WIDEST = 4  # times the first layer's channels
AT_ONCE = 64  # frames encoded or decoded at a time
CHECKED = 64  # frames on which it is tried before a GAN learns from its latents
MIN_DEVIATION = 0.05  # of each channel; training asks for 1
MIN_GAIN = 1.0  # dB of PSNR above that of the mean frame
STILL = 0.0003  # of the range: mean change of a pair at which motion has half of its weight


class Autoencoder(nn.Module):
    """Convolutions that halve the side down to the latents', and as many that double it again.

    Args:
        size: Side of the frames, a power of two.
        side: Side of the latents, a smaller one.
        channels: Of a frame.
        latents: Channels of the latents.
        width: Channels of the first layer; they double down to four times as many.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, *, size: int, side: int, channels: int, latents: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.side = side
        self.channels = channels
        self.latents = latents

        # Down: half the side with each layer, then two at the latents' side.
        halvings = (size // side).bit_length() - 1
        widths = [width * min(WIDEST, 2**level) for level in range(halvings)]
        self.encoder = nn.Sequential(*_block(nn.Conv2d(channels, widths[0], 4, 2, 1)))
        for inner, outer in pairwise(widths):
            self.encoder.extend(_block(nn.Conv2d(inner, outer, 3, 2, 1)))
        self.encoder.extend(_block(nn.Conv2d(widths[-1], widths[-1], 3, 1, 1)))
        # No norm and no bounds at the end: the loss keeps latents at mean 0 and deviation 1.
        self.encoder.append(nn.Conv2d(widths[-1], latents, 1))

        # Up: each pixel's channels become four pixels (Shi et al. 2016), so no lattice is seen.
        self.decoder = nn.Sequential(*_block(nn.Conv2d(latents, widths[-1], 3, 1, 1)))
        self.decoder.extend(_block(nn.Conv2d(widths[-1], widths[-1], 3, 1, 1)))
        for inner, outer in pairwise([*reversed(widths)]):
            self.decoder.extend([nn.Conv2d(inner, 4 * outer, 3, 1, 1), nn.PixelShuffle(2)])
            self.decoder.extend([ChannelNorm(outer), nn.SiLU()])
        self.decoder.extend([nn.Conv2d(widths[0], 4 * channels, 3, 1, 1), nn.PixelShuffle(2)])

        # Of the training data's latents, channel by channel; see `normalise_by`.
        self.register_buffer("mean", torch.zeros(latents))
        self.register_buffer("deviation", torch.ones(latents))

    def encode(self, frames: FrameBatch) -> LatentBatch:
        """Return latents of mean 0 and deviation 1, channel by channel, on the training data."""
        latents: Tensor = self.encoder(frames)
        return (latents - self.mean.view(-1, 1, 1)) / self.deviation.view(-1, 1, 1)

    def decode(self, latents: LatentBatch) -> FrameBatch:
        """Return the frames of such latents; values may lie a little outside of [-1, 1]."""
        frames: Tensor = self.decoder(
            latents * self.deviation.view(-1, 1, 1) + self.mean.view(-1, 1, 1)
        )
        return frames

    def forward(self, frames: FrameBatch) -> FrameBatch:
        return self.decode(self.encode(frames))

    @torch.no_grad()
    def decode_clips(self, latents: LatentClips) -> Float[Tensor, "b c t h w"]:
        """Return the clips of latents, frame by frame and a part at a time."""
        batch, _, frames = latents.shape[:3]
        # A part at a time: a frame takes far more memory than its latents.
        parts = torch.split(latents.transpose(1, 2).flatten(0, 1), AT_ONCE)
        decoded = torch.cat([self.decode(part) for part in parts])
        return torch.unflatten(decoded, 0, (batch, frames)).transpose(1, 2)

    @torch.no_grad()
    def encode_all(
        self, frames: UInt8[np.ndarray, "n h w c"], *, mirrored: bool = False
    ) -> Latents:
        """Return the latents of any number of frames, a part at a time.

        Args:
            frames: May be mapped from a file.
            mirrored: Encode their mirror images. These are not the mirrored latents.
        """
        device = self.mean.device
        latents_of_all = np.empty((len(frames), self.side, self.side, self.latents), np.float32)
        for start in range(0, len(frames), AT_ONCE):
            # Copied, for a mapped file cannot be written to, and torch wants memory that can.
            part = torch.from_numpy(np.array(frames[start : start + AT_ONCE])).to(device)
            floats = to_float(part.permute(0, 3, 1, 2))
            latents = self.encode(floats.flip(-1) if mirrored else floats)
            latents_of_all[start : start + AT_ONCE] = latents.permute(0, 2, 3, 1).cpu().numpy()
        return latents_of_all

    @torch.no_grad()
    def reconstruct(self, frames: UInt8[np.ndarray, "*n h w c"]) -> UInt8[np.ndarray, "*n h w c"]:
        """Return frames or clips as they come back from their latents."""
        flat = frames.reshape(-1, *frames.shape[-3:])
        pixels = np.empty_like(flat)
        for start in range(0, len(flat), AT_ONCE):
            latents = torch.from_numpy(self.encode_all(flat[start : start + AT_ONCE]))
            decoded = self.decode(latents.permute(0, 3, 1, 2).to(self.mean.device))
            pixels[start : start + AT_ONCE] = to_uint8(decoded).permute(0, 2, 3, 1).cpu().numpy()
        return pixels.reshape(frames.shape)

    @torch.no_grad()
    def normalise_by(self, frames: UInt8[np.ndarray, "n h w c"]) -> None:
        """Take mean and deviation of latents from the frames of the training data."""
        # As if not normalised: the statistics are those of the encoder's own output.
        self.mean.zero_()
        self.deviation.fill_(1.0)
        # Square roots are numpy's: torch's differ in the last bit from processor to processor.
        latents = self.encode_all(frames).reshape(-1, self.latents).astype(np.float64)
        self.mean.copy_(torch.from_numpy(latents.mean(0)))
        deviation = np.sqrt(latents.var(0))
        self.deviation.copy_(torch.from_numpy(np.maximum(deviation, 1e-6)))


class ChannelNorm(nn.Module):
    """Layer norm (Ba et al. 2016) over the channels of each pixel.

    Norms over a whole map would let what moves change all that stands still.

    Args:
        channels: Of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps: Float[Tensor, "b channels h w"]) -> Float[Tensor, "b channels h w"]:
        normed: Tensor = self.norm(maps.movedim(1, -1))
        return normed.movedim(-1, 1)


@dataclass(frozen=True)
class AutoencoderLoss:
    """Loss that an autoencoder is trained by.

    What moves covers few pixels of a frame, yet clips are about it: its errors weigh more. They do
    so however few they are: an arm that waves is all that its clip is about.

    Attributes:
        motion: Weight of all that moves in a pair of frames, beside 1 for all of its pixels.
        gradients: Weight of the error of differences between neighbours, in space and time.
        regularity: Weight of what keeps each channel of the latents at mean 0 and deviation 1.
        noise: Standard deviation of the noise on latents before they are decoded.
    """

    motion: float
    gradients: float
    regularity: float
    noise: float

    def __call__(
        self, network: Autoencoder, pairs: FramePairs, rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Return the total, then its parts: `l1` and `gradients`, weighted by motion, `regularity`.

        Args:
            network: To be trained.
            pairs: Frames to give back, each beside one that is adjacent in time.
            rng: Source of noise.
        """
        # Not `encode`: the statistics that it divides by are not known before the end.
        latents = network.encoder(pairs.flatten(0, 1))
        # Noise stands for the errors of a GAN, which the decoder is to forgive.
        noise = torch.randn(latents.shape, generator=rng).to(latents)
        decoded = network.decoder(latents + self.noise * noise).float()
        error = torch.unflatten(decoded, 0, (-1, 2)) - pairs

        # A pixel weighs more the more it changes, beside the mean of its pair: so it is the same of
        # an arm and of somebody who runs. In the mean over all, weights are 1. Half of a difference
        # is its share of the range.
        change = pairs.diff(dim=1).abs().amax(dim=2, keepdim=True) / 2
        mean_change = change.flatten(1).mean(1)[:, None, None, None, None]
        pixel_weights = 1 + self.motion * change / (mean_change + STILL)
        pixel_weights = pixel_weights / pixel_weights.mean()
        l1 = (pixel_weights * error.abs()).mean()

        # Differences of neighbours are what edges and motion are made of; each weighs as its right
        # or lower pixel does.
        gradients = (pixel_weights[..., 1:] * error.diff(dim=-1).abs()).mean()
        gradients = gradients + (pixel_weights[..., 1:, :] * error.diff(dim=-2).abs()).mean()
        gradients = gradients + (pixel_weights * error.diff(dim=1).abs()).mean()

        # The variance stands for the deviation: its square root would not be portable.
        channels = latents.float().transpose(0, 1).flatten(1)
        irregular = (channels.mean(1).square() + (channels.var(1) - 1).square() / 4).mean()
        parts = {"l1": l1, "gradients": gradients, "regularity": irregular}
        total = l1 + self.gradients * gradients + self.regularity * irregular
        return {"total": total, **parts}


def in_latents(
    arrays: Mapping[str, np.ndarray], autoencoder: Autoencoder, *, mirrored: bool
) -> dict[str, np.ndarray]:
    """Return the arrays of `clips.npz` with latents for frames, and those of mirrored frames.

    Args:
        arrays: Arrays of `clips.npz`.
        autoencoder: Encodes the frames.
        mirrored: Encode the mirror images too, as `mirrored`.

    Raises:
        UserError: If a latent is not finite.
    """
    made = {"frames": autoencoder.encode_all(arrays["frames"])}
    if mirrored:
        made["mirrored"] = autoencoder.encode_all(arrays["frames"], mirrored=True)
    if not all(np.isfinite(latents).all() for latents in made.values()):
        raise UserError(
            f"{AUTOENCODER_WEIGHTS}: expected finite latents of the frames in clips.npz, got "
            "others: the autoencoder has diverged; lower clip_autoencoder.train.learning_rate"
        )
    return {**arrays, **made}


def trained_autoencoder(folder: Path, frames: UInt8[np.ndarray, "n h w c"]) -> Autoencoder:
    """Load an autoencoder, and check that it suits the frames of a data set.

    Args:
        folder: Of the weights.
        frames: All frames of `clips.npz`.

    Raises:
        UserError: If it was trained on frames of another shape, has collapsed, or has not learnt
            frames like these.
    """
    # Each check names a way in which the latents would be of no use to a GAN.
    file = folder / AUTOENCODER_WEIGHTS
    network = weights.build(Autoencoder, file)
    own = (network.size, network.size, network.channels)
    if own != frames.shape[1:]:
        raise UserError(
            f"{file}: expected an autoencoder of frames of {_shape(frames.shape[1:])} "
            f"(height, width, channels), as those in clips.npz, got one of {_shape(own)}; "
            "train it anew: dvc repro clip_autoencoder"
        )
    deviation = network.deviation.min().item()
    if not deviation > MIN_DEVIATION:
        raise UserError(
            f"{file}: expected latents that vary from frame to frame, with a deviation "
            f"of 1 in each channel, got one of {deviation:.2g}: the autoencoder has collapsed; "
            "raise clip_autoencoder.train.steps or regularity"
        )

    # What it gives back must be nearer to the frames than their mean is.
    even = np.linspace(0, len(frames) - 1, CHECKED).round().astype(int)
    rows = np.unique(even)
    pixels = np.asarray(frames[rows]).astype(np.float64)
    error = np.square(network.reconstruct(frames[rows]) - pixels).mean()
    plain = np.square(pixels.mean(0) - pixels).mean()
    gain = 10 * np.log10((plain + 1e-9) / (error + 1e-9))
    if len(rows) > 1 and plain > 1 and not gain > MIN_GAIN:
        raise UserError(
            f"{file}: expected frames of clips.npz to come back better than their mean "
            f"frame, by at least {MIN_GAIN:.0f} dB, got {gain:.1f} dB: the autoencoder has "
            "collapsed, or has learnt other data; train it anew, or raise "
            "clip_autoencoder.train.steps"
        )
    return network


def _shape(lengths: Sequence[int]) -> str:
    return " x ".join(map(str, lengths))


def _block(convolution: nn.Conv2d) -> list[nn.Module]:
    """Return a convolution with its norm and SiLU."""
    return [convolution, ChannelNorm(convolution.out_channels), nn.SiLU()]
