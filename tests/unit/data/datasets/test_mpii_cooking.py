import pytest
from support import archives as packed

from vidpipe.data.datasets import mpii_cooking
from vidpipe.data.datasets.record import Place, Video
from vidpipe.utils.errors import UserError

NAMES = ("s08-d02-cam-002.avi", "s08-d05-cam-002.avi", "s20-d02-cam-002.avi")


def videos(place: Place, archive: str | None = None, *, accept_terms: bool = False) -> list[Video]:
    return list(
        mpii_cooking.videos(archive=archive, sha256=None, accept_terms=accept_terms, place=place)
    )


def test_nothing_is_downloaded_before_the_terms_are_accepted(place: Place):
    with pytest.raises(UserError, match=r"set sources\.clips\.x\.accept_terms to true, or let"):
        videos(place)


def test_a_copy_needs_no_promise_and_subjects_are_groups(place: Place):
    files = {f"videos/{name}": b"video" for name in (*NAMES, "readme.txt")}
    packed.zipped(place.project / "videos.zip", files)
    found = {video.name: (video.label, video.group) for video in videos(place, ".")}
    assert found == {
        "s08-d02-cam-002.avi": ("d02", "s08"),
        "s08-d05-cam-002.avi": ("d05", "s08"),
        "s20-d02-cam-002.avi": ("d02", "s20"),
    }


def test_accepted_terms_let_it_be_downloaded(place: Place, monkeypatch: pytest.MonkeyPatch):
    packed.zipped(place.project / "x.zip", dict.fromkeys(NAMES, b"video"))
    asked = []

    def obtain(file, archive, *_, **__):
        asked.append((file.url, archive))
        return place.project / "x.zip"

    monkeypatch.setattr(mpii_cooking, "obtain", obtain)
    assert len(videos(place, accept_terms=True)) == 3
    assert asked == [(mpii_cooking.VIDEOS.url, None)]


def test_an_archive_of_something_else_is_told(place: Place):
    packed.zipped(place.project / "videos.zip", {"a.avi": b"video"})
    with pytest.raises(UserError, match="expected videos named like s08-d02-cam-002"):
        videos(place, ".")
