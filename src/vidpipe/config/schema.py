"""The schema of `params.yaml`: `Params`, and the blocks that are neither data sets nor GANs.

`params.yaml` holds the values; these classes say what is allowed. No field but an optional
block has a default, so `params.yaml` names every number in force.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from vidpipe.config.base import (
    ConfigBlock,
    Count,
    CountOrZero,
    Given,
    NonNegative,
    Positive,
    Seed,
    Share,
)
from vidpipe.config.datasets import Sources
from vidpipe.config.models import (
    ClipGanBlock,
    ConvlstmGan,
    Dcgan,
    FromNoiseEvaluate,
    Gan3d,
    MlpGan,
    Mocogan,
    Pix2pix,
    Vgan,
)


class Runtime(ConfigBlock):
    """Device and arithmetic: all that can change the last bits of a result.

    Attributes:
        device: `auto` is CUDA where there is a GPU, else the CPU.
        devices: Processes that share the batches of a GAN's training: one per GPU, or per part of
            the CPU; on several machines, those of all. Results are equal but for rounding.
        precision: `bf16` is automatic mixed precision.
        threads: Of torch, on the CPU; of each process, if there are several.
        determinism: `portable`: the same bits on any x86-64 processor with AVX2;
            `machine`: the same bits on this machine, and faster.
    """

    device: Literal["cpu", "cuda", "auto"]
    devices: Count
    precision: Literal["fp32", "bf16"]
    threads: Count
    determinism: Literal["portable", "machine"]

    @model_validator(mode="after")
    def _portable_is_cpu_fp32(self) -> Self:
        if self.determinism == "portable" and (self.device, self.precision) != ("cpu", "fp32"):
            raise ValueError(
                "determinism: portable needs device: cpu and precision: fp32, "
                f"got {self.device} and {self.precision}; use determinism: machine"
            )
        return self


class Sampling(ConfigBlock):
    """Sampling of a video's frames, and detection of shot cuts.

    Attributes:
        stride: Keep every n-th frame.
        fps: Frames per second to sample at; empty: the video's own rate.
        cut_threshold: Mean change of brightness between two frames that is a cut.
    """

    stride: Count
    fps: Positive | None
    cut_threshold: Annotated[float, Field(gt=0, le=1)]


class Frames(Sampling):
    """Extraction of the frames of footage.

    Attributes:
        size: Side of the square frames in pixels.
    """

    size: Literal[64, 128, 256, 512]


class ClipFrames(Sampling):
    """Extraction of the frames of clips, which are smaller: their networks are 3-D.

    Attributes:
        size: Side of the square frames in pixels.
    """

    size: Literal[32, 64, 128, 256]


class FramesBySlot(ConfigBlock):
    """Frame extraction, slot by slot."""

    footage: Frames
    clips: ClipFrames


class Pairs(ConfigBlock):
    """Split by time of the pairs of consecutive frames, shot by shot.

    Attributes:
        held_out: Share of each shot, at its end, that is held out.
        gap: Frames between the two parts that belong to neither.
    """

    held_out: Share
    gap: CountOrZero


class Clips(ConfigBlock):
    """Windows of consecutive frames, cut from shots.

    Attributes:
        frames: Length of a clip.
        stride: Frames from the start of one clip to that of the next.
        in_memory: GiB of frames; a larger array is stored uncompressed and memory-mapped.
    """

    frames: Annotated[int, Field(ge=2)]
    stride: Count
    in_memory: NonNegative


class Digits(ConfigBlock):
    """Augmentation of a few glyphs to many pictures.

    Attributes:
        glyphs: Folder with one picture per glyph.
        count: Pictures in all, equally many per glyph.
        rotation: Largest angle in degrees, either way.
        rescale: Largest relative change of width and of height, independently.
        zoom: Largest relative change of both together.
        shear: Largest shear, either way.
        held_out: Share of the pictures, those of the largest angles, that is held out.
        gap: Degrees between the two parts that belong to neither.
    """

    glyphs: Given
    count: Count
    rotation: Annotated[float, Field(ge=0, le=180)]
    rescale: Share
    zoom: Share
    shear: Share
    held_out: Annotated[float, Field(gt=0, lt=1)]
    gap: NonNegative
    seed: Seed


class DigitClassifier(ConfigBlock):
    """Training of the classifier that scores the GANs of digits."""

    seed: Seed
    steps: Count
    batch: Count
    learning_rate: Positive
    report_every: Count


class ActionClassifier(DigitClassifier):
    """Training of the classifier that scores the GANs of clips."""


class ClipAutoencoderModel(ConfigBlock):
    """Architecture of the autoencoder of frames.

    Attributes:
        side: Of the latents.
        latents: Channels of the latents.
        width: Channels of the first layer; they double down to four times as many.
    """

    side: Literal[8, 16]
    latents: Count
    width: Count


class ClipAutoencoderTrain(ConfigBlock):
    """Training of the autoencoder of frames.

    Attributes:
        batch: Frames of a step, in pairs of adjacent ones.
        motion: Weight of all that moves in a pair of frames, beside 1 for all of its pixels.
        gradients: Weight of the error of differences between neighbours, in space and time.
        regularity: Weight of what keeps the latents at mean 0 and deviation 1.
        noise: Standard deviation of the noise on latents before they are decoded.
        cooldown: Share of the steps, at the end, in which the learning rate falls to zero.
        mirror: Also train on mirrored frames.
    """

    seed: Seed
    steps: Count
    batch: Annotated[int, Field(ge=2, multiple_of=2)]
    learning_rate: Positive
    motion: NonNegative
    gradients: NonNegative
    regularity: NonNegative
    noise: NonNegative
    cooldown: Annotated[float, Field(gt=0, le=1)]
    mirror: bool
    report_every: Count


class ClipAutoencoder(ConfigBlock):
    """Frames to latents and back, for GANs of clips that work on latents."""

    model: ClipAutoencoderModel
    train: ClipAutoencoderTrain
    evaluate: FromNoiseEvaluate


class Params(ConfigBlock):
    """The whole of `params.yaml`."""

    runtime: Runtime
    sources: Sources
    frames: FramesBySlot
    pairs: Pairs
    clips: Clips
    pix2pix: Pix2pix
    digits: Digits
    digit_classifier: DigitClassifier
    mlp_gan: MlpGan
    dcgan: Dcgan
    action_classifier: ActionClassifier
    clip_autoencoder: ClipAutoencoder
    gan3d: Gan3d
    vgan: Vgan
    convlstm_gan: ConvlstmGan
    mocogan: Mocogan


# Names of the GANs of digits.
DIGIT_GAN_NAMES = ("mlp_gan", "dcgan")

# Names of the GANs of clips: each has a block in params.yaml, and with it two stages.
CLIP_GAN_NAMES = tuple(
    name
    for name, field in Params.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, ClipGanBlock)
)


def _spaces(gan: str) -> tuple[str, ...]:
    """Return the values of `model.space` that a GAN of clips offers."""
    block: Any = Params.model_fields[gan].annotation
    return get_args(block.model_fields["model"].annotation.model_fields["space"].annotation)


# Those that may work on latents, and wait for the autoencoder.
LATENT_GAN_NAMES = tuple(name for name in CLIP_GAN_NAMES if "latent" in _spaces(name))
