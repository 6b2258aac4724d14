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
from vidpipe.data.download.published import Published, obtain, own_files
from vidpipe.data.download.unpack import member_names, unpack
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount

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
# Class that files and lists spell differently -> the spelling of the files.
SPELLING = {"handstandpushups": "HandstandPushups"}


def videos(
    *,
    archive: str | None,
    sha256: str | None,
    split_list: int | None,
    classes: Sequence[str] | None,
    per_class: int | None,
    place: Place,
) -> Iterator[Video]:
    """Yield the videos of the chosen classes; no others are unpacked.

    Args:
        archive: Path or address of the zip or rar, or a folder of the videos; None: download it.
        sha256: Hash of the user's archive, if it is to be checked.
        split_list: Number of the official split, 1 to 3; None: split by groups, without a list.
        classes: Names of classes; None: all.
        per_class: Largest number of videos of a class, a fixed choice across its groups; None: all.
        place: Folders of the project.

    Raises:
        UserError: If a file is unavailable, or a class is unknown.
    """
    # Fetch the lists first: their host's certificate is faulty, and the videos are 7 GB.
    splits = _official_splits(split_list, archive, place) if split_list is not None else {}
    path = obtain(ZIP, archive, place, sha256=sha256)
    members = set(_choose(path, classes, per_class, place))
    unlisted = 0
    for member, file in unpack(path, place.folder, members.__contains__):
        label = _label(member)
        group = f"{label}_g{_match(member)['group']}"
        split = splits.get(_key(member), "")
        unlisted += bool(splits) and not split
        yield Video(path=file, name=file.name, label=label, group=group, split=split)
    if unlisted:
        log.warning("%s in no list, split by group", amount(unlisted, "video"))


def files(
    *, archive: str | None, split_list: int | None, place: Place, **_: object
) -> dict[str, Path]:
    """Find the user's copies that `videos` reads."""
    return own_files([ZIP], archive, place, beside=[] if split_list is None else [LISTS])


def _choose(
    path: Path, classes: Sequence[str] | None, per_class: int | None, place: Place
) -> Iterator[str]:
    """Yield the members of the archive to unpack, class by class."""
    members = defaultdict(list)
    for member in member_names(path):
        if NAME.fullmatch(PurePosixPath(member).name):
            members[_label(member).casefold()].append(member)
    if not members:
        raise UserError(f"{path}: expected videos named like v_Biking_g01_c01.avi, found none")
    names = sorted(members) if classes is None else [name.casefold() for name in classes]
    for name in names:
        if name not in members:
            labels = ", ".join(sorted(_label(videos[0]) for videos in members.values()))
            raise UserError(f"{place.key}.classes: no class {name!r} is there; there are: {labels}")
        # In the order of their hashes: mixed over groups, and a larger choice contains a smaller.
        yield from sorted(members[name], key=_hash)[:per_class]


def _official_splits(number: int, archive: str | None, place: Place) -> dict[str, str]:
    """Read the official lists of that number; return the split by video."""
    try:
        path = obtain(LISTS, archive, place, beside=True)
    except UserError as error:
        raise UserError(
            f"{error}; without the lists, leave {place.key}.split_list empty to split by groups"
        ) from error
    names = {f"{split}list{number:02d}.txt": split for split in (TRAIN, TEST)}
    splits = {}
    with TemporaryDirectory() as folder:
        lists = unpack(path, Path(folder), lambda member: PurePosixPath(member).name in names)
        for member, file in lists:
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.strip():
                    splits[_key(line.split()[0])] = names[PurePosixPath(member).name]
        if len(lists) != len(names):
            raise UserError(f"{path}: expected {' and '.join(names)}, found {len(lists)} of them")
    return splits


def _match(member: str) -> re.Match[str]:
    match = NAME.fullmatch(PurePosixPath(member).name)
    assert match is not None  # only matching members are chosen
    return match


def _label(member: str) -> str:
    label = _match(member)["label"]
    return SPELLING.get(label.casefold(), label)


def _key(path: str) -> str:
    """Return a video's name in the form that files and lists share."""
    return PurePosixPath(path).stem.casefold()


def _hash(member: str) -> str:
    return hashlib.sha256(_key(member).encode()).hexdigest()
