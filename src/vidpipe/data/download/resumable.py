"""Download over HTTP(S): goes on after a cut, and no half file stands under the final name.

Proxies are those of the environment. TLS is verified, always.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from filelock import FileLock, Timeout
from tqdm import tqdm

from vidpipe.data import files
from vidpipe.utils import hashing
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
CHUNK = 2**18  # bytes
CONNECT = 20.0  # seconds
LONGEST_WAIT = 60.0  # seconds
MENDS = {408, 425, 429}  # of the client's errors, those that may be gone a moment later
NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: In a row, none of which got further than one before.
        wait: Seconds before the second attempt; twice as many before each that follows.
        stall: Seconds without a byte after which a connection is given up.
    """

    attempts: int = 6
    wait: float = 1.0
    stall: float = 60.0


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    patience: Patience = Patience(),
) -> None:
    """Bring a file here; one that is here already is only checked.

    What has come so far is kept in `<target>.part`, and the next call goes on from there if the
    server allows it and still offers the same file.

    Args:
        url: Of the file.
        target: Where it goes. Its folder is made.
        size: Bytes it must have; None: unknown.
        sha256: What it must hash to; None: unknown.
        patience: How long to try.

    Raises:
        UserError: If the server refuses, breaks off too often, or offers another file; if the
            disk is full.
    """
    with _alone(target):
        if target.is_file():
            _keep(target, size, sha256)
            return
        part = _Part(target)
        _persist(url, part, size, patience)
        try:
            check(part.path, size=size, sha256=sha256)
        except UserError as error:
            part.drop()
            raise UserError(f"{url}: {error}; it was thrown away") from error
        part.path.replace(target)
        part.drop()


def check(path: Path, *, size: int | None, sha256: str | None) -> None:
    """Hold a file to what is known of it.

    Raises:
        UserError: If it is another one.
    """
    real = path.stat().st_size
    if size not in (None, real):
        raise UserError(f"{path}: expected {size:,} bytes, got {real:,}")
    if sha256 is not None and (digest := hashing.sha256(path)) != sha256:
        raise UserError(f"{path}: expected sha256 {sha256}, got {digest}")


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Two processes do not write to one file: the second waits for the first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{target}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("%s: another process downloads it; waiting", target.name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _keep(target: Path, size: int | None, sha256: str | None) -> None:
    try:
        check(target, size=size, sha256=sha256)
    except UserError as error:
        raise UserError(f"{error}; remove it to have it fetched again") from error


class _Part:
    """What has come so far, and of which file it is a part, as the server named its version."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self.note = target.with_name(f"{target.name}.part.version")

    def __len__(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def version(self) -> str:
        return self.note.read_text(encoding="utf-8") if self.note.is_file() else ""

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _persist(url: str, part: _Part, size: int | None, patience: Patience) -> None:
    """Try until all is here, or nothing more comes for a while."""
    furthest, failures = len(part), 0
    while True:
        try:
            return _stream(url, part, size, patience.stall)
        except requests.RequestException as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise UserError(_distrusted(url)) from error
            further, furthest = len(part) > furthest, max(len(part), furthest)
            failures = 1 if further else failures + 1
            if failures >= patience.attempts:
                raise UserError(
                    f"{url}: {failures} attempts in a row got no further than byte {furthest:,}: "
                    f"{error}. Run it again to go on from there"
                ) from error
            wait = min(patience.wait * 2 ** (failures - 1), LONGEST_WAIT)
            log.warning("%s: %s at byte %d; again in %.0f s", url, error, len(part), wait)
            time.sleep(wait)


def _stream(url: str, part: _Part, size: int | None, stall: float) -> None:
    """One attempt: ask for what is missing, append what comes."""
    have = len(part)
    if size is not None and have == size:
        return
    headers = {"Accept-Encoding": "identity"}
    if have and part.version():
        headers |= {"Range": f"bytes={have}-", "If-Range": part.version()}
    with _get(url, headers, stall) as response:
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
        if response.status_code == 416 and whole == str(have):
            return  # cut off after the last byte
        if response.status_code == 416:
            part.drop()
        _refuse(url, response)
        start = have if response.status_code == 206 else 0
        total = _total(response, start)
        if total is not None and size not in (None, total):
            raise UserError(f"{url}: expected a file of {size:,} bytes, the server has {total:,}")
        _room(part.path, (total or 0) - start)
        if not start:
            part.drop()
            part.note.write_text(_version(response), encoding="utf-8")
        _append(part.path, response, start, total)
    if total is not None and len(part) != total:
        raise requests.ConnectionError(f"broke off at byte {len(part):,} of {total:,}")


def _get(url: str, headers: dict[str, str], stall: float) -> requests.Response:
    try:
        return requests.get(url, headers=headers, stream=True, timeout=(CONNECT, stall))
    except NO_ADDRESS as error:
        raise UserError(f"{url}: not an address that can be downloaded from: {error}") from error


def _append(path: Path, response: requests.Response, start: int, total: int | None) -> None:
    name = path.name.removesuffix(".part")
    with (
        path.open("ab") as file,
        tqdm(desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=None) as bar,
    ):
        file.truncate(start)
        while data := _read(response):
            with files.named(path):
                file.write(data)
                file.flush()
            bar.update(len(data))


def _read(response: requests.Response) -> bytes:
    """What has come: `iter_content` would wait for a full chunk, and lose it if the line is cut."""
    try:
        data: bytes = response.raw.read1(CHUNK)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout("the server has fallen silent") from error
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise requests.ConnectionError("the connection broke off") from error
    return data


def _refuse(url: str, response: requests.Response) -> None:
    """Tell a refusal from a fault that may mend."""
    code = response.status_code
    if code in (200, 206):
        return
    said = f"the server says {code} {response.reason}"
    if code in MENDS or code == 416 or code >= 500:
        raise requests.HTTPError(said)
    raise UserError(f"{url}: expected a file, {said}")


def _total(response: requests.Response, start: int) -> int | None:
    """Bytes of the whole file, if the server says so."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("Content-Range", "").partition("/")
        if not span.startswith(f"bytes {start}-"):
            raise requests.HTTPError(f"asked to go on at byte {start}, got {span or 'no range'}")
        return int(whole) if whole.isdigit() else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _version(response: requests.Response) -> str:
    """What `If-Range` may ask for: a strong tag, else a date; nothing where there is neither."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified", "")


def _room(path: Path, more: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if more > free:
        raise UserError(f"{path}: needs {more:,} bytes more, the disk has {free:,} free")


def _distrusted(url: str) -> str:
    host = urlsplit(url).netloc
    return (
        f"{url}: the certificate of {host} cannot be verified, and is never taken unverified. "
        "If the host leaves an intermediate certificate out, let REQUESTS_CA_BUNDLE name a file "
        "with that one and the usual ones; or fetch the file with a browser"
    )
