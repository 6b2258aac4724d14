"""One video of the user's own, held to the hash that `vidpipe use` wrote down."""

import os
from collections.abc import Iterator
from pathlib import Path

from vidpipe.data.sources.record import Video
from vidpipe.errors import UserError


def videos(path: str, sha256: str, project: Path) -> Iterator[Video]:
    """The file, from the project's folder, or from the one that a DVC experiment was started in.

    Raises:
        UserError: If the file is in neither.
    """
    homes = [project, Path(os.environ.get("DVC_ROOT", project))]
    found = next((home / path for home in homes if (home / path).is_file()), None)
    if found is None:
        raise UserError(
            f"sources.footage.file.path: expected a video at {homes[0] / path}, found nothing; "
            "choose one with `vidpipe use VIDEO`"
        )
    yield Video(path=found, name=found.name, label=found.stem, group=found.stem, sha256=sha256)
