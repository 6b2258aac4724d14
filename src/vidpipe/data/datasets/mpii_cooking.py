"""MPII Cooking Activities: 44 videos of 12 people in one kitchen, 1624x1224 at 29.4 fps.

Rohrbach, Amin, Andriluka and Schiele, A Database for Fine Grained Activity Detection of Cooking
Activities, 2012. Its use is bound to terms, which the user must have accepted.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.download.published import Published, obtain, own_files
from vidpipe.data.download.unpack import unpack
from vidpipe.utils.errors import UserError

VIDEOS = Published(url="http://datasets.d2.mpi-inf.mpg.de/MPIICookingActivities/videos.zip")
NAME = re.compile(r"(?P<subject>s\d+)-(?P<dish>d\d+)-cam-\d+\.\w+")


def videos(
    *, archive: str | None, sha256: str | None, accept_terms: bool, place: Place
) -> Iterator[Video]:
    """Yield all videos; the label is the dish, and the videos of a subject are a group.

    Args:
        archive: Path or address of the zip, or a folder of the videos; None: download it.
        sha256: Hash of the user's archive, if it is to be checked.
        accept_terms: The user has accepted the authors' terms; required for the download.
        place: Folders of the project.

    Raises:
        UserError: If the terms are not accepted, or the archive is unavailable or has no videos.
    """
    # Only the download asks for consent.
    if archive is None and not accept_terms:
        raise UserError(
            f"{place.key}.accept_terms: MPII Cooking may be used under its authors' terms only. "
            f"Read them where the set is published, then set {place.key}.accept_terms to true, "
            f"or let {place.key}.archive name your copy"
        )
    path = obtain(VIDEOS, archive, place, sha256=sha256)
    files = unpack(path, place.folder, lambda member: _match(member) is not None)
    if not files:
        raise UserError(f"{path}: expected videos named like s08-d02-cam-002.avi, found none")
    for member, file in files:
        match = _match(member)
        assert match is not None  # only matching members are unpacked
        yield Video(path=file, name=file.name, label=match["dish"], group=match["subject"])


def files(*, archive: str | None, place: Place, **_: object) -> dict[str, Path]:
    """Find the user's copy that `videos` reads."""
    return own_files([VIDEOS], archive, place)


def _match(member: str) -> re.Match[str] | None:
    return NAME.fullmatch(PurePosixPath(member).name)
