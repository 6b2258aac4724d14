"""UCF101: 13,320 videos of 101 actions from the web, 320x240 at 25 frames per second.

Soomro, Zamir and Shah, UCF101: A Dataset of 101 Human Actions Classes From Videos in The Wild,
2012. Videos of a group, `g01` to `g25` of each class, share scene and people.
"""

import hashlib
import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.download.published import Published, obtain
from vidpipe.data.download.unpack import listed, unpack
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
ZIP = Published(
    url="https://storage.googleapis.com/thumos14_files/UCF101_videos.zip",
    size=6_960_400_115,
    sha256="dabf56f573cd19c79e096563529fec8126a2a34e18e10c72eb621dd687532b0d",
)
LISTS = Published(
    url="https://www.crcv.ucf.edu/data/UCF101/UCF101TrainTestSplits-RecognitionTask.zip",
    size=113_943,
    sha256="5c0d1a53b8ed364a2ac830a73f405e51bece7d98ce1254fd19ed4a36b224bd27",
)
NAME = re.compile(r"v_(?P<label>\w+)_g(?P<group>\d+)_c(?P<clip>\d+)\.avi", re.IGNORECASE)
# The files write it so, the lists with another S.
SPELT = {"handstandpushups": "HandstandPushups"}


def videos(
    *,
    archive: str | None,
    sha256: str | None,
    split_list: int | None,
    classes: Sequence[str] | None,
    per_class: int | None,
    place: Place,
) -> Iterator[Video]:
    """Videos of some classes, or some of each class; no others are unpacked.

    Args:
        archive: Where the zip is, or a rar, or a folder of the videos; None: where it is published.
        sha256: What an archive of one's own hashes to.
        split_list: Which of the three official lists says what is for training and what for
            testing; None: none, and none is needed.
        classes: Names of classes; None: all.
        per_class: Most videos of a class: the same few each time, from all its groups; None: all.
        place: Where to work.

    Raises:
        UserError: If a file cannot be had, or a class is unknown.
    """
    # The lists first: their host's certificate is faulty, and the videos are 7 GB.
    splits = _official(split_list, archive, place) if split_list is not None else {}
    path = obtain(ZIP, archive, place, sha256=sha256)
    chosen = set(_chosen(path, classes, per_class, place))
    unlisted = 0
    for member, file in unpack(path, place.folder, chosen.__contains__):
        label, group = _label(member), _named(member)["group"]
        split = splits.get(_key(member), "")
        unlisted += bool(splits) and not split
        yield Video(path=file, name=file.name, label=label, group=f"{label}_g{group}", split=split)
    if unlisted:
        log.warning("%d videos are in no list, and are split by their groups", unlisted)


def _chosen(
    path: Path, classes: Sequence[str] | None, per_class: int | None, place: Place
) -> Iterator[str]:
    members = defaultdict(list)
    for member in listed(path):
        if NAME.fullmatch(PurePosixPath(member).name):
            members[_label(member).casefold()].append(member)
    if not members:
        raise UserError(f"{path}: expected videos named like v_Biking_g01_c01.avi, found none")
    wanted = sorted(members) if classes is None else [name.casefold() for name in classes]
    for name in wanted:
        if name not in members:
            there = ", ".join(sorted(_label(some[0]) for some in members.values()))
            raise UserError(f"{place.key}.classes: no class {name!r} is there; there are: {there}")
        # In an order that is neither by group nor by anything else, and stays: a larger choice
        # holds the smaller.
        yield from sorted(members[name], key=_shuffled)[:per_class]


def _official(number: int, archive: str | None, place: Place) -> dict[str, str]:
    """Part by video, of the official lists of that number."""
    try:
        path = obtain(LISTS, archive, place, beside=True)
    except UserError as error:
        raise UserError(
            f"{error}; without the lists, leave {place.key}.split_list empty to split by groups"
        ) from error
    names = {f"{part}list{number:02d}.txt": part for part in ("train", "test")}
    splits = {}
    with TemporaryDirectory() as folder:
        wanted = unpack(path, Path(folder), lambda member: PurePosixPath(member).name in names)
        for member, file in wanted:
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.strip():
                    splits[_key(line.split()[0])] = names[PurePosixPath(member).name]
        if len(wanted) != len(names):
            raise UserError(f"{path}: expected {' and '.join(names)}, found {len(wanted)} of them")
    return splits


def _named(member: str) -> re.Match[str]:
    match = NAME.fullmatch(PurePosixPath(member).name)
    assert match is not None  # chosen for its name
    return match


def _label(member: str) -> str:
    label = _named(member)["label"]
    return SPELT.get(label.casefold(), label)


def _key(path: str) -> str:
    """A video's name as files and lists agree on it."""
    return PurePosixPath(path).stem.casefold()


def _shuffled(member: str) -> str:
    return hashlib.sha256(_key(member).encode()).hexdigest()
