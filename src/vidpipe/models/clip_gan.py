"""Shared by the GANs of clips: their data, their objective, and their discriminator.

Shapes: b batch, c channels, t frames, h w pixels of a square frame, float in [-1, 1].

Names of layers (`clip_judge`, `named`, ...) are keys of committed weight files.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from vidpipe.config.models import ClipGanModel, ClipGanTrain, TrainingConfig
from vidpipe.data.splits import TRAIN
from vidpipe.models.augmentation import Augmentation, LatentAugmentation
from vidpipe.models.noise import CODE, FromNoiseGenerator, Noise, Prior
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import ClipBatch, FrameBatch, Labels
from vidpipe.training.adversarial import Networks, Objective
from vidpipe.training.distributed import own_share, whole
from vidpipe.utils.errors import UserError

Frames = UInt8[np.ndarray, "n h w c"] | Float[np.ndarray, "n h w c"]  # pixels, or latents
Kernel = tuple[int, int, int]
Norm = Literal["batch", "spectral", "none"]
Model = TypeVar("Model", bound=ClipGanModel)
Train = TypeVar("Train", bound=ClipGanTrain)


class Windows(NamedTuple):
    """Windows of clips that were drawn, on the CPU.

    Attributes:
        frames: Rows of indices into all frames.
        mirror: Of each, if it is to be mirrored.
        label: Number of what each shows.
        group: Number of the group that each is of; -1: of none that was trained on.
    """

    frames: Int[Tensor, "b t"]
    mirror: Bool[Tensor, "b"]
    label: Labels
    group: Labels


class ClipWindows:
    """Real clips to sample from: a random window of each, half of them mirrored if allowed.

    Args:
        frames: All frames, uint8, or their latents; may be mapped from a file that is larger than
            memory.
        clips: Rows of indices into `frames`.
        label: Number of what each clip shows.
        length: Frames of a window.
        mirror: Whether a mirrored clip is as good as a real one.
        device: Device on which the windows are wanted.
        mirrored: Latents of all mirrored frames; None: frames themselves are mirrored.
        group: Number of the group that each clip is of; None: of none.
    """

    def __init__(
        self,
        frames: Frames,
        clips: Int[np.ndarray, "k t"],
        label: Int[np.ndarray, "k"],
        *,
        length: int,
        mirror: bool,
        device: torch.device,
        mirrored: Frames | None = None,
        group: Int[np.ndarray, "k"] | None = None,
    ) -> None:
        self.frames = frames
        self.mirrored = mirrored
        self.clips = torch.from_numpy(clips)
        self.label = torch.from_numpy(label).long()
        self.group = torch.full_like(self.label, -1)
        if group is not None:
            self.group = torch.from_numpy(group).long()
        self.length = length
        self.mirror = mirror
        self.device = device

    def draw(self, count: int, rng: torch.Generator) -> Windows:
        """Draw windows, each from a random start; nothing is read."""
        # Which clips, and where in each the window starts.
        rows = torch.randint(len(self.clips), (count, 1), generator=rng)
        starts = self.clips.shape[1] - self.length + 1
        start = torch.randint(starts, (count, 1), generator=rng)
        index = self.clips[rows, start + torch.arange(self.length)]

        # A number is drawn for each even if none is mirrored, so that draws stay in step.
        mirror = torch.rand(count, generator=rng) < (0.5 if self.mirror else 0.0)
        return Windows(index, mirror, self.label[rows[:, 0]], self.group[rows[:, 0]])

    def read(self, windows: Windows) -> ClipBatch:
        """Read the frames of windows, and mirror those that are to be."""
        clips = self._read(self.frames, windows.frames)
        if self.mirrored is None:
            flipped = clips.flip(-1)
        else:
            flipped = self._read(self.mirrored, windows.frames)
        return torch.where(
            windows.mirror.to(clips.device)[:, None, None, None, None], flipped, clips
        )

    def _read(self, frames: Frames, index: Int[Tensor, "b t"]) -> ClipBatch:
        # Only these frames are read: the others may lie on a disk.
        values = torch.from_numpy(frames[index.numpy()]).to(self.device)
        return (to_float(values) if values.dtype == torch.uint8 else values).movedim(-1, 1)


@dataclass(frozen=True)
class ClipData:
    """Clips of one split, with the sizes and labels that networks are built by.

    Attributes:
        frames: All frames, uint8, or their latents.
        clips: Rows of indices into `frames`, of this split.
        label: Number of what each clip shows.
        labels: Names of what clips show.
        split: `train` or `test`.
        device: Device on which batches are wanted.
        mirrored: Latents of all mirrored frames, if `frames` are latents.
        group: Number of the group that each clip is of; -1: of none that is for training. None: no
            clip is of any.
        groups: Names of the groups that are for training.
    """

    frames: Frames
    clips: Int[np.ndarray, "k t"]
    label: Int[np.ndarray, "k"]
    labels: tuple[str, ...]
    split: str
    device: torch.device
    mirrored: Frames | None = None
    group: Int[np.ndarray, "k"] | None = None
    groups: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, arrays: Mapping[str, np.ndarray], device: torch.device, *, split: str = TRAIN
    ) -> "ClipData":
        """Return the clips of a split of `clips.npz`, or of what `in_latents` makes of it.

        Raises:
            UserError: If there are none.
        """
        # The frames of all splits stay: clips of one are rows of indices into them.
        rows = arrays["split"] == split
        clips = arrays["clips"][rows]
        if not len(clips):
            raise UserError(
                f"clips.npz: no clip is for {split}, of {len(arrays['clips'])}; give labels with "
                "the splits train and test, or change sources.clips.test"
            )
        labels = tuple(arrays["labels"].tolist())

        # Counted over those for training alone, whatever the split: a network knows no others.
        known = np.unique(arrays["group"][arrays["split"] == TRAIN])
        place = np.full(len(arrays["groups"]), -1)
        place[known] = np.arange(len(known))
        return cls(
            arrays["frames"],
            clips,
            arrays["label"][rows],
            labels,
            split,
            device,
            arrays.get("mirrored"),
            place[arrays["group"][rows]],
            tuple(arrays["groups"][known].tolist()),
        )

    @property
    def shape(self) -> dict[str, int]:
        """`size` and `channels` of the frames."""
        size, channels = self.frames.shape[2:]
        return {"size": size, "channels": channels}

    def windows(self, *, length: int, mirror: bool) -> ClipWindows:
        """Return windows to train on.

        Raises:
            UserError: If the clips are too short.
        """
        if self.clips.shape[1] < length:
            raise UserError(
                f"clips.npz: clips have {self.clips.shape[1]} frames, the model wants {length}; "
                "raise clips.frames, or lower the model's frames"
            )
        return ClipWindows(
            self.frames,
            self.clips,
            self.label,
            length=length,
            mirror=mirror,
            device=self.device,
            mirrored=self.mirrored,
            group=self.group,
        )


@runtime_checkable
class ClipGanModule(Protocol):
    """The contract of a module that defines a GAN of clips."""

    __name__: str

    @property
    def Generator(self) -> type["ClipGenerator"]:  # noqa: N802 (a class)
        """The class that a file of weights is loaded into."""

    @property
    def ModelConfig(self) -> type[ClipGanModel]:  # noqa: N802
        """The block `model` of its parameters."""

    @property
    def TrainConfig(self) -> type[ClipGanTrain]:  # noqa: N802
        """The block `train` of its parameters."""

    def build(self, config: Any, data: ClipData, /) -> Networks:
        """Make the networks, with first weights from torch's global generator."""

    def objective(self, config: Any, data: ClipData, /) -> Objective:
        """Make the training objective on some clips."""


