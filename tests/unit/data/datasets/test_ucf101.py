import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import archives as packed
from support import datasets as sets
from support.http_server import secure, self_signed, serve

from vidpipe.data.datasets import ucf101
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.download.published import Published
from vidpipe.utils.errors import UserError


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sets.ucf101(tmp_path_factory.mktemp("ucf101") / "shelf")


def videos(place: Place, archive: Path | str | None, **options: Any) -> list[Video]:
    plain = {"sha256": None, "split_list": 1, "classes": None, "per_class": None}
    archive = archive and str(archive)
    return list(ucf101.videos(archive=archive, place=place, **plain | options))


def test_every_video_has_its_class_group_and_official_part(shelf: Path, place: Place):
    with serve(shelf) as mirror:
        found = {video.name: video for video in videos(place, mirror.url)}
    assert len(found) == 150
    one = found["v_YoYo_g07_c02.avi"]
    assert (one.label, one.group, one.split) == ("YoYo", "YoYo_g07", "test")
    assert found["v_YoYo_g08_c02.avi"].split == "train"


@pytest.mark.parametrize(
    ("number", "tested"), [(1, range(1, 8)), (2, range(8, 15)), (3, range(15, 22))]
)
def test_the_list_that_is_chosen_decides(shelf: Path, place: Place, number: int, tested: range):
    found = videos(place, shelf, split_list=number)
    assert {int(v.group[-2:]) for v in found if v.split == "test"} == set(tested)
    parts = {(video.group, video.split) for video in found}
    assert len(parts) == len({video.group for video in found})  # no group is torn apart


def test_handstand_pushups_are_found_in_the_lists_that_spell_them_otherwise(
    shelf: Path, place: Place
):
    found = videos(place, shelf, classes=["HandStandPushups"])
    assert {video.label for video in found} == {"HandstandPushups"}
    assert {video.split for video in found} == {"train", "test"}
    assert len(found) == 50


def test_without_lists_none_are_asked_for(shelf: Path, place: Place):
    with serve(shelf) as mirror:
        found = videos(place, mirror.url, split_list=None)
        assert [asked["path"] for asked in mirror.asked] == ["/UCF101_videos.zip"]
    assert {video.split for video in found} == {""}


def test_a_subset_unpacks_no_more_and_a_larger_one_holds_it(shelf: Path, place: Place):
    few = {video.name for video in videos(place, shelf, classes=["yoyo"], per_class=3)}
    assert {path.name for path in place.folder.iterdir()} == few
    for path in place.folder.iterdir():
        path.unlink()
    more = videos(place, shelf, per_class=10)
    assert few < {video.name for video in more}
    assert len(more) == 30
    assert len({video.group for video in more if video.label == "YoYo"}) > 5


def test_a_class_that_is_not_there_is_told_with_those_that_are(shelf: Path, place: Place):
    with pytest.raises(
        UserError, match=r"sources\.clips\.x\.classes: no class 'yo'.*Pushups, YoYo"
    ):
        videos(place, shelf, classes=["Yo"])


def test_the_rar_with_a_folder_per_class_will_do(shelf: Path, place: Place):
    files = {f"UCF-101/YoYo/v_YoYo_g0{n}_c01.avi": b"video" for n in range(1, 10)}
    packed.rarred(place.project / "UCF101.rar", files)
    sets.lists(place.project / ucf101.LISTS.name, [Path(name).name for name in files])
    found = videos(place, "UCF101.rar")
    assert sorted(video.split for video in found) == ["test"] * 7 + ["train"] * 2


def test_a_video_in_no_list_is_left_to_its_group_and_told(
    place: Place, caplog: pytest.LogCaptureFixture
):
    names = ["v_YoYo_g01_c01.avi", "v_YoYo_g09_c01.avi", "v_YoYo_g30_c01.avi"]
    packed.zipped(place.project / ucf101.ZIP.name, dict.fromkeys(names, b"video"))
    sets.lists(place.project / ucf101.LISTS.name, names[:2])
    with caplog.at_level(logging.WARNING):
        found = videos(place, ".")
    assert [video.split for video in sorted(found, key=lambda v: v.name)] == ["test", "train", ""]
    assert "1 video in no list, split by group" in caplog.text


def test_missing_lists_are_told_with_the_way_without(place: Place):
    packed.zipped(place.project / ucf101.ZIP.name, {"v_YoYo_g01_c01.avi": b"video"})
    with pytest.raises(UserError, match=r"leave sources\.clips\.x\.split_list empty"):
        videos(place, ".")


def test_lists_of_a_faulty_host_are_asked_for_first_and_may_be_laid_where_they_belong(
    shelf: Path, place: Place, monkeypatch: pytest.MonkeyPatch
):
    faulty = secure(self_signed(place.project / "server.pem"))
    with serve(shelf) as mirror, serve(shelf, faulty) as home:
        url = home.url.replace("http://127.0.0.1", "https://localhost")
        monkeypatch.setattr(ucf101, "LISTS", Published(url=f"{url}/{ucf101.LISTS.name}"))
        monkeypatch.setattr(ucf101, "ZIP", Published(url=f"{mirror.url}/{ucf101.ZIP.name}"))
        with pytest.raises(UserError, match="never taken unverified") as refused:
            videos(place, None)
        assert not mirror.asked
        where = re.search(r"lay it at (\S+);", str(refused.value))
        assert where
        shutil.copyfile(shelf / ucf101.LISTS.name, where[1])
        assert {video.split for video in videos(place, None)} == {"train", "test"}


@pytest.mark.parametrize("held", [{}, {"readme.txt": b""}])
def test_an_archive_of_something_else_is_told(place: Place, held: dict[str, bytes]):
    packed.zipped(place.project / ucf101.ZIP.name, held)
    with pytest.raises(UserError, match=r"expected videos named like v_Biking"):
        videos(place, ".", split_list=None)


def test_lists_that_are_no_lists_are_told(place: Place):
    packed.zipped(place.project / ucf101.ZIP.name, {"v_YoYo_g01_c01.avi": b"video"})
    packed.zipped(place.project / ucf101.LISTS.name, {"trainlist01.txt": b""})
    with pytest.raises(UserError, match=r"expected trainlist01\.txt and testlist01\.txt, found 1"):
        videos(place, ".")
