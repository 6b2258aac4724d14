"""Every parameter a person may change, as one frozen Pydantic model per room and model.

`params.yaml` holds the values; the models here say what is allowed. No field but an
optional block has a default, so `params.yaml` names every number in force.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vidpipe.params_sources import (
    Count,
    Given,
    NonNegative,
    Room,
    Seed,
    Share,
    Sources,
)


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


class GanTrain(Room):
    """How long any GAN learns, and how often it tells. Steps count updates of both networks."""

    seed: Seed
    steps: Count
    batch: Count
    learning_rate: Annotated[float, Field(gt=0)]
    beta1: Share
    ema: Share
    report_every: Count
    sample_every: Count

    @model_validator(mode="after")
    def _sheets_come_with_reports(self) -> Self:
        if self.sample_every % self.report_every:
            raise ValueError(
                "sample_every must be a multiple of report_every, "
                f"got {self.sample_every} and {self.report_every}"
            )
        return self


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


class DigitGanTrain(GanTrain):
    """How a digit GAN learns."""

    loss: Literal["bce", "hinge", "relativistic"]
    beta2: Share
    r1: NonNegative
    r2: NonNegative
    slope_every: Count
    cooldown: Annotated[float, Field(ge=0, le=1)]


class DigitGanEvaluate(Room):
    """How a digit GAN is scored."""

    samples: Annotated[int, Field(ge=2)]
    seed: Seed


class Noise(Room):
    """What a generator starts from."""

    latent: Count
    codes: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _codes_are_part_of_it(self) -> Self:
        if self.codes > self.latent:
            raise ValueError(
                f"codes are some of latent's numbers, got {self.codes} of {self.latent}"
            )
        return self


class MlpGanModel(Noise):
    """The GAN without convolutions."""

    dropout: Share


class MlpGan(Room):
    """The baseline of dcgan."""

    model: MlpGanModel
    train: DigitGanTrain
    evaluate: DigitGanEvaluate


class DcganModel(Noise):
    """The convolutional GAN (Radford et al. 2016)."""

    generator_hidden: Annotated[int, Field(ge=0)]
    discriminator_hidden: Annotated[int, Field(ge=0)]
    norm: Literal["batch", "spectral", "none"]
    dropout: Share


class Dcgan(Room):
    """Numerals from noise."""

    model: DcganModel
    train: DigitGanTrain
    evaluate: DigitGanEvaluate


class Pix2pixModel(Room):
    """U-Net generator and PatchGAN discriminator (Isola et al. 2017)."""

    width: Count
    dropout: Share
    residual: bool


class Pix2pixTrain(GanTrain):
    """How pix2pix learns."""

    adversarial_weight: NonNegative
    l1_weight: NonNegative
    noise: NonNegative
    views: Annotated[float, Field(ge=0, le=1)]
    pushforward: Annotated[int, Field(ge=0)]


class Pix2pixEvaluate(Room):
    """How far pix2pix predicts, and how sure the scores are."""

    horizons: Annotated[int, Field(ge=16)]
    starts: Count
    resamples: Count
    seed: Seed


class Pix2pix(Room):
    """The next-frame predictor."""

    model: Pix2pixModel
    train: Pix2pixTrain
    evaluate: Pix2pixEvaluate


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