def diagnostics_of(network: ClipGanModule) -> Callable[[nn.Module, Any], Mapping[str, float]]:
    """Return a module's own `diagnostics(generator, source)`, or one that measures nothing."""
    own: Callable[[nn.Module, Any], Mapping[str, float]] | None
    own = getattr(network, "diagnostics", None)
    return own or (lambda generator, source: {})


class ClipGenerator(FromNoiseGenerator):
    """A generator of clips.

    Attributes:
        frames: Frames of each clip.
        from_picture: Whether it starts from a picture too.
        rate_factors: By the names of its parts, its direct children, what their learning rate is
            multiplied by, where it is not 1.
    """

    frames: int
    from_picture = False
    rate_factors: Mapping[str, float] = MappingProxyType({})

    def source(self, noise: Noise, pictures: FrameBatch) -> Any:
        """Return the input for some noise and pictures; the latter are unused without need."""
        return noise

    def prior_for(self, frames: int) -> Prior | None:
        """Return the distribution of the noise of clips of a length; None: it makes no such clips.

        Of shorter clips than those it was trained on, it makes more frames than are asked for.
        """
        return self.prior if frames <= self.frames else None

    def components(self, source: Any) -> dict[str, ClipBatch]:
        """Return the parts that a clip is composed of, by name; none if it is made in one."""
        return {}


