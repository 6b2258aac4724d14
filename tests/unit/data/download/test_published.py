"""A data set's file comes from its authors, from a mirror or from a copy, and is the right one."""

import logging
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from support.http_server import Mirror, serve

from vidpipe.data.datasets.record import Place
from vidpipe.data.download import published
from vidpipe.data.download.published import SUMS, Published, obtain
from vidpipe.utils.errors import UserError

DATA = b"videos" * 100
HASH = sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def _no_experiment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "project").mkdir()
    return Place(key="sources.clips.x", project=tmp_path / "project", folder=tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    shelf = tmp_path / "shelf" / "a set"
    shelf.mkdir(parents=True)
    (shelf / "x.zip").write_bytes(DATA)
    (shelf / "lists.zip").write_bytes(b"lists")
    with serve(tmp_path / "shelf") as mirror:
        yield mirror


def offered(mirror: Mirror, **known: object) -> Published:
    return Published(url=f"{mirror.url}/a%20set/x.zip", **known)


ELSEWHERE = Published(url="https://nowhere.invalid/x.zip")
LISTS = Published(url="https://nowhere.invalid/lists.zip")


def test_a_published_file_is_downloaded_once_and_kept(mirror: Mirror, place: Place):
    file = offered(mirror, size=len(DATA), sha256=HASH)
    path = obtain(file, None, place)
    assert path.read_bytes() == DATA
    assert path.is_relative_to(place.project / ".vidpipe/downloads")
    assert obtain(file, None, place) == path
    assert len(mirror.asked) == 1
    assert not (place.downloads / SUMS).exists()  # what is published needs no note


def test_a_file_without_a_published_hash_is_held_to_its_first_one(mirror: Mirror, place: Place):
    path = obtain(offered(mirror), None, place)
    check = ["sha256sum", "--check", "--strict", SUMS]
    subprocess.run(check, cwd=place.downloads, check=True, capture_output=True)
    path.unlink()
    (place.folder / "shelf/a set/x.zip").write_bytes(DATA + b"!")
    with pytest.raises(UserError) as error:
        obtain(offered(mirror), None, place)
    for said in ("sources.clips.x: ", f"expected sha256 {HASH}", SUMS, "sources.clips.x.archive"):
        assert said in str(error.value)
    assert not path.exists()


def test_two_addresses_do_not_share_a_download(mirror: Mirror, place: Place):
    one = obtain(offered(mirror), None, place)
    (place.folder / "shelf/b").mkdir()
    (place.folder / "shelf/b/x.zip").write_bytes(b"other")
    other = obtain(offered(mirror), f"{mirror.url}/b/", place)
    assert (one.read_bytes(), other.read_bytes()) == (DATA, b"other")


@pytest.mark.parametrize("archive", ["", "/", "/x.zip"])
def test_a_mirror_has_it_under_its_name(mirror: Mirror, place: Place, archive: str):
    where = f"{mirror.url}/a%20set{archive}"
    assert obtain(ELSEWHERE, where, place).read_bytes() == DATA
    assert obtain(LISTS, where, place, beside=True).read_bytes() == b"lists"


@pytest.mark.parametrize("archive", ["set", "set/", "set/x.zip", "{}/set", "{}/set/x.zip"])
def test_a_copy_is_used_where_it_is(mirror: Mirror, place: Place, archive: str):
    (place.folder / "shelf/a set").rename(place.project / "set")
    where = archive.format(place.project)
    assert obtain(ELSEWHERE, where, place) == place.project / "set/x.zip"
    assert obtain(LISTS, where, place, beside=True) == place.project / "set/lists.zip"
    assert mirror.asked == []


def test_an_experiment_in_a_copy_shares_files_and_downloads_with_where_it_was_started(
    mirror: Mirror, place: Place, monkeypatch: pytest.MonkeyPatch
):
    here = obtain(offered(mirror), None, place)
    copy = replace(place, project=place.folder / "copy")
    monkeypatch.setenv("DVC_ROOT", str(place.project))
    assert obtain(offered(mirror), None, copy) == here
    (place.project / "x.zip").write_bytes(DATA)
    assert obtain(ELSEWHERE, ".", copy).read_bytes() == DATA


def test_a_folder_stands_for_what_it_was_unpacked_from(place: Place):
    (place.project / "set/x").mkdir(parents=True)
    assert obtain(ELSEWHERE, "set", place) == place.project / "set/x"
    assert obtain(ELSEWHERE, "set/x", place) == place.project / "set/x"


def test_what_is_not_there_is_told_with_where_it_was_looked_for(place: Place):
    with pytest.raises(UserError, match=r"sources\.clips\.x\.archive: expected .*/gone/x\.zip or "):
        obtain(ELSEWHERE, "gone", place)
    with pytest.raises(UserError, match=r"expected .*/gone\.zip, found nothing"):
        obtain(ELSEWHERE, "gone.zip", place)


def test_an_archive_of_ones_own_may_be_held_to_a_hash(mirror: Mirror, place: Place):
    where = str(place.folder / "shelf/a set")
    assert obtain(ELSEWHERE, where, place, sha256=HASH).read_bytes() == DATA
    with pytest.raises(UserError, match=rf"sources\.clips\.x\.sha256: .* got {HASH}"):
        obtain(ELSEWHERE, where, place, sha256="0" * 64)
    with pytest.raises(UserError, match=f"expected sha256 {'0' * 64}, got {HASH}"):
        obtain(ELSEWHERE, f"{mirror.url}/a%20set", place, sha256="0" * 64)


def test_a_copy_that_is_not_the_published_file_is_used_and_told(
    mirror: Mirror, place: Place, caplog: pytest.LogCaptureFixture
):
    file = replace(ELSEWHERE, sha256="0" * 64)
    for where in (str(place.folder / "shelf/a set"), f"{mirror.url}/a%20set"):
        caplog.clear()
        obtain(file, where, place)
        assert "is not the file that is published at https://nowhere.invalid" in caplog.text
    caplog.set_level(logging.WARNING)
    caplog.clear()
    obtain(replace(ELSEWHERE, sha256=HASH), str(place.folder / "shelf/a set"), place)
    assert caplog.text == ""


def test_addresses_that_differ_in_their_query_alone_have_files_of_their_own():
    one, other = (published._slug(f"http://h/get/set.zip?version={n}") for n in (1, 2))
    assert one != other
    assert {Path(slug).name for slug in (one, other)} == {"set.zip"}


@pytest.mark.parametrize(
    "url", ["http://h/../../x", "http://h//x?y=/../..", "http://u:p@h:1/%2e%2e/x"]
)
def test_no_address_leads_out_of_the_downloads(url: str):
    slug = Path(published._slug(url))
    assert not slug.is_absolute()
    assert ".." not in slug.parts
    assert "u:p" not in str(slug)
