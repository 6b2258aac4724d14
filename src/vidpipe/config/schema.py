"""Every parameter a person may change, as one frozen Pydantic model per room and model.

`params.yaml` holds the values; the models here say what is allowed. No field but an
optional block has a default, so `params.yaml` names every number in force.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vidpipe.config.datasets import Count, Given, NonNegative, Room, Seed, Share, Sources
from vidpipe.config.models import ClipGan, ConvlstmGan, Dcgan, Gan3d, MlpGan, Pix2pix, Vgan


class Runtime(Room):
    """Where and how numbers are computed: all that can change a result's last bits."""

    device: Literal["cpu", "cuda", "auto"]
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


class Sampling(Room):
    """Which frames of a video are kept, and where one shot ends."""

    stride: Count
    fps: Annotated[float, Field(gt=0)] | None
    cut_threshold: Annotated[float, Field(gt=0, le=1)]


class Frames(Sampling):
    """How a video becomes square frames."""

    size: Literal[64, 128, 256, 512]


class ClipFrames(Sampling):
    """The same for clips, whose networks have a dimension more to learn."""

    size: Literal[32, 64, 128, 256]


class FramesBySlot(Room):
    """Frame extraction, slot by slot."""

    footage: Frames
    clips: ClipFrames


class Pairs(Room):
    """How consecutive frames are split by time."""

    held_out: Share
    gap: Annotated[int, Field(ge=0)]


class Clips(Room):
    """How clips are cut from shots, and kept."""

    frames: Annotated[int, Field(ge=2)]
    stride: Count
    in_memory: NonNegative


class Digits(Room):
    """How a few glyphs become many pictures."""

    glyphs: Given
    count: Count
    rotation: Annotated[float, Field(ge=0, le=180)]
    rescale: Share
    zoom: Share
    shear: Share
    held_out: Annotated[float, Field(gt=0, lt=1)]
    gap: NonNegative
    seed: Seed


class DigitClassifier(Room):
    """The network that scores the digit GANs."""

    seed: Seed
    steps: Count
    batch: Count
    learning_rate: Annotated[float, Field(gt=0)]
    report_every: Count


class ActionClassifier(DigitClassifier):
    """The network that scores the clip GANs."""


class Params(Room):
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
    gan3d: Gan3d
    vgan: Vgan
    convlstm_gan: ConvlstmGan


# Names of the GANs of clips: each has a block in params.yaml, and with it two stages.
CLIP_GANS = tuple(
    name
    for name, field in Params.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, ClipGan)
)
