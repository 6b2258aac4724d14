"""Whatever the line or the server does, the file comes whole, or an error says why it did not."""

import logging
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.http_server import Mirror, secure, self_signed, serve

from vidpipe.data.download import resumable as module
from vidpipe.data.download.resumable import Patience, download
from vidpipe.utils.errors import UserError

DATA = np.random.default_rng(0).bytes(300_000)
HASH = sha256(DATA).hexdigest()
HASTY = Patience(attempts=3, wait=0.0, stall=60.0)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "a b.zip").write_bytes(DATA)
    (folder / "empty.zip").write_bytes(b"")
    return folder


@pytest.fixture
def mirror(shelf: Path) -> Iterator[Mirror]:
    with serve(shelf) as mirror:
        yield mirror


def fetched(mirror: Mirror, target: Path, name: str = "a%20b.zip", **known: object) -> bytes:
    download(f"{mirror.url}/{name}", target, patience=HASTY, **known)
    assert [p.name for p in target.parent.iterdir() if ".part" in p.name] == []
    return target.read_bytes()


def ranges(mirror: Mirror) -> list[str]:
    return [asked.get("Range", "") for asked in mirror.asked]


def test_a_file_comes_whole_and_once(mirror: Mirror, tmp_path: Path):
    assert fetched(mirror, tmp_path / "x.zip", size=len(DATA), sha256=HASH) == DATA
    assert fetched(mirror, tmp_path / "x.zip", size=len(DATA), sha256=HASH) == DATA
    assert len(mirror.asked) == 1


def test_an_empty_file_is_a_file(mirror: Mirror, tmp_path: Path):
    assert fetched(mirror, tmp_path / "x.zip", "empty.zip") == b""


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.integers(1, len(DATA)), max_size=6, unique=True), st.booleans())
def test_a_connection_cut_at_any_bytes_is_taken_up_where_it_broke(
    shelf: Path, tmp_path_factory: pytest.TempPathFactory, cuts: list[int], tags: bool
):
    target = tmp_path_factory.mktemp("cuts") / "x.zip"
    with serve(shelf) as mirror:
        mirror.faults.cuts, mirror.faults.tags = sorted(cuts), tags
        assert fetched(mirror, target) == DATA
        if tags:
            starts = [int(r.removeprefix("bytes=").removesuffix("-")) for r in ranges(mirror)[1:]]
            assert starts == [sum(sorted(cuts)[: n + 1]) for n in range(len(starts))]
        else:  # without a version there is no telling whether it is still the same file
            assert set(ranges(mirror)) == {""}


def test_a_server_without_ranges_is_asked_for_the_whole_again(mirror: Mirror, tmp_path: Path):
    mirror.faults.ranges, mirror.faults.cuts = False, [100_000, 200_000]
    assert fetched(mirror, tmp_path / "x.zip", sha256=HASH) == DATA
    assert len(mirror.asked) == 3


def test_a_file_that_changes_between_two_attempts_is_not_stitched_together(tmp_path: Path):
    shelf, target = tmp_path / "shelf", tmp_path / "x.zip"
    shelf.mkdir()
    (shelf / "v.zip").write_bytes(b"old" * 1000)
    with serve(shelf) as mirror:
        mirror.faults.cuts = [500] * 3
        mirror.faults.ranges = False
        with pytest.raises(UserError, match="3 attempts in a row got no further than byte 500"):
            fetched(mirror, target, "v.zip")
        mirror.faults.ranges = True
        (shelf / "v.zip").write_bytes(b"new" * 1000)
        assert fetched(mirror, target, "v.zip") == b"new" * 1000
    assert ranges(mirror)[-1] == "bytes=500-"