class ClipObjective:
    """Source, noise and what else the generator takes of a real clip; target, that clip.

    Where codes name what is shown, both show the same.

    Args:
        real: Clips to learn from.
        batch: Clips per draw.
        prior: Distribution of the noise.
    """

    def __init__(self, real: ClipWindows, *, batch: int, prior: Prior) -> None:
        self.real = real
        self.batch = batch
        self.prior = prior

    def sample_batch(self, generator: Any, rng: torch.Generator) -> tuple[Any, ClipBatch]:
        """Draw (source, real clips). The random numbers come from `rng`, on the CPU.

        Args:
            generator: A `ClipGenerator`.
            rng: Source of all randomness.
        """
        windows = self.real.draw(self.batch, rng)
        noise = self.draw_noise(windows, rng)

        # Only the own share is read: the frames may lie on a disk.
        windows, noise = own_share((windows, noise))
        clips = self.real.read(windows)
        return generator.source(noise.to(clips.device), clips[:, :, 0]), clips

    def draw_noise(self, windows: Windows, rng: torch.Generator) -> Noise:
        """Draw the noise of clips that show what these windows show."""
        return self.prior.draw(self.batch, rng, windows.label)

    def generate_with_losses(
        self, generator: Callable[[Any], ClipBatch], source: Any, real: ClipBatch
    ) -> tuple[ClipBatch, dict[str, Float[Tensor, ""]]]:
        """Return the generator's clips; there is no loss beside the adversarial one."""
        return generator(source), {}


def prior_of(model: ClipGanModel, labels: Sequence[str]) -> Prior:
    """Return the distribution of a model's noise.

    Args:
        model: Configuration of the networks.
        labels: Names of what the clips show.

    Raises:
        UserError: If there are more labels than noise has numbers.
    """
    if model.codes != "labels":
        return Prior(model.latent, model.codes)
    if len(labels) > model.latent:
        raise UserError(
            f"clips.npz: {len(labels)} labels, each of which takes one of noise's {model.latent} "
            "numbers; raise the model's latent, or give codes a number"
        )
    return Prior(model.latent, len(labels), tuple(labels))


