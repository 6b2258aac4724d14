"""Parameters of the GANs: how each is built, learns and is scored."""

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from vidpipe.config.datasets import Count, NonNegative, Room, Seed, Share

ModelT = TypeVar("ModelT")
TrainT = TypeVar("TrainT")


@dataclass(frozen=True)
class TrainingConfig(Generic[ModelT, TrainT]):
    """The two blocks of a model that its training needs.

    Attributes:
        model: Configuration of the networks.
        train: Configuration of the training.
    """

    model: ModelT
    train: TrainT


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


class FromNoiseTrain(GanTrain):
    """How a GAN learns that starts from noise."""

    loss: Literal["bce", "hinge", "relativistic"]
    beta2: Share
    r1: NonNegative
    r2: NonNegative
    slope_every: Count
    cooldown: Annotated[float, Field(ge=0, le=1)]


class FromNoiseEvaluate(Room):
    """How a GAN that starts from noise is scored."""

    samples: Annotated[int, Field(ge=2)]
    seed: Seed


class LabelledNoise(Room):
    """What a generator starts from; codes may stand for the labels of real samples."""

    latent: Count
    codes: Annotated[int, Field(ge=0)] | Literal["labels"]

    @model_validator(mode="after")
    def _codes_are_part_of_it(self) -> Self:
        if isinstance(self.codes, int) and self.codes > self.latent:
            raise ValueError(
                f"codes are some of latent's numbers, got {self.codes} of {self.latent}"
            )
        return self


class Noise(LabelledNoise):
    """What a generator starts from that knows no labels."""

    codes: Annotated[int, Field(ge=0)]


class MlpGanModel(Noise):
    """The GAN without convolutions."""

    dropout: Share


class MlpGan(Room):
    """The baseline of dcgan."""

    model: MlpGanModel
    train: FromNoiseTrain
    evaluate: FromNoiseEvaluate


class DcganModel(Noise):
    """The convolutional GAN (Radford et al. 2016)."""

    generator_hidden: Annotated[int, Field(ge=0)]
    discriminator_hidden: Annotated[int, Field(ge=0)]
    norm: Literal["batch", "spectral", "none"]
    dropout: Share


class Dcgan(Room):
    """Numerals from noise."""

    model: DcganModel
    train: FromNoiseTrain
    evaluate: FromNoiseEvaluate


class ClipGanModel(LabelledNoise):
    """A GAN of clips, and the discriminator they share."""

    frames: Literal[8, 16]
    width: Annotated[int, Field(ge=16, multiple_of=16)]
    discriminator_width: Count
    norm: Literal["batch", "spectral", "none"]
    dropout: Share
    frame_judge: bool


class ClipGanTrain(FromNoiseTrain):
    """How a GAN of clips learns."""

    augment: Annotated[float, Field(ge=0, le=1)]
    mirror: bool

    @field_validator("batch")
    @classmethod
    def _more_than_one(cls, batch: int) -> int:
        if batch < 2:
            raise ValueError("expected at least 2 clips, for one cannot tell whether all are alike")
        return batch


class ClipGan(Room):
    """The block of a GAN of clips."""

    model: ClipGanModel
    train: ClipGanTrain
    evaluate: FromNoiseEvaluate


class Gan3dModel(ClipGanModel):
    """Networks of gan3d."""


class Gan3dTrain(ClipGanTrain):
    """Training of gan3d."""


class Gan3d(ClipGan):
    """Clips from noise, in one stream."""

    model: Gan3dModel
    train: Gan3dTrain


class VganModel(ClipGanModel):
    """Networks of vgan."""


class VganTrain(ClipGanTrain):
    """How vgan learns."""

    mask_weight: NonNegative


class Vgan(ClipGan):
    """Clips from noise, in two streams (Vondrick et al. 2016)."""

    model: VganModel
    train: VganTrain


class ConvlstmGanModel(ClipGanModel):
    """Clips from a picture and noise."""

    skips: bool


class ConvlstmGanTrain(ClipGanTrain):
    """Training of convlstm_gan."""


class ConvlstmGan(ClipGan):
    """How a picture goes on."""

    model: ConvlstmGanModel
    train: ConvlstmGanTrain


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