def test_a_part_that_was_whole_already_is_taken_as_it_is(mirror: Mirror, tmp_path: Path):
    target = tmp_path / "x.zip"
    (tmp_path / "x.zip.part").write_bytes(DATA)
    (tmp_path / "x.zip.part.version").write_text(f'"{HASH[:16]}"', encoding="utf-8")
    assert fetched(mirror, target, sha256=HASH) == DATA
    assert ranges(mirror) == [f"bytes={len(DATA)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(mirror: Mirror, tmp_path: Path):
    (tmp_path / "x.zip.part").write_bytes(DATA + b"more")
    (tmp_path / "x.zip.part.version").write_text(f'"{HASH[:16]}"', encoding="utf-8")
    assert fetched(mirror, tmp_path / "x.zip") == DATA


def test_a_wrong_hash_leaves_nothing_behind(mirror: Mirror, tmp_path: Path):
    target = tmp_path / "x.zip"
    with pytest.raises(UserError, match=f"expected sha256 {'0' * 64}, got {HASH}"):
        fetched(mirror, target, sha256="0" * 64)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_a_wrong_size_is_seen_before_anything_is_downloaded(mirror: Mirror, tmp_path: Path):
    said = "expected a file of 300,001 bytes, the server has 300,000"
    with pytest.raises(UserError, match=said):
        fetched(mirror, tmp_path / "x.zip", size=300_001)
    assert not (tmp_path / "x.zip").exists()


def test_a_wrong_size_is_seen_afterwards_where_the_server_does_not_tell(
    mirror: Mirror, tmp_path: Path
):
    mirror.faults.length = False
    with pytest.raises(UserError, match="expected 300,001 bytes, got 300,000"):
        fetched(mirror, tmp_path / "x.zip", size=300_001)
    assert not (tmp_path / "x.zip").exists()


def test_a_file_here_that_is_another_is_told(mirror: Mirror, tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(b"other")
    with pytest.raises(UserError, match=r"x\.zip: expected sha256"):
        fetched(mirror, tmp_path / "x.zip", sha256=HASH)
    assert (tmp_path / "x.zip").read_bytes() == b"other"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_a_refusal_is_told_at_once(mirror: Mirror, tmp_path: Path, code: int):
    mirror.faults.codes = [code]
    with pytest.raises(UserError, match=f"/a%20b.zip: expected a file, the server says {code}"):
        fetched(mirror, tmp_path / "x.zip")
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("code", [500, 502, 503, 429])
def test_a_server_that_is_out_of_order_is_asked_again(mirror: Mirror, tmp_path: Path, code: int):
    mirror.faults.codes = [code, code]
    assert fetched(mirror, tmp_path / "x.zip") == DATA


def test_a_server_that_stays_out_of_order_is_given_up(mirror: Mirror, tmp_path: Path):
    mirror.faults.codes = [500] * 3
    with pytest.raises(UserError, match=r"3 attempts in a row .* server says 500"):
        fetched(mirror, tmp_path / "x.zip")


def test_a_stall_is_noticed_and_taken_up(mirror: Mirror, tmp_path: Path):
    mirror.faults.stalls = [1000, 70_000]
    patience = Patience(attempts=9, wait=0.0, stall=0.3)
    download(f"{mirror.url}/a%20b.zip", tmp_path / "x.zip", patience=patience)
    assert (tmp_path / "x.zip").read_bytes() == DATA
    assert ranges(mirror)[:3] == ["", "bytes=1000-", "bytes=71000-"]


def test_waits_grow_from_failure_to_failure(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    waits: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    mirror.faults.codes = [500] * 9
    with pytest.raises(UserError):
        download(f"{mirror.url}/x", tmp_path / "x", patience=Patience(attempts=9, wait=1.0))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x.zip", "http://", "nonsense"])
def test_what_is_no_address_is_told(tmp_path: Path, url: str):
    with pytest.raises(UserError, match="not an address"):
        download(url, tmp_path / "x.zip", patience=HASTY)


def test_a_disk_too_small_is_told_before_anything_is_downloaded(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(UserError, match=r"needs 300,000 bytes more, the disk has 1 free"):
        fetched(mirror, tmp_path / "x.zip")


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(
    mirror: Mirror, tmp_path: Path, small_files: None
):
    with pytest.raises(UserError, match=r"x\.zip\.part: cannot be written: File too large"):
        fetched(mirror, tmp_path / "x.zip")
    assert (tmp_path / "x.zip.part").read_bytes() == DATA[:200_000]


def test_two_that_want_one_file_download_it_once(
    mirror: Mirror, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    target = tmp_path / "x.zip"
    with FileLock(f"{target}.lock"):
        others = [threading.Thread(target=fetched, args=(mirror, target)) for _ in range(3)]
        for other in others:
            other.start()
        while caplog.text.count("another process downloads it; waiting") < 3:
            pass
    for other in others:
        other.join()
    assert target.read_bytes() == DATA
    assert len(mirror.asked) == 1


def test_the_environments_proxy_is_used(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("http_proxy", mirror.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UserError, match="404"):  # the mirror takes the address for a file's name
        download("http://far.example/a.zip", tmp_path / "x.zip", patience=HASTY)
    assert [asked["path"] for asked in mirror.asked] == ["http://far.example/a.zip"]


def test_a_certificate_that_nobody_vouches_for_is_refused_and_the_way_out_told(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = self_signed(tmp_path / "server.pem")
    with serve(shelf, secure(certificate)) as mirror:
        url = mirror.url.replace("http://127.0.0.1", "https://localhost") + "/a%20b.zip"
        with pytest.raises(UserError, match=r"certificate of localhost.* REQUESTS_CA_BUNDLE"):
            download(url, tmp_path / "x.zip", patience=HASTY)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        download(url, tmp_path / "x.zip", patience=HASTY)
    assert (tmp_path / "x.zip").read_bytes() == DATA