def build_networks(
    generator: type[ClipGenerator],
    discriminator: type["ClipDiscriminator | LatentDiscriminator"],
    config: TrainingConfig[Model, Train],
    data: ClipData,
    *,
    prior: Prior | None = None,
    **own: Any,
) -> Networks:
    """Make a generator and the discriminator of clips beside it.

    Args:
        generator: Class of the generator.
        discriminator: Class of the discriminator of pixels, or of a `LatentDiscriminator`.
        config: Of networks and training.
        data: Clips that fix the size, the channels and the labels.
        prior: Distribution of the noise; None: `prior_of` the model.
        own: Further keyword arguments of the generator.

    In latents, the generator's values have no bounds, and the discriminator is that of latents.
    """
    if config.model.space == "latent":
        # Latents are not colours: no tanh, and layers for maps of a few cells.
        own["bounded"] = False
        if not issubclass(discriminator, LatentDiscriminator):
            discriminator = LatentDiscriminator
    # The generator's arguments are saved beside its weights, which are of no use without them.
    model = config.model
    prior = prior or prior_of(model, data.labels)
    architecture = {
        **asdict(prior),
        "width": model.width,
        **own,
        **data.shape,
        "frames": model.frames,
    }
    network = generator(**architecture)
    return Networks(
        network,
        {
            "discriminator": discriminator(
                **data.shape,
                frames=model.frames,
                width=model.discriminator_width,
                norm=model.norm,
                dropout=model.dropout,
                frame_discriminator=model.frame_discriminator,
                augment=config.train.augment,
                labels=prior.codes if prior.labels else 0,
            )
        },
        architecture,
        network.rate_factors,
    )


def clip_objective(config: TrainingConfig[Model, Train], data: ClipData) -> ClipObjective:
    """Make the objective of a model that has no loss beside the adversarial one."""
    return ClipObjective(
        data.windows(length=config.model.frames, mirror=config.train.mirror),
        batch=config.train.batch,
        prior=prior_of(config.model, data.labels),
    )


