"""Weizmann Actions: nine people, ten actions, 93 videos of 180x144 at 25 frames per second.

Gorelick, Blank, Shechtman, Irani and Basri, Actions as Space-Time Shapes, 2007. One zip per
action; lena walks, runs and skips in two parts each (`lena_walk1.avi`, `lena_walk2.avi`).
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.download.published import Published, obtain, own_files
from vidpipe.data.download.unpack import member_names, unpack
from vidpipe.data.files import named
from vidpipe.utils.errors import UserError

HOME = "https://www.wisdom.weizmann.ac.il/~vision/VideoAnalysis/Demos/SpaceTimeActions/DB/"
ACTIONS = ("bend", "jack", "jump", "pjump", "run", "side", "skip", "walk", "wave1", "wave2")
MASKS = Published(url=f"{HOME}classification_masks.mat")
# The digits of wave1 and wave2 belong to the action; any other digit is the number of a part.
NAME = re.compile(rf"(?P<person>\w+?)_(?P<action>{'|'.join(ACTIONS)})(?P<part>\d?)\.avi")


def videos(
    *, archive: str | None, actions: Sequence[str], masks: bool, place: Place
) -> Iterator[Video]:
    """Yield the videos of some actions; the videos of a person are a group.

    Args:
        archive: Folder or address of the zips; None: download them.
        actions: A choice of `ACTIONS`.
        masks: Also copy the file of silhouettes beside the videos.
        place: Folders of the project.

    Raises:
        UserError: If a file is unavailable, or has no video of its action.
    """
    # One zip per action; members of other names are not videos of it.
    for action in actions:
        path = obtain(_zip(action), archive, place)
        people = {m: match["person"] for m in member_names(path) if (match := _match(m, action))}
        if not people:
            raise UserError(f"{path}: expected videos named like daria_{action}.avi, found none")
        for member, file in unpack(path, place.folder, people.__contains__):
            yield Video(path=file, name=file.name, label=action, group=people[member])
    if masks:
        masks_file = obtain(MASKS, archive, place, beside=True)
        with named(place.folder / MASKS.name):
            shutil.copyfile(masks_file, place.folder / MASKS.name)


def files(
    *, archive: str | None, actions: Sequence[str], masks: bool, place: Place
) -> dict[str, Path]:
    """Find the user's copies that `videos` reads."""
    beside = [MASKS] if masks else []
    return own_files(map(_zip, actions), archive, place, beside=beside)


def _zip(action: str) -> Published:
    return Published(url=f"{HOME}{action}.zip")


def _match(member: str, action: str) -> re.Match[str] | None:
    match = NAME.fullmatch(PurePosixPath(member).name)
    return match if match and match["action"] == action else None
