"""One video of the user, with the hash that `vidpipe use` has recorded."""

from collections.abc import Iterator
from pathlib import Path

from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError


def videos(*, path: str, sha256: str, place: Place) -> Iterator[Video]:
    """Yield the file, from the project or from the one that a DVC experiment was started in.

    Raises:
        UserError: If the file is in neither.
    """
    file = _find(path, place)
    yield Video(path=file, name=file.name, label=file.stem, group=file.stem, sha256=sha256)


def files(*, path: str, place: Place, **_: object) -> dict[str, Path]:
    """Find the file that `videos` reads."""
    file = _find(path, place)
    return {file.name: file}


def _find(path: str, place: Place) -> Path:
    file = place.find(path)
    if file is None or not file.is_file():
        raise UserError(
            f"{place.key}.path: expected a video at {place.project / path}, found nothing; "
            "choose one with `vidpipe use VIDEO`"
        )
    return file