class VolumeStream(nn.Module):
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
        # Every layer halves the channels, as it doubles the sides.
        widths = [width // 2**level for level in range(5)]
        self.channels = widths[-1]
        self.dense = nn.Linear(latent, width * math.prod(self.base))
        self.layers = nn.Sequential(nn.BatchNorm3d(width), nn.LeakyReLU(0.2))
        for level, (inner, outer) in enumerate(pairwise(widths)):
            layer = nn.ConvTranspose3d(inner, outer, *stride_2(time=level < 3))
            # At full size a norm costs as much as the layer.
            norm = [nn.BatchNorm3d(outer)] if level < 3 else []
            self.layers.extend([layer, *norm, nn.LeakyReLU(0.2)])

    def forward(self, noise: Noise) -> Float[Tensor, "b maps t h w"]:
        # Channels last, the layout of the weights.
        base = self.dense(noise).unflatten(1, (-1, *self.base))
        maps: Tensor = self.layers(base.contiguous(memory_format=torch.channels_last_3d))
        return maps


class LabelledDiscriminator(nn.Module):
    """A discriminator of clips and, if wanted, of single frames, conditional on the label.

    Args:
        augment: Alters clips before they are seen.
        labels: Number of labels that noise may name; the logit is conditional on the label by
            projection (Miyato and Koyama 2018, equation 3). 0: unconditional.
        norm: Of the last layers: `spectral`, or one of those that they do not have.
        clip_layers: Clips to maps.
        clip_features: Numbers in these maps.
        frame_layers: Frames to maps; None: frames are not discriminated.
        frame_features: Numbers in these maps.

    Attributes:
        clip_judge: Clips to features.
        clip_logit: Features to a logit.
        named: Labels to features, if there are labels.
        frame_judge: Frames to a logit, if frames are discriminated too.
    """

    def __init__(
        self,
        *,
        augment: nn.Module,
        labels: int,
        norm: Norm,
        clip_layers: Iterable[nn.Module],
        clip_features: int,
        frame_layers: Iterable[nn.Module] | None,
        frame_features: int,
    ) -> None:
        super().__init__()
        self.augment = augment
        self.labels = labels

        # Layers come from generators: first weights are drawn in the order in which they are made.
        self.clip_judge = nn.Sequential(*clip_layers, nn.Flatten())
        self.clip_logit = normalised(nn.Linear(clip_features, 1), norm)
        if labels:
            self.named = normalised(nn.Linear(labels, clip_features, bias=False), norm)
        self.frame_judge = None
        if frame_layers is not None:
            self.frame_judge = nn.Sequential(*frame_layers, nn.Flatten())
            self.frame_judge.append(normalised(nn.Linear(frame_features, 1), norm))

    def forward(self, source: Noise, clips: ClipBatch) -> Float[Tensor, "b logits"]:
        """Return logits of clips; of the noise only the label is used: a real clip has no more."""
        return self.logits(source, self.augment(clips))

    def logits(self, noise: Noise, clips: ClipBatch) -> Float[Tensor, "b logits"]:
        """Return a logit of each clip and, if frames are discriminated too, one of a frame."""
        # The clip as a whole.
        features = self.clip_judge(clips)
        logits = [self.clip_logit(features)]
        if self.labels:
            # Projection: the inner product of features and the embedding of the label.
            projected = self.named(noise[:, : self.labels] / CODE)
            logits[0] = logits[0] + (projected * features).sum(1, keepdim=True)
        if self.frame_judge is not None:
            # One frame of each clip, drawn from torch's global generator, which each step seeds.
            picked = own_share(torch.randint(clips.shape[2], (whole(len(clips)),), device="cpu"))
            frames = [clip[:, t] for clip, t in zip(clips, picked.tolist(), strict=True)]
            logits.append(self.frame_judge(torch.stack(frames)))
        return torch.cat(logits, dim=1)


class ClipDiscriminator(LabelledDiscriminator):
    """3-D convolutions of kernel 4 and stride 2, and one logit from what is left.

    Where time has shrunk to 1, kernel and stride are 1 in time (Keras's *same* padding, with which
    the report was made, hides this).

    Args:
        size: Side of the frames, at least `2**layers`.
        frames: Of a clip.
        channels: Of a frame, and of what is joined to it.
        width: Channels of the first convolution; they double from layer to layer.
        norm: `batch` norm, `spectral` norm (Miyato et al. 2018), or `none`.
        dropout: Rate after each convolution, while training.
        frame_discriminator: Also discriminate one frame, picked at random, by 2-D convolutions of
            the same widths (Tulyakov et al. 2018, "MoCoGAN", section 3.2).
        augment: Strength of the augmentation of clips, 0 to 1.
        labels: Number of labels that noise may name; the logit is conditional on the label by
            projection (Miyato and Koyama 2018, equation 3). 0: unconditional.

    Attributes:
        layers: Number of convolutions; a model says how many.
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
        frame_discriminator: bool,
        augment: float,
        labels: int = 0,
    ) -> None:
        widths = [channels, *(width * 2**level for level in range(self.layers))]
        area = (size // 2**self.layers) ** 2

        def clip_layers() -> Iterator[nn.Module]:
            for level, (inner, outer) in enumerate(pairwise(widths)):
                # Time is halved until a frame is left; from then on kernels span space alone.
                layer = nn.Conv3d(inner, outer, *stride_2(time=frames > 2**level))
                yield from _block(layer, nn.BatchNorm3d, norm, dropout, first=level == 0)

        def frame_layers() -> Iterator[nn.Module]:
            for level, (inner, outer) in enumerate(pairwise(widths)):
                layer = nn.Conv2d(inner, outer, 4, 2, 1)
                yield from _block(layer, nn.BatchNorm2d, norm, dropout, first=level == 0)

        super().__init__(
            augment=Augmentation(augment),
            labels=labels,
            norm=norm,
            clip_layers=clip_layers(),
            clip_features=widths[-1] * area * max(1, frames // 2**self.layers),
            frame_layers=frame_layers() if frame_discriminator else None,
            frame_features=widths[-1] * area,
        )


class LatentDiscriminator(LabelledDiscriminator):
    """Convolutions of latents and of their changes in time, by turns in space and in time.

    Args:
        size: Side of the latents, 8 or 16.
        frames: Of a clip, a multiple of 4.
        channels: Of the latents.
        width: Channels of the first convolution; the last has three and a half times as many.
        norm: `spectral` norm (Miyato et al. 2018) or `none`.
        dropout: Rate after each convolution, while training.
        frame_discriminator: Also discriminate one frame, picked at random.
        augment: Strength of the augmentation of clips, 0 to 1.
        labels: Number of labels that noise may name.
    """

    def __init__(
        self,
        *,
        size: int,
        frames: int,
        channels: int,
        width: int,
        norm: Norm,
        dropout: float,
        frame_discriminator: bool,
        augment: float,
        labels: int = 0,
    ) -> None:
        # Half of the side, twice, and half of the time, twice. A side has few cells: a kernel that
        # does not halve it spans three of them at most.
        widths = [width, 3 * width // 2, 2 * width, 5 * width // 2, 7 * width // 2]
        area = (size // 4) ** 2

        def clip_layers() -> Iterator[nn.Module]:
            layers = [
                nn.Conv3d(2 * channels, widths[0], (1, 3, 3), 1, (0, 1, 1)),
                nn.Conv3d(widths[0], widths[1], (4, 1, 1), (2, 1, 1), (1, 0, 0)),
                nn.Conv3d(widths[1], widths[2], (1, 4, 4), (1, 2, 2), (0, 1, 1)),
                nn.Conv3d(widths[2], widths[3], (4, 3, 3), (2, 1, 1), (1, 1, 1)),
                nn.Conv3d(widths[3], widths[4], (1, 4, 4), (1, 2, 2), (0, 1, 1)),
            ]
            # What changes is shown apart: latents that follow each other are much alike.
            yield WithChange()
            for layer in layers:
                yield from _block(layer, nn.BatchNorm3d, norm, dropout, first=True)

        def frame_layers() -> Iterator[nn.Module]:
            layers = [
                nn.Conv2d(channels, width, 3, 1, 1),
                nn.Conv2d(width, 2 * width, 4, 2, 1),
                nn.Conv2d(2 * width, 3 * width, 4, 2, 1),
            ]
            for layer in layers:
                yield from _block(layer, nn.BatchNorm2d, norm, dropout, first=True)

        super().__init__(
            augment=LatentAugmentation(augment),
            labels=labels,
            norm=norm,
            clip_layers=clip_layers(),
            clip_features=widths[-1] * (frames // 4) * area,
            frame_layers=frame_layers() if frame_discriminator else None,
            frame_features=3 * width * area,
        )


class WithChange(nn.Module):
    """Join to each frame what has changed since the one before; the first has no change."""

    def forward(self, clips: ClipBatch) -> Float[Tensor, "b twice t h w"]:
        return torch.cat([clips, F.pad(clips.diff(dim=2), (0, 0, 0, 0, 1, 0))], dim=1)


def stride_2(*, time: bool) -> tuple[Kernel, Kernel, Kernel]:
    """Return kernel, stride and padding of a convolution that halves space, and time if wanted.

    A transposed convolution of the same doubles them.
    """
    return ((4, 4, 4), (2, 2, 2), (1, 1, 1)) if time else ((1, 4, 4), (1, 2, 2), (0, 1, 1))


def normalised(layer: nn.Module, norm: Norm) -> nn.Module:
    """Return the layer, under spectral norm if that is wanted."""
    return spectral_norm(layer) if norm == "spectral" else layer


def _block(
    layer: nn.Conv2d | nn.Conv3d,
    batch_norm: type[nn.BatchNorm2d | nn.BatchNorm3d],
    norm: Norm,
    dropout: float,
    *,
    first: bool,
) -> list[nn.Module]:
    """Return a convolution, its norm (none in the first layer), leaky ReLU and dropout."""
    norms = [batch_norm(layer.out_channels)] if norm == "batch" and not first else []
    return [normalised(layer, norm), *norms, nn.LeakyReLU(0.2), nn.Dropout(dropout)]
