"""One video of the user's own, held to the hash that `vidpipe use` wrote down."""

from collections.abc import Iterator

from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError


def videos(*, path: str, sha256: str, place: Place) -> Iterator[Video]:
    """The file, from the project's folder, or from the one that a DVC experiment was started in.

    Raises:
        UserError: If the file is in neither.
    """
    found = place.find(path)
    if found is None or not found.is_file():
        raise UserError(
            f"{place.key}.path: expected a video at {place.project / path}, found nothing; "
            "choose one with `vidpipe use VIDEO`"
        )
    yield Video(path=found, name=found.name, label=found.stem, group=found.stem, sha256=sha256)
