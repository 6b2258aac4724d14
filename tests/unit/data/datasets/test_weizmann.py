from pathlib import Path

import pytest
from support import archives as packed
from support import datasets as sets
from support.http_server import serve

from vidpipe.data.datasets import weizmann
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.video import probe
from vidpipe.utils.errors import UserError


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sets.weizmann(tmp_path_factory.mktemp("weizmann") / "DB", weizmann.ACTIONS)


def videos(place: Place, archive: str, **options: object) -> list[Video]:
    options = {"actions": weizmann.ACTIONS, "masks": False, **options}
    return list(weizmann.videos(archive=archive, place=place, **options))


def test_all_93_videos_of_nine_people_and_ten_actions(shelf: Path, place: Place):
    found = videos(place, str(shelf))
    assert len(found) == len({video.name for video in found}) == 93
    assert {video.label for video in found} == set(weizmann.ACTIONS)
    assert {video.group for video in found} == set(sets.PEOPLE)
    assert all(probe(video.path).codec == "mpeg4" for video in found)


def test_lenas_parts_are_of_lena_and_digits_of_waves_stay(shelf: Path, place: Place):
    found = {video.name: (video.label, video.group) for video in videos(place, str(shelf))}
    assert found["lena_walk1.avi"] == found["lena_walk2.avi"] == ("walk", "lena")
    assert found["lena_wave1.avi"] == ("wave1", "lena")
    assert found["ido_wave2.avi"] == ("wave2", "ido")
    assert found["eli_pjump.avi"] == ("pjump", "eli")


def test_only_the_actions_that_are_wanted_are_fetched(shelf: Path, place: Place):
    with serve(shelf) as mirror:
        found = videos(place, mirror.url, actions=["bend", "skip"])
        assert [asked["path"] for asked in mirror.asked] == ["/bend.zip", "/skip.zip"]
    assert len(found) == 9 + 10
    assert {path.name for path in place.folder.iterdir()} == {video.name for video in found}


def test_a_line_that_is_cut_again_and_again_loses_nothing(shelf: Path, place: Place):
    with serve(shelf) as mirror:
        mirror.faults.cuts = [10, 300, 2000]
        assert len(videos(place, mirror.url, actions=["jack"])) == 9


def test_masks_lie_beside_the_videos_if_wanted(shelf: Path, place: Place):
    found = videos(place, str(shelf), actions=["jump"], masks=True)
    assert (place.folder / "classification_masks.mat").read_bytes() == b"masks"
    assert len(found) == 9


def test_an_unpacked_copy_will_do(shelf: Path, place: Place):
    tree = place.project / "tree"
    tree.mkdir()
    for name in ("ira_run.avi", "ira_walk.avi", "lena_run2.avi", "notes.txt"):
        (tree / name).write_bytes(b"video")
    found = videos(place, "tree", actions=["run"])
    assert [video.name for video in found] == ["ira_run.avi", "lena_run2.avi"]


def test_an_archive_without_its_videos_is_told(place: Place):
    packed.zipped(place.project / "walk.zip", {"daria_run.avi": b"video"})
    with pytest.raises(UserError, match=r"walk\.zip: expected videos named like daria_walk\.avi"):
        videos(place, ".", actions=["walk"])


def test_parameters_allow_the_actions_that_there_are():
    from typing import get_args

    from vidpipe.config.datasets import WeizmannAction

    assert get_args(WeizmannAction) == weizmann.ACTIONS
